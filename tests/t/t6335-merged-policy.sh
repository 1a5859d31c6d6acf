#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='a policy that comes by merges: whose it is, and what a server takes verify calls good'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"

person alice bob dora
SERVER="$TRASH/work/srv.git"

# change <person> <text>: of the policy, committed
change () {
	echo "# $2" >>.gitmodel/policy && as $1 git commit -qam "policy $2"
}

# code <person> <file>: something else
code () {
	echo $2 >$2 && git add $2 && as $1 git commit -qm "code $2"
}

approve () {
	as bob git model approve --policy "${1:-HEAD}" >/dev/null 2>&1
}

# merge <person> <git merge arguments>...
merge () {
	merge_by=$1 && shift && as $merge_by git merge -q --no-edit "$@"
}

# again: all as it was when the team began
again () {
	rm -rf ../srv.git && cp -r ../was.git ../srv.git && git checkout -qf --detach &&
	git update-ref refs/heads/main $(git --git-dir=../was.git rev-parse main) &&
	git update-ref refs/notes/model $(git --git-dir=../was.git rev-parse refs/notes/model) &&
	git checkout -qf main && git fetch -q && git reset -q --hard &&
	git for-each-ref --format='%(refname:short)' refs/heads | grep -vx main | xargs -r git branch -qD
}

publish () {
	git push -q --no-verify origin main refs/notes/model
}

# The two answers of one question. Who is told no may not be told why.
good () {
	publish && git fetch -q && git model verify --all >../out || { cat ../out && return 1; }
}
bad () {
	test_must_fail git push -q --no-verify origin main refs/notes/model 2>../err && cat ../err && test_grep "${1:-own}" ../err
}

test_expect_success 'a team where nobody approves a policy of their own' '
	server srv.git && { echo "forbid-self-approval = author" && team_policy; } >policy &&
	governed work alice bob <policy && git remote add origin ../srv.git && git push -q origin main &&
	git fetch -q && new_version 2 v1.0.0 0.95 && share && git fetch -q && cp -r ../srv.git ../was.git
'

test_expect_success 'who approved it pulls it into work of their own, and pushes; so do others' '
	cd work && for who in bob alice dora
	do
		again && change alice 1 && approve && publish && git checkout -qb own HEAD~1 && code $who x && merge $who main &&
		git branch -qf main && git checkout -q main && good || return 1
	done
'

test_expect_success 'before it is there: a merge by whoever, a commit on top by whoever' '
	cd work && again && git checkout -qb hers && change alice 1 && approve && git checkout -q main && merge bob --no-ff hers && good &&
	again && git checkout -qb hers && change alice 1 && approve && git checkout -q main && code bob x && merge bob hers && code bob y && good &&
	again && git checkout -qb hers && change alice 1 && approve && git checkout -q main && code bob x && git checkout -q hers && merge bob main &&
		git branch -qf main && git checkout -q main && good &&
	again && change alice 1 && approve && code bob x && good &&
	again && git checkout -qb hers && change alice 1 && approve && git checkout -qb one main && code bob 1 && git checkout -qb two main && code bob 2 &&
		git checkout -q main && code bob 3 && merge bob one two hers && good
'

test_expect_success 'what bob wrote he does not approve, whoever merges it or builds on it' '
	cd work && again && change bob 1 && approve && bad &&
	again && change bob 1 && approve && code alice x && bad &&
	again && git checkout -qb his && change bob 1 && approve && git checkout -q main && merge alice --no-ff his && bad &&
	again && git checkout -qb his && change bob 1 && approve && git checkout -q main && code alice x && merge alice his && code alice y && bad &&
	again && git checkout -qb his && change bob 1 && approve && git checkout -q main && code alice x && git checkout -q his && merge alice main &&
		git branch -qf main && git checkout -q main && bad
'

test_expect_success 'a merge that has what no side has is of who made it' '
	cd work && again && git checkout -qb hers && change alice 1 && git checkout -q main && code bob x && merge bob --no-commit hers &&
	echo "# evil" >>.gitmodel/policy && as bob git commit -qam evil && approve && bad
'

# back_by <git commit-tree arguments>...: bob brings back what was there before
back_by () {
	git update-ref refs/heads/main $(as bob git commit-tree "$@" -m back "$was^{tree}") && git reset -q --hard && approve
}

test_expect_success 'and one that goes back to what was there before' '
	cd work && again && was=$(git rev-parse HEAD) && change alice 1 && approve && publish && git fetch -q && is=$(git rev-parse HEAD) &&
	back_by -p $is -p $was && bad && back_by -p $was -p $is && bad "own\|nobody could tell" &&
	side=$(as bob git commit-tree -p $was -m side "$was^{tree}") && back_by -p $is -p $side && bad &&
	back_by -p $side -p $is && bad "own\|nobody could tell"
'

test_expect_success 'one change after the other, and code between them' '
	cd work && again && git checkout -qb hers && change alice 1 && approve && git checkout -q main && code bob x && merge bob hers && code bob y &&
	good && code bob z && good && change alice 2 && approve && good && merge alice --no-ff -s ours HEAD~3 && good
'

test_done
