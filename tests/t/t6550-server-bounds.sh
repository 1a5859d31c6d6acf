#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='pushes that would keep the server busy: refused before anything is walked, or ended'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"

person alice bob
SERVER="$TRASH/work/srv.git"

# within <seconds> <command>...: and not a second more
within () {
	within_start=$(date +%s) && within_max=$1 && shift && "$@" &&
	test $(($(date +%s) - within_start)) -le "$within_max"
}

# runs <pid>: and is no more than a name that nobody has asked for yet
runs () {
	test -r "/proc/$1/status" && ! grep -q "^State:.Z" "/proc/$1/status"
}

# levels <tree> <count>: each of 10 names for the one below
levels () {
	levels_tree=$1
	for level in $(seq "$2")
	do
		levels_tree=$(for name in 0 1 2 3 4 5 6 7 8 9
			do
				printf '040000 tree %s\t%s\n' $levels_tree $name
			done | git mktree) || return 1
	done
	echo $levels_tree
}

# with_tree <path> <tree>: HEAD's tree with that one in it
with_tree () {
	GIT_INDEX_FILE=.git/with.index && export GIT_INDEX_FILE &&
	rm -f "$GIT_INDEX_FILE" &&
	{ git ls-tree HEAD && printf '040000 tree %s\t%s\n' "$2" "$1"; } | git mktree
	unset GIT_INDEX_FILE
}

test_expect_success 'a team' '
	server srv.git && team work ../srv.git alice bob
'

test_expect_success 'a few trees that stand for 10^11 paths: refused, at once' '
	cd work && leaf=$(printf "100644 blob %s\tf\n" $(git rev-parse HEAD:.gitmodel/policy) | git mktree) &&
	bomb=$(git commit-tree -p HEAD -m bomb $(with_tree zz $(levels $leaf 11))) &&
	within 10 refused "more than 1000000 paths" $bomb:refs/heads/main
'

test_expect_success 'empty ones, of which no walk says a word, too' '
	cd work && empty=$(git mktree </dev/null) && deep=$(levels $empty 11) &&
	bomb=$(git commit-tree -p HEAD -m bomb $(with_tree zz $deep)) &&
	within 10 refused "more than 1000000 paths" $bomb:refs/heads/main &&
	inside=$(git ls-tree HEAD:.gitmodel | cat - ../extra 2>/dev/null; printf "040000 tree %s\tzz\n" $deep) &&
	inside=$(echo "$inside" | git mktree) &&
	bomb=$(git commit-tree -p HEAD -m bomb $(git ls-tree HEAD |
		sed "/\.gitmodel$/s/ tree [0-9a-f]*/ tree $inside/" | git mktree)) &&
	within 10 refused "more than 1000000 paths" $bomb:refs/heads/main
'

test_expect_success 'and what the next commit takes out again, on the first or the second parent' '
	cd work && bomb=$(git commit-tree -p HEAD -m bomb $(with_tree zz $deep)) &&
	gone=$(git commit-tree -p $bomb -m gone "HEAD^{tree}") &&
	within 10 refused "$(echo $bomb | cut -c 1-10) has more than 1000000 paths" $gone:refs/heads/main &&
	merge=$(git commit-tree -p HEAD -p $gone -m merge "HEAD^{tree}") &&
	within 10 refused "$(echo $bomb | cut -c 1-10) has more than 1000000 paths" $merge:refs/heads/main &&
	accepted $bomb:refs/heads/side && within 10 refused "has more than 1000000 paths" $merge:refs/heads/main &&
	root=$(git commit-tree -m root $(with_tree zz $deep)) && merge=$(git commit-tree -p HEAD -p $root -m merge "HEAD^{tree}") &&
	within 10 refused "has more than 1000000 paths" $merge:refs/heads/main && accepted :refs/heads/side
'

test_expect_success 'many commits that add as much as one may, and take it out: together it is too much' '
	cd work && git --git-dir=../srv.git config model.receivePaths 1000 && one=$(with_tree zz $(levels $empty 2)) &&
	tip=$(git rev-parse HEAD) &&
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40
	do
		tip=$(git commit-tree -p $tip -m in $one) && tip=$(git commit-tree -p $tip -m out "HEAD^{tree}") || return 1
	done &&
	within 10 refused "change more than 4000 paths together; push less at once" $tip:refs/heads/main &&
	accepted $tip~40:refs/heads/main && accepted $tip:refs/heads/main && git reset -q --hard $tip &&
	git --git-dir=../srv.git config --unset model.receivePaths
'

test_expect_success 'where an artifact is a folder, at the commit of a tag, too' '
	cd work && empty=$(git mktree </dev/null) &&
	bomb=$(git commit-tree -p HEAD -m bomb $(with_tree zz $(levels $empty 11))) &&
	git tag -a -m "bomb" fraud@v3.0.0 $bomb &&
	within 10 refused "more than 1000000 paths" fraud@v3.0.0 &&
	git tag -d fraud@v3.0.0
'

test_expect_success 'the number of paths can be set' '
	cd work && git --git-dir=../srv.git config model.receivePaths 3 &&
	mkdir many && for i in 1 2 3; do echo $i >many/$i || return 1; done &&
	git add many && git commit -qm many && refused "more than 3 paths" main &&
	git --git-dir=../srv.git config model.receivePaths 4 && accepted main &&
	git --git-dir=../srv.git config --unset model.receivePaths
'

