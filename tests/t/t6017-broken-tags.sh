#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='who holds a stage, when its newest tag cannot be read or is none: nobody says the one before'
. ./lib-test.sh

# three versions, two of them on production in turn, the third one worse
test_expect_success 'a repository whose second version holds production, packed' '
	git init -q r && cd r && git model install --local && git model track "*.bin" && mkdir .gitmodel &&
	printf "[artifact \"fraud\"]\npath = fraud.bin\n\n[metric \"auc\"]\ndirection = up\n" >.gitmodel/config &&
	for v in 1:0.5 2:0.9; do
		mv-test random 2K ${v%:*} >fraud.bin && git model add fraud.bin --metric auc=${v#*:} && git add . &&
		git commit -qm v${v%:*} && git model register fraud@v${v%:*}.0.0 && git model promote fraud@v${v%:*}.0.0 production || return 1
	done &&
	mv-test random 2K 3 >fraud.bin && git model add fraud.bin --metric auc=0.7 && git commit -qam v3 &&
	git branch -q other && git pack-refs --all && test "$(git model which "fraud#production")" = fraud@v2.0.0 &&
	test_expect_code 1 git model diff --stage production --fail-on regression HEAD
'

# every command that asks who holds it: none answers, none says that all is well
nobody_says() {
	for c in "which fraud#production" "show fraud#production" "checkout fraud#production" "cat fraud#production" \
		 "which fraud@latest" "stages" "versions" "log fraud" "compare" "verify --all" "diff" \
		 "diff --stage production --fail-on regression HEAD" "report --stage production --fail-on regression HEAD" \
		 "check fraud@v1.0.0 production" "promote fraud@v1.0.0 production" "rollback fraud production" "demote fraud#production" \
		 "register fraud@v4.0.0"; do
		git model $c >../out 2>../err; code=$?
		case $code in 0|1) echo "$c: $code"; cat ../out ../err; return 1 ;; esac
		grep -F "$1" ../err || { echo "$c says something else"; cat ../out ../err; return 1; }
	done
}
tag="fraud#production#2" file=".git/refs/tags/fraud#production#2"

test_expect_success 'its file is empty, nonsense, zeros: git passes over it, nobody else does' '
	cd r && git rev-parse HEAD >../head && mkdir -p .git/refs/tags && : >"$file" && nobody_says "refs/tags/$tag" &&
	test_grep "remove .*/$file. and git fetch --tags" ../err && echo nonsense >"$file" && nobody_says "refs/tags/$tag" &&
	git rev-parse HEAD | tr "0-9a-f" 0 >"$file" && nobody_says "refs/tags/$tag" &&
	git rev-parse HEAD >../now && test_cmp ../head ../now
'

test_expect_success 'it leads to a ref or file that is not there' '
	cd r && echo "ref: refs/tags/nothing" >"$file" && nobody_says "refs/tags/$tag" &&
	rm "$file" && ln -s /nonexistent "$file" && nobody_says "refs/tags/$tag" &&
	rm "$file" && ln -s refs/tags/nothing "$file" && nobody_says "refs/tags/$tag" && rm "$file"
'

test_expect_success 'removed as it was said, all is as before' '
	cd r && test "$(git model which "fraud#production")" = fraud@v2.0.0 && git model verify --all
'

test_expect_success 'a folder or file of tags that may not be read' '
	cp -r r closed && cd closed && git tag -a -m x "fraud#staging#7" HEAD &&
	if test "$(id -u)" = 0; then chown -R 65534 . && as="setpriv --reuid=65534 --clear-groups"; else as=; fi &&
	nobody() { $as env HOME="$PWD" git "$@"; } &&
	test "$(nobody model which "fraud#production")" = fraud@v2.0.0 &&
	chmod 0 .git/refs/tags && test_must_fail nobody model which "fraud#production" 2>../err &&
	test_grep "refs/tags" ../err && chmod 755 .git/refs/tags &&
	chmod 0 ".git/refs/tags/fraud#staging#7" && test_must_fail nobody model which "fraud#production" 2>../err &&
	test_grep "fraud#staging#7" ../err
'

test_expect_success 'what is no tag of it, or of a remote whose branch went, stands in nobodys way' '
	cp -r r calm && cd calm && mkdir -p .git/refs/remotes/origin && echo "ref: refs/remotes/origin/gone" >.git/refs/remotes/origin/HEAD &&
	echo "ref: refs/heads/gone" >.git/refs/heads/alias && : >.git/refs/tags/x.lock && : >".git/refs/tags/.hidden" && : >".git/refs/tags/a copy" &&
	ln -s nothing .git/refs/tags/.#lock && test "$(git model which "fraud#production")" = fraud@v2.0.0 && git model log fraud && git model compare && git model verify --all
'

# the newest tag as a bare commit: who asks says so, and none names the one before
test_expect_success 'one answer for all: the newest tag is a bare commit' '
	cp -r r light && cd light && git update-ref "refs/tags/$tag" "$tag^{}" &&
	for c in "which fraud#production" "show fraud#production" "checkout fraud#production" "checkout --stage production" "cat fraud#production" "stages" \
		 "diff" "diff --fail-on regression" "diff --stage production --fail-on regression HEAD" \
		 "report --stage production --fail-on regression HEAD" "check fraud@v1.0.0 production" "promote fraud@v1.0.0 production" \
		 "rollback fraud production" "demote fraud#production" "deregister fraud@v2.0.0"; do
		test_expect_code 128 git model $c >../out 2>../err && grep -F "$tag" ../err || { echo "$c"; cat ../out ../err; return 1; }
	done &&
	for c in "compare" "log fraud" "versions" "show fraud@v1.0.0" "versions --json" "compare --json" "stages --plain"; do
		git model $c >../out 2>../err || test $? = 128; grep "who holds .fraud#production. cannot be told: tag .$tag" ../err || { echo "$c"; cat ../out ../err; return 1; }
		! grep -E "v1.0.0.*production|production.*v1.0.0|production" ../out || { echo "$c"; return 1; }
	done &&
	git model diff other~1 other && git tag -d "$tag" && test "$(git model which "fraud#production")" = fraud@v1.0.0
'

test_expect_success 'a greater version as a bare commit: latest is not the one before it, for promote either' '
	cp -r r latest && cd latest && git tag fraud@v9.0.0 HEAD &&
	test_expect_code 128 git model check fraud@latest staging 2>../err && test_grep "fraud@v9.0.0. is no annotated tag" ../err &&
	test_expect_code 128 git model promote fraud@latest staging 2>../err && test_grep "fraud@v9.0.0. is no annotated tag" ../err
'

test_done
