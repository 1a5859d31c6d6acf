#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='refs on the server: other names for the same one, and names that nobody may push'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"

person alice bob
SERVER="$TRASH/work/srv.git"

srv () {
	git --git-dir="$SERVER" "$@"
}

# forced <version> <stage>: the tag of a promotion that nobody allowed
forced () {
	as alice git model promote --sign --force "fraud@$1" "$2" \
		>"$TRASH/tmp/promote.out" 2>&1
	git tag --points-at "fraud@$1^{commit}" --list "fraud#$2#*"
}

test_expect_success 'a team, and other names for its refs' '
	server srv.git && team work ../srv.git alice bob &&
	srv symbolic-ref refs/heads/master refs/heads/main &&
	srv symbolic-ref refs/heads/deeper refs/heads/master &&
	srv symbolic-ref refs/notes/alias refs/notes/model &&
	srv symbolic-ref refs/tags/fraud@v9.9.9 refs/tags/fraud@v1.0.0
'

test_expect_success 'who pushes another name of a branch pushes the branch' '
	cd work && git checkout -q -b bad && git rm -q .gitmodel/policy &&
	git commit -qm "no policy" &&
	refused "policy-approvals" HEAD:refs/heads/master &&
	refused "policy-approvals" HEAD:refs/heads/deeper &&
	refused "it is not deleted" :refs/heads/master &&
	git checkout -q --orphan other && git commit -qm other &&
	refused "it only goes forward" -f HEAD:refs/heads/master &&
	git checkout -qf main && mv-test random 2M 9 >models/fraud.bin &&
	by_dora git commit -qam large && refused "max-size" HEAD:refs/heads/master &&
	git reset -q --hard origin/main
'

test_expect_success 'one that is named twice is one, and two words about it are none' '
	cd work && git commit -q --allow-empty -m next &&
	accepted HEAD:refs/heads/main HEAD:refs/heads/master &&
	git commit -q --allow-empty -m more &&
	test_must_fail git push --no-verify origin HEAD:refs/heads/main \
		HEAD~1:refs/heads/deeper HEAD^{tree}:refs/heads/master &&
	accepted HEAD:refs/heads/master && git fetch -q &&
	test "$(srv rev-parse main)" = "$(git rev-parse HEAD)"
'

test_expect_success 'notes by another name: they only grow' '
	cd work && refused "not deleted" :refs/notes/alias &&
	empty=$(git commit-tree -m empty $(git mktree </dev/null)) &&
	refused "does not come after" -f $empty:refs/notes/alias &&
	git model record fraud --metric auc=0.7 && accepted refs/notes/model:refs/notes/alias
'

test_expect_success 'tags: what leads to one does not move, and moves nothing' '
	cd work && git tag -f -a -m x fraud@v9.9.9 HEAD &&
	refused "calls itself" -f refs/tags/fraud@v9.9.9 &&
	refused "not deleted" :refs/tags/fraud@v9.9.9 && git tag -d fraud@v9.9.9 &&
	srv symbolic-ref -d refs/tags/fraud@v9.9.9 &&
	srv symbolic-ref "refs/tags/fraud#production#1" refs/heads/topic &&
	refused "fraud#production#1 is not an annotated tag" HEAD:refs/heads/topic &&
	srv symbolic-ref -d "refs/tags/fraud#production#1"
'

test_expect_success 'a name that leads to what is not there yet makes it' '
	cd work && srv symbolic-ref refs/heads/new "refs/tags/fraud#production#1" &&
	refused "not an annotated tag" HEAD:refs/heads/new &&
	srv symbolic-ref refs/heads/new refs/notes/model/x &&
	refused "in the way of refs/notes/model" HEAD:refs/heads/new &&
	srv symbolic-ref -d refs/heads/new
'