test_expect_success 'a notes tree of 16 million names: refused, at once' '
	cd work && blob=$(git rev-parse HEAD:.gitmodel/policy) &&
	tree=$(printf "100644 blob %s\t%034d\n" $blob 0 | git mktree) &&
	for level in 1 2 3
	do
		tree=$(for i in $(seq 0 255)
			do
				printf "040000 tree %s\t%02x\n" $tree $i
			done | git mktree) || return 1
	done &&
	bomb=$(git commit-tree -p refs/notes/model -m bomb $tree) &&
	within 10 refused "stands somewhere else, too" $bomb:refs/notes/model
'

test_expect_success 'nor in a commit on the way, nor in what a merge brings: refused before anything is walked' '
	cd work && tree=$(git rev-parse "$bomb^{tree}") && notes=$(git rev-parse refs/notes/model) && clean="$notes^{tree}" &&
	after=$(git commit-tree -p $bomb -m after "$clean") &&
	within 10 refused "more than 1000000 paths" $after:refs/notes/model &&
	merge=$(git commit-tree -p $notes -p $(git commit-tree -m alone $tree) -m merge "$clean") &&
	within 10 refused "more than 1000000 paths" $merge:refs/notes/model &&
	merge=$(git commit-tree -p $notes -p $(git commit-tree -p $notes -m side $tree) -m merge "$clean") &&
	within 10 refused "more than 1000000 paths" $(git commit-tree -p $merge -m on "$clean"):refs/notes/model &&
	empty=$(git commit-tree -p $notes -m empty $(levels $(git mktree </dev/null) 11)) &&
	within 10 refused "more than 1000000 paths" $(git commit-tree -p $empty -m after "$clean"):refs/notes/model &&
	git init -q --bare ../first.git && git model install --no-receipt-key --server ../first.git >/dev/null 2>&1 &&
	test_must_fail git push --no-verify ../first.git $after:refs/notes/model 2>../err && test_grep "more than 1000000 paths" ../err
'

test_expect_success 'nor below .gitmodel/ in a commit that is undone' '
	cd work && inside=$({ git ls-tree HEAD:.gitmodel && printf "040000 tree %s\tzz\n" $(levels $(git mktree </dev/null) 11); } | git mktree) &&
	bomb=$(git commit-tree -p HEAD -m bomb $(git ls-tree HEAD |
		sed "/\.gitmodel$/s/ tree [0-9a-f]*/ tree $inside/" | git mktree)) &&
	within 10 refused "more than 1000000 paths" $(git commit-tree -p $bomb -m after "HEAD^{tree}"):refs/heads/main
'

test_expect_success 'a version at a commit whose .gitmodel/config is too large: the rest is still to be seen' '
	cd work && yes "# nobody reads all of this, and it says nothing" | head -c 3000000 >../config &&
	tree=$(git ls-tree HEAD:.gitmodel |
		sed "s/[0-9a-f]*	config$/$(git hash-object -w ../config)	config/" | git mktree) &&
	tree=$(git ls-tree HEAD | sed "s/[0-9a-f]*	\.gitmodel$/$tree	.gitmodel/" | git mktree) &&
	commit=$(git commit-tree -p HEAD -m large $tree) &&
	git tag -a -m large fraud@v9.0.0 $commit && accepted fraud@v9.0.0 &&
	for command in log history versions lineage show
	do
		git model $command fraud >../out 2>../err || return 1
	done && git model verify --all && git model report --html ../pages &&
	test_must_fail git model show fraud@v9.0.0 2>../err && test_grep "more than 1048576 bytes" ../err
'

# The time is up in the middle of one step: one git that never ends.
test_expect_success 'the time is up in the middle of a step, and nothing is left running' '
	mkdir -p slow && real=$(command -v git) && cat >slow/git <<-EOT &&
	#!/bin/sh
	case " \$* " in
	*" for-each-ref "*)
		echo \$\$ >"$PWD/slow/pid"
		sleep 100
		;;
	esac
	exec "$real" "\$@"
	EOT
	chmod +x slow/git && cd srv.git && git config model.receiveTimeout 1 &&
	echo "$(git rev-parse main~1 main) refs/heads/main" | tr "\n" " " |
	sed "s/ $//" >../in && echo >>../in &&
	within 10 test_must_fail env PATH="$PWD/../slow:$PATH" sh hooks/pre-receive <../in 2>../err &&
	test_grep "took more than model.receiveTimeout" ../err &&
	test -s ../slow/pid && ! runs $(cat ../slow/pid) &&
	git config --unset model.receiveTimeout
'

# Written as git packs them: to make 100,000 refs takes longer than to judge them.
# Half of them are named as the registry's.
test_expect_success '100,000 tags on 100,000 tags' '
	cd srv.git && head=$(git rev-parse main) && git pack-refs --all &&
	grep -v "^[#^]" packed-refs >../refs &&
	awk -v h=$head "BEGIN {
		for (i = 1; i <= 50000; i++)
			print h, \"refs/tags/old@v0.0.\" i \"\n\" h, \"refs/tags/old-\" i
	}" >>../refs && { echo "# pack-refs with: sorted " && LC_ALL=C sort -k 2 ../refs; } >packed-refs &&
	test $(git for-each-ref | wc -l) -gt 100000 &&
	awk -v h=$head -v z=$(printf "%040d" 0) "BEGIN {
		for (i = 1; i <= 100000; i++)
			print z, h, \"refs/tags/new@\" i
	}" >../in && within 40 sh hooks/pre-receive <../in
'

test_done
