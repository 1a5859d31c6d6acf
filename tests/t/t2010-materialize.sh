#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='the real bytes are there when git returns, and git is content'
. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

# The limit from which on files are written when git has gone is 8 MiB; what
# does not depend on their size is tried with a smaller one.
big=9M bigger=10M

small_limit () {
	git config --global model.smudgeLimit 100k && big=150k bigger=160k
}

usual_limit () {
	git config --global --unset-all model.smudgeLimit
	big=9M bigger=10M
}

# Two branches: `a` and main differ in every file. Content is older than the
# index, as it is when a person works.
make_repo () {
	git model track "*.bin" >/dev/null &&
	mv-test random $big 1 >big.bin && mv-test random 3000 2 >small.bin &&
	mkdir -p d && mv-test random $bigger 3 >d/exe.bin && chmod +x d/exe.bin &&
	echo text >text && git add . && git commit -qm A && git branch a &&
	mv-test edit big.bin 50000 200 9 && mv-test edit small.bin 5 5 3 &&
	mv-test edit d/exe.bin 77 5 3 && git model add . >/dev/null &&
	git commit -qm B
}

# all_real <step>...: each is something that people do, after which the work
# tree must be real and clean.
all_real () {
	for step
	do
		eval "$step" && work_tree_is_real || {
			echo "after: $step" >&7
			return 1
		}
	done
}

# In a fresh repository: going to and fro, joining branches, what is left.
to_and_fro () {
	all_real \
		"git checkout -q a" \
		"test -x d/exe.bin" \
		"git switch -q main" \
		"git checkout -q -b c a" \
		"mv-test edit big.bin 100 20 4 && cp big.bin ../changed && git stash -q" \
		"git stash pop -q && cmp big.bin ../changed && touch -d yesterday big.bin && git commit -qam C" \
		"git reset -q --hard a" \
		"git reset -q --hard c@{1} && cmp big.bin ../changed" \
		"mv-test edit big.bin 0 10 1 && git restore big.bin" \
		"rm big.bin && git checkout -q -- big.bin"
}

joining () {
	all_real \
		"git checkout -q -b m a && mv-test random $big 5 >m.bin && touch -d yesterday m.bin && git model add m.bin && git commit -qm m" \
		"git merge -q -m merged main" \
		"git checkout -q -b r a && mv-test random $big 6 >r.bin && touch -d yesterday r.bin && git add r.bin && git commit -qm r" \
		"git rebase -q main" \
		"git checkout -q -b p a && git cherry-pick main" \
		"git revert --no-edit HEAD" \
		"git worktree add -q ../linked main && (cd ../linked && work_tree_is_real)" \
		"git worktree remove --force ../linked" \
		"git bisect start main a" \
		"git bisect reset"
}

the_rest () {
	all_real \
		"git checkout -q main && git sparse-checkout set --no-cone /big.bin" \
		"git sparse-checkout disable" \
		"git mv big.bin d/moved.bin && git commit -qm mv && git checkout -q a" \
		"git checkout -q main" \
		"git checkout -q --orphan o && git reset -q --hard a"
}

everything_works () {
	make_repo && to_and_fro && joining && the_rest
}

# some_works <part>...: of a kind of repository (in the soak all of it)
some_works () {
	make_repo && for part in $(test_few "$*" "to_and_fro joining the_rest")
	do
		$part || return
	done
}

new_repo () {
	rm -rf work linked && mkdir work && cd work && git init -q "$@" .
}

test_expect_success 'checkout, stash, reset, merge, rebase and all the others' '
	new_repo && everything_works
'

test_expect_success 'the same with a split index' '
	small_limit && new_repo && git config core.splitIndex true &&
	some_works to_and_fro the_rest
'

test_expect_success 'to and fro with index version 4 and an untracked cache' '
	new_repo && git config index.version 4 &&
	git config core.untrackedCache true && some_works to_and_fro
'

test_expect_success 'joining branches in a SHA-256 repository' '
	new_repo --object-format=sha256 && some_works joining
'

test_expect_success 'git clone --shared borrows, a submodule is real' '
	usual_limit && new_repo && make_repo && git clone -q --shared . ../shared &&
	(cd ../shared && work_tree_is_real && test $(du -sk .git/model | cut -f1) -lt 200) &&
	git init -q ../super && cd ../super &&
	git -c protocol.file.allow=always submodule add -q "$PWD/../work" sub &&
	cd sub && git fetch -q && git model checkout &&
	test $(git ls-files "*.bin" | wc -l) = 3
'

test_expect_success 'a file that the user made meanwhile is not touched' '
	small_limit && new_repo && make_repo && git checkout -q a && cat >../hook <<-EOF &&
	#!/bin/sh
	echo mine >big.bin
	EOF
	chmod +x ../hook && cp ../hook .git/hooks/post-checkout &&
	git checkout -q main && echo mine >../expect && test_cmp ../expect big.bin &&
	git diff --quiet -- small.bin d/exe.bin && no_temporaries