test_expect_success 'the trusted branch by another name is that branch' '
	cd work && srv config model.trustedBranch deeper &&
	srv symbolic-ref HEAD refs/heads/elsewhere &&
	git rm -q .gitmodel/policy && git commit -qm "no policy" &&
	refused "policy-approvals" HEAD:refs/heads/main &&
	git reset -q --hard origin/main && tag=$(forced v1.0.0 production) &&
	refused "approvals = 1 from leads" "$tag" && git tag -d "$tag" &&
	srv config --unset model.trustedBranch &&
	srv symbolic-ref HEAD refs/heads/main
'

test_expect_success 'a section for another name of a branch counts for the branch' '
	git init -q --bare alias.git && SERVER="$PWD/alias.git" &&
	git model install --server alias.git >/dev/null &&
	printf "%s\n" "[branch \"release\"]" "max-size = 1MiB" >policy &&
	governed alias alice <policy && git remote add origin ../alias.git &&
	git push -q origin main main:side && srv symbolic-ref refs/heads/release \
		refs/heads/side && git model push >/dev/null 2>&1 &&
	git checkout -q -b side && mv-test random 2M 9 >models/fraud.bin &&
	by_dora git commit -qam large && refused "max-size" side
'
SERVER="$TRASH/work/srv.git"

test_expect_success 'replacements are not taken, and can be taken away' '
	cd work && git push -q origin HEAD:refs/heads/aside &&
	refused "replacements are not taken" HEAD~1:refs/replace/$(git rev-parse HEAD) &&
	srv update-ref refs/replace/$(git rev-parse HEAD) HEAD~1 &&
	accepted :refs/replace/$(git rev-parse HEAD) &&
	accepted :refs/heads/aside
'

test_expect_success 'no tag is named as a branch, and no ref as another in full' '
	cd work && refused "would be taken for refs/heads/main" HEAD:refs/tags/main &&
	refused "would be taken for refs/heads/main" HEAD:refs/tags/origin/main &&
	refused "would be taken for refs/heads/main" HEAD:refs/tags/remotes/origin/main &&
	refused "would be taken for refs/heads/main" HEAD:refs/tags/refs/heads/main &&
	refused "would be taken for refs/tags/x" HEAD:refs/heads/refs/tags/x &&
	refused "would be taken for refs/notes/model" HEAD:refs/notes/refs/notes/model &&
	accepted HEAD:refs/tags/mainly/domain && accepted :refs/tags/mainly/domain
'

test_expect_success 'nothing stands in the way of the branch that counts' '
	git init -q --bare new.git && git model install --server new.git >/dev/null &&
	cd work &&
	test_must_fail git push --no-verify ../new.git HEAD:refs/heads/main/x 2>../err &&
	test_grep "in the way of refs/heads/main" ../err
'

test_expect_success 'where Main and main are one file, only one of them comes in' '
	cd work && srv config core.ignoreCase true && srv pack-refs --all &&
	refused "one file on this server" HEAD:refs/heads/Main &&
	refused "one file on this server" refs/notes/model:refs/notes/MODEL &&
	refused "one file on this server" HEAD:refs/heads/a HEAD:refs/heads/A &&
	accepted HEAD:refs/heads/b && srv config core.ignoreCase false
'

test_expect_success 'no tag stands where one of the registry would, known already or not' '
	cd work && git checkout -q main && git fetch -q && git reset -q --hard origin/main &&
	printf "%s\n" "[artifact \"group/risk\"]" "path = models/risk.bin" >>.gitmodel/config &&
	git commit -qam risk && as alice git model approve --policy HEAD >/dev/null && accepted refs/notes/model main &&
	for name in newm@v0.0.1/x newm@v0.0.1/x/y "newm#staging#1/x" newm@deprecated/x "dir=newm@v1.0.0-rc.1/x"
	do
		refused "$name would stand in the way of the tag ${name%%/*}" "HEAD:refs/tags/$name" || return 1
	done &&
	refused "group would stand in the way of the tags of group/risk" HEAD:refs/tags/group &&
	refused "fraud is the name of an artifact" HEAD:refs/tags/fraud &&
	refused "begins like a tag of an artifact" HEAD:refs/tags/fraud@v9.9.9/x &&
	accepted HEAD:refs/tags/release/1.0 && accepted HEAD:refs/tags/newm@one/x &&
	accepted HEAD:refs/tags/groups
