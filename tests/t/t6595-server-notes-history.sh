#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='notes that a push brings: every commit on the way is looked at, not only the last'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"

person alice bob
SERVER="$TRASH/work/srv.git"

note () {
	git rev-parse "fraud@v1.0.0:models/fraud.bin"
}

# back: to what the server has
back () {
	git fetch -q origin +refs/notes/model:refs/notes/model
}

test_expect_success 'a team' '
	server srv.git && team work ../srv.git alice bob && approved v1.0.0 &&
	accepted refs/notes/model && git model verify --all
'

test_expect_success 'lines that are gone, and there again at the end of the push: refused' '
	cd work && git notes --ref=model show $(note) >../all && test $(wc -l <../all) -ge 2 &&
	sed 1d ../all >../less && git notes --ref=model add -f -F ../less $(note) &&
	lost=$(git rev-parse --short=10 refs/notes/model) &&
	git notes --ref=model add -f -F ../all $(note) &&
	refused "on the way $lost takes 1 line out of the note $(note | cut -c 1-10)" refs/notes/model &&
	test_expect_code 1 git model verify --all >../out && test_grep "$lost took 1 line out" ../out &&
	back && git model verify --all
'

test_expect_success 'so is a whole note that goes and comes back' '
	cd work && tree=$(git rev-parse "refs/notes/model^{tree}") &&
	git notes --ref=model remove $(note) &&
	git update-ref refs/notes/model $(git commit-tree -p refs/notes/model -m back $tree) &&
	refused "on the way .* takes" refs/notes/model && back
'

test_expect_success 'a history that is one of code: refused' '
	cd work && git update-ref refs/notes/model $(git commit-tree -p refs/notes/model \
		-p main -m merge "refs/notes/model^{tree}") &&
	refused "on the way .* takes" refs/notes/model && back
'

test_expect_success 'notes of two people that are united: taken, and verify agrees' '
	cd work && git clone -q ../srv.git ../mate && git -C ../mate model install --local &&
	(cd ../mate && git model fetch >/dev/null 2>&1; git checkout -q main &&
		git model record fraud --metric auc=0.96 && git push -q --no-verify origin refs/notes/model) &&
	git model record fraud --metric auc=0.97 && { git model pull >/dev/null 2>&1 || :; } &&
	test 2 = $(git log -1 --format=%P refs/notes/model | wc -w) &&
	accepted refs/notes/model && git model verify --all
'

test_expect_success 'where the policy says that notes need not grow, they may lose lines' '
	cd work && printf "%s\n" "append-only = false" | cat - .gitmodel/policy >../policy &&
	cp ../policy .gitmodel/policy && git commit -qam "append-only = false" &&
	as alice git model approve --policy HEAD >../out 2>&1 && accepted refs/notes/model main &&
	git notes --ref=model show $(note) >../all && sed 1d ../all >../less &&
	git notes --ref=model add -f -F ../less $(note) &&
	git notes --ref=model add -f -F ../all $(note) && accepted refs/notes/model
'

test_done