'

test_expect_success 'a symbolic link in the way is never followed' '
	new_repo && make_repo && mkdir ../outside && git checkout -q a &&
	git cat-file blob main:d/exe.bin >../outside/exe.bin &&
	cp ../outside/exe.bin ../keep && cat >.git/hooks/post-checkout <<-EOF &&
	#!/bin/sh
	mv d d.away && ln -s ../outside d && rm big.bin && ln -s ../outside/exe.bin big.bin
	EOF
	chmod +x .git/hooks/post-checkout && git checkout -q main 2>../err &&
	cmp ../outside/exe.bin ../keep && test "$(ls ../outside)" = exe.bin &&
	test -L big.bin && no_temporaries
'

test_expect_success 'when the index stays locked, the pointers stay, and we say so' '
	new_repo && make_repo && git config model.lockTimeout 0 && git checkout -q a &&
	echo "#!/bin/sh
: >.git/index.lock" >.git/hooks/post-checkout && chmod +x .git/hooks/post-checkout &&
	git checkout -q main 2>../err && rm .git/index.lock .git/hooks/post-checkout &&
	test_grep "git model checkout" ../err && test_grep "index.lock" ../err &&
	is_pointer big.bin && is_pointer d/exe.bin && no_temporaries &&
	git model checkout && work_tree_is_real
'

test_expect_success 'a full disk: one warning each, pointers stay, nothing half-written' '
	usual_limit && new_repo && make_repo && git checkout -q a &&
	strace -f -qq -o /dev/null -e trace=pwrite64,write -e inject=pwrite64:error=ENOSPC \
		git checkout -q main 2>../err &&
	test_grep "big.bin.*No space left" ../err &&
	test_grep "exe.bin.*No space left" ../err &&
	is_pointer big.bin && is_pointer d/exe.bin && no_temporaries &&
	git diff --quiet && git model checkout && work_tree_is_real
'

test_expect_success 'rename fails: the same' '
	new_repo && make_repo && git checkout -q a &&
	strace -f -qq -o /dev/null -e trace=renameat -e inject=renameat:error=EIO \
		git checkout -q main 2>../err &&
	test_grep "big.bin" ../err && is_pointer big.bin && no_temporaries &&
	git diff --quiet && git model checkout && work_tree_is_real
'

test_expect_success 'interrupted by a signal, no temporary file and no lock stays' '
	new_repo && git model track "*.bin" && mv-test random 9M 1 >x.bin &&
	git add . && git commit -qm x && rm x.bin &&
	{ printf "git-model/1\n" && git cat-file blob :x.bin | tail -n 2; } >x.bin &&
	for sig in INT TERM HUP
	do
		# Somebody else holds the index: it waits, with a temporary file.
		: >.git/index.lock &&
		{ git-model checkout >../out 2>&1 & } && pid=$! &&
		for i in $(seq 400)
		do
			test -z "$(find . -maxdepth 1 -name ".git-model-*")" || break
			sleep 0.01
		done &&
		kill -$sig $pid && { wait $pid || :; } &&
		rm .git/index.lock && no_temporaries && is_pointer x.bin || return 1
	done &&
	git model checkout && work_tree_is_real && cd .. && rm -rf work
'

test_expect_success 'killed before any of its system calls, a rerun mends it' '
	usual_limit && new_repo && git model track "*.bin" && mv-test random 9M 1 >x.bin &&
	git add . && git commit -qm x && cp x.bin ../x && git cat-file blob :x.bin >../p &&
	for call in openat futimens utimensat renameat fstat newfstatat rename close
	do
		for n in 1 3 9 27 60
		do
			rm -f .git/index.lock && cp ../p x.bin && {
				strace -f -qq -o /dev/null -e trace=$call \
					-e inject=$call:signal=KILL:when=$n \
					git-model checkout >../out 2>&1 || :
			} && { cmp -s x.bin ../p || cmp x.bin ../x; } &&
			rm -f .git/index.lock && git model checkout >../out &&
			cmp x.bin ../x && git diff --quiet || return 1
		done
	done
'

test_expect_success 'only the last state of a path is written' '
	small_limit && new_repo && make_repo && git checkout -q -b long a &&
	for i in 1 2 3 4
	do
		mv-test edit big.bin $i 1 $i && git commit -qam $i || return 1
	done &&
	git branch side a && git checkout -q side && echo side >text &&
	git commit -qam side && git checkout -q long && cp big.bin ../want &&
	filter_log git rebase -q side && cmp big.bin ../want && work_tree_is_real
'

test_done