'

test_expect_success 'nor one of a stage, without a number, where the tags of a guarded one go into a folder' '
	cd work && printf "%s\n" "[stage \"prod/eu\"]" "metric = auc >= 0.1" "[stage \"fr*#canary/a/b\"]" "metric = auc >= 0.1" >>.gitmodel/policy &&
	git commit -qam folders && as alice git model approve --policy HEAD >/dev/null && accepted refs/notes/model main && git fetch -q &&
	for name in "fraud#prod" "fraud#canary" "fraud#canary/a" "group/risk#prod" "never#prod"
	do
		git tag -a -m x "$name" fraud@v1.0.0^{} && { case $name in never*) what=never#prod/eu;; *canary*) what=fraud#canary/a/b;; *) what=${name%%#*}#prod/eu;; esac; } &&
		refused "$name would stand in the way of the tag $what" "$name" && git tag -d "$name" || return 1
	done &&
	git tag -a -m x "risk#canary" fraud@v1.0.0^{} && accepted "risk#canary" && git tag -a -m x "fraud#pro" fraud@v1.0.0^{} && accepted "fraud#pro"
'

test_expect_success 'where one is there, verify says so, anybody takes it away, and the stage can be used' '
	cd work && srv tag -a -m x "fraud#prod" $(git rev-parse "fraud@v1.0.0^{}") && git fetch -q --tags &&
	test_expect_code 3 git model verify --all >../out && test_grep "tag .fraud#prod. keeps fraud#prod/eu from being made" ../out &&
	accepted ":refs/tags/fraud#prod" && git tag -d "fraud#prod" &&
	as alice git model promote fraud@v1.0.0 prod/eu >/dev/null 2>&1 && accepted $(git tag -l "fraud#prod/eu#*")
'

test_expect_success 'where one is there, verify names it, and what git takes for another ref' '
	cd work && git fetch -q --tags && git tag -l | xargs -n 1 git tag -d >/dev/null && git fetch -q --tags && git model verify --all &&
	git update-ref refs/tags/newm@v0.0.1/x HEAD && git update-ref refs/tags/group HEAD &&
	git update-ref refs/tags/refs/heads/main HEAD && test_expect_code 3 git model verify --all >../out &&
	test_grep ".newm@v0.0.1/x. keeps newm@v0.0.1 from being made" ../out &&
	test_grep "tag .group. keeps group/risk from being made" ../out &&
	test_grep ".refs/heads/main. is taken for refs/heads/main" ../out && test_grep ! "fraud@v1.0.0. keeps" ../out &&
	git tag -d newm@v0.0.1/x group && test_expect_code 3 git model verify --all >../out &&
	git tag -d refs/heads/main && git model verify --all
'

test_expect_success 'a name that differs only in the case of letters, from what is there or comes along' '
	cd work && git tag -a -m x "Fraud@v1.0.0" main && git tag -a -m x "lab@v1.0.0" main && git tag -a -m x "LAB@v1.0.0" main &&
	refused "Fraud differs from fraud only in the case of letters.*delete the tag, and take fraud" "Fraud@v1.0.0" &&
	refused "lab differs from LAB only in the case" "lab@v1.0.0" "LAB@v1.0.0" &&
	git tag -d "Fraud@v1.0.0" "lab@v1.0.0" "LAB@v1.0.0" && srv tag -a -m x "Fraud#x#1" main && new_version 12 v3.0.0 0.95 && share &&
	git ls-remote origin >../out && test_grep "refs/tags/fraud@v3.0.0" ../out
'

test_done
