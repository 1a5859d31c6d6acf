#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='what stands at an artifact'\''s path is judged, however it came there'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"

person alice bob
SERVER="$TRASH/work/srv.git"

back () {
	git reset -q --hard origin/main && git clean -qfd
}

# ungoverned <words>: the server refuses HEAD as main, and so does check in CI
ungoverned () {
	refused "fraud: \[branch main\] max-size" main &&
	test_expect_code 3 git model check origin/main..HEAD >"$TRASH/tmp/checked" &&
	test_grep "max-size" "$TRASH/tmp/checked"
}

test_expect_success 'a team' '
	server srv.git && team work ../srv.git alice bob
'

test_expect_success 'the folder above is a link now' '
	cd work && mkdir elsewhere && echo bad >elsewhere/fraud.bin.txt &&
	git rm -qr models && ln -s elsewhere models && git add models elsewhere &&
	git commit -qm link && ungoverned && back
'

test_expect_success 'the folder above is a submodule now' '
	cd work && git rm -qr models && git update-index --add --cacheinfo \
		160000,$(git rev-parse HEAD),models &&
	git commit -qm submodule && ungoverned && back
'

test_expect_success 'it is a link, a submodule or plain bytes itself' '
	cd work && rm models/fraud.bin && ln -s /etc/passwd models/fraud.bin &&
	git add models && git commit -qm link && ungoverned && back &&
	git rm -qr models && git update-index --add --cacheinfo \
		160000,$(git rev-parse HEAD),models/fraud.bin &&
	git commit -qm submodule && ungoverned && back &&
	git update-index --cacheinfo 100644,$(git rev-parse HEAD:.gitmodel/policy),models/fraud.bin &&
	git commit -q --no-verify -m bytes && ungoverned && back
'

test_expect_success 'it is a file where the folder was' '
	cd work && git rm -qr models && echo bad >models && git add models &&
	git commit -qm file && ungoverned && back
'

test_expect_success 'nothing was there before, and now a link is above it' '
	cd work && git init -q --bare ../new.git &&
	git model install --server ../new.git >/dev/null &&
	cat >>.gitmodel/config <<-\EOT &&
	[artifact "later"]
	path = deep/in/later.bin
	EOT
	git commit -qam later && as alice git model approve --policy HEAD >/dev/null &&
	git push -q --no-verify ../new.git HEAD:main refs/notes/model &&
	git remote add new ../new.git && git fetch -q new &&
	ln -s elsewhere deep && git add deep && git commit -qm link &&
	test_must_fail git push --no-verify new HEAD:main 2>../err &&
	test_grep "later: \[branch main\] max-size" ../err && git rm -q deep &&
	mkdir deep && git update-index --add --cacheinfo \
		160000,$(git rev-parse HEAD),deep/in && git commit -qm submodule &&
	test_must_fail git push --no-verify new HEAD:main 2>../err &&
	test_grep "later: \[branch main\] max-size" ../err && back
'

test_expect_success 'through a merge that has it from its other parent, too' '
	cd work && git checkout -q -b side && git rm -qr models &&
	ln -s elsewhere models && git add models && git commit -qm link &&
	git checkout -q main && git merge -q --no-ff -m merge side && ungoverned &&
	back && git branch -qD side
'

test_expect_success 'what stays as it is, and what is only gone, is fine' '
	cd work && echo more >README && git add README && git commit -qm more &&
	accepted main && git rm -qr models && git commit -qm gone && accepted main &&
	git fetch -q && git revert --no-edit HEAD >/dev/null 2>&1 && accepted main
'

test_done
