#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='diff and report --fail-on regression: something else where a content was is no "not worse"'
. ./lib-test.sh

# one artifact with a record; the changes are made on branches of their own
test_expect_success 'a repository with an artifact that is measured' '
	git init -q r && cd r && git model install --local && git model track "*.bin" && mkdir .gitmodel models &&
	printf "[artifact \"fraud\"]\npath = models/fraud.bin\n\n[metric \"auc\"]\ndirection = up\n" >.gitmodel/config &&
	mv-test random 2K 1 >models/fraud.bin && git model add models/fraud.bin --metric auc=0.9 && git add . && git commit -qm good &&
	git model register fraud@v1.0.0 && git model promote fraud@v1.0.0 production
'

# what is staged is no answer, as a commit, and as the index, and beside what holds the stage
no_answer() {
	test_expect_code 3 git model diff --fail-on regression main >../out 2>../err && test_grep "got worse cannot be said.*models/fraud.bin.*: $1" ../err &&
	git commit -q --no-verify -m "$1" &&
	test_expect_code 3 git model diff --fail-on regression main pr 2>../err && test_grep "got worse cannot be said.*: $1" ../err &&
	test_expect_code 3 git model diff --stage production --fail-on regression pr 2>../err && test_grep "got worse cannot be said" ../err &&
	test_expect_code 3 git model report --fail-on regression main...pr 2>../err && test_grep "got worse cannot be said.*: $1" ../err
}
begin() {
	git checkout -q -f main && git clean -q -fdx && { test -z "$(git branch --list pr)" || git branch -q -D pr; } && git checkout -q -b pr
}
worse() {
	mkdir -p "$(dirname "$1")" && mv-test random 2K 2 >"$1" && git model add "$1" --metric auc=0.1
}

test_expect_success 'a link, to a worse one that has a record' '
	cd r && begin && worse models/other.bin && ln -sf other.bin models/fraud.bin && git add -A && no_answer "a link or a submodule"
'
test_expect_success 'its folder a link' '
	cd r && begin && worse m2/fraud.bin && git rm -q models/fraud.bin && ln -s m2 models && git add -A && no_answer "a link or a submodule above it"
'
test_expect_success 'its folder a submodule, and the file itself one' '
	cd r && begin && git rm -q models/fraud.bin && git update-index --add --cacheinfo "160000,$(git rev-parse HEAD),models" && no_answer "a link or a submodule above it" &&
	begin && git rm -q models/fraud.bin && git update-index --add --cacheinfo "160000,$(git rev-parse HEAD),models/fraud.bin" && no_answer "a link or a submodule"
'
test_expect_success 'its bytes in git itself, and a broken pointer' '
	cd r && begin && echo "*.bin -filter -diff" >>.gitattributes && mv-test random 2K 2 >models/fraud.bin && git add -A && no_answer "bytes without a pointer" &&
	begin && git cat-file blob HEAD:models/fraud.bin >../p && { cat ../p && echo more; } | git hash-object -w --stdin >../o &&
	git update-index --cacheinfo "100644,$(cat ../o),models/fraud.bin" && no_answer "bytes without a pointer"
'
test_expect_success 'nothing, while the config names it; a decoy elsewhere is no content of it' '
	cd r && begin && git rm -q models/fraud.bin && no_answer nothing &&
	begin && mkdir -p x && git mv models/fraud.bin x/decoy.bin && no_answer nothing &&
	begin && sed -i "s#models/fraud.bin#models/none.bin#" .gitmodel/config && git add -A && test_expect_code 3 git model diff --fail-on regression main
'
test_expect_success 'taken away from the config, too, it is no artifact any more; moved, it is the same' '
	cd r && begin && git rm -q models/fraud.bin && sed -i "/artifact/,/path/d" .gitmodel/config && git add -A && git commit -qm gone && git model diff --fail-on regression main pr &&
	begin && git mv models/fraud.bin models/m.bin && sed -i "s#models/fraud.bin#models/m.bin#" .gitmodel/config && git add -A && git commit -qm moved &&
	git model diff --fail-on regression main pr && begin && worse models/fraud.bin && test_expect_code 1 git model diff --fail-on regression main
'
test_expect_success 'where nothing has a direction nobody asks' '
	cd r && begin && sed -i "s/direction = up/unit = x/" .gitmodel/config && git add -A && git commit -qm none && git tag base &&
	ln -sf other.bin models/fraud.bin && git add -A && git commit -q --no-verify -m link && git model diff --fail-on regression base pr
'

test_done
