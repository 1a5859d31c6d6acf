#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='what an experiment of DVC makes in a repository that DVC takes
away afterwards (dvc exp run --temp, dvc queue) is kept'

. ./lib-test.sh

# experiment <outer> <folder>: as DVC makes one: no remote, no alternates, and
# what is to be tried is pushed into it, past hooks
experiment () {
	git init -q "$2" && git -C "$1" push -q --no-verify "file://$2" HEAD:refs/exps/exec/EXEC_HEAD 2>/dev/null &&
	git -C "$2" checkout -q --detach refs/exps/exec/EXEC_HEAD
}
# trained <folder> <seed>: another model there, committed
trained () {
	mv-test random 300K "$2" >"$1/m.bin" && mv-test random 9M "$2" >"$1/big.bin" &&
	git -C "$1" add -A && git -C "$1" commit -q -m "trained $2" && git -C "$1" branch "done$2"
}
# is_kept <repo> <rev> <seed>: its content can be had
is_kept () {
	git -C "$1" checkout -q --detach "$2" && mv-test random 300K "$3" >expect &&
	cmp expect "$1/m.bin" && mv-test random 9M "$3" >expect && cmp expect "$1/big.bin"
}
TEMP="$TRASH/work/repo/.dvc/tmp/exps/standalone/tmpab12"

test_expect_success 'set up' '
	git model install >/dev/null && git init -q repo && cd repo && mkdir .dvc && echo /tmp >.dvc/.gitignore &&
	git model track "*.bin" >/dev/null && mv-test random 300K 1 >m.bin && mv-test random 9M 1 >big.bin &&
	git add . && git commit -q -m one && git branch start
'

test_expect_success 'the experiment has the files, and what it makes outlives it' '
	experiment repo "$TEMP" && is_kept "$TEMP" HEAD 1 && trained "$TEMP" 2 &&
	test_path_is_missing "$TEMP/.git/model" &&
	git -C repo fetch -q "$TEMP" done2:refs/exps/ab/name && rm -rf "$TEMP" &&
	is_kept repo refs/exps/ab/name 2 && git -C repo checkout -q main
'

test_expect_success 'gc knows what an experiment needs that has not ended yet' '
	experiment repo "$TEMP" && trained "$TEMP" 3 && (cd repo && git model gc --grace 0 >../out) &&
	is_kept "$TEMP" done3 3 && git -C repo fetch -q "$TEMP" done3:refs/exps/cd/name && rm -rf "$TEMP" &&
	(cd repo && git model gc --grace 0 >../out && git model gc --grace 0 >../out) && is_kept repo refs/exps/cd/name 3 &&
	is_kept repo refs/exps/ab/name 2 && git -C repo checkout -q main
'

test_expect_success 'and is not stopped by one that is gone; what nobody fetched goes' '
	experiment repo "$TEMP" && trained "$TEMP" 4 && rm -rf repo/.dvc/tmp/exps &&
	(cd repo && git model gc --grace 0 --json >../out) && test_grep ! "shares this store" out &&
	find repo/.git/model/clients -type f >out && test_must_be_empty out &&
	experiment repo "$TEMP" && mv repo/.dvc away && (cd repo && test_must_fail git model gc --grace 0 2>../err) &&
	test_grep "shares this store" err && mv away repo/.dvc && rm -rf "$TEMP"
'

test_expect_success 'DVC in a folder of the repository; a store that model.store names' '
	mkdir -p repo/sub/.dvc && inner="$PWD/repo/sub/.dvc/tmp/exps/tmpx" && experiment repo "$inner" &&
	trained "$inner" 5 && test_path_is_missing "$inner/.git/model" &&
	git -C repo fetch -q "$inner" done5:refs/exps/ef/name && rm -rf "$inner" repo/sub &&
	is_kept repo refs/exps/ef/name 5 && git -C repo checkout -q main &&
	git init -q other && cd other && mkdir .dvc && git config model.store "$PWD/../shelf" &&
	git model track "*.bin" >/dev/null && cp ../repo/*.bin . && git add . && git commit -q -m one && cd .. &&
	inner="$PWD/other/.dvc/tmp/exps/tmpx" && experiment other "$inner" && is_kept "$inner" HEAD 1 && trained "$inner" 6 &&
	git -C other fetch -q "$inner" done6:refs/exps/ef/name && rm -rf "$inner" &&
	(cd other && git model gc --grace 0 >../out) && is_kept other refs/exps/ef/name 6 && test_path_is_missing other/.git/model
'

test_expect_success 'before the repository has a store: it is made, as that repository says' '
	git init -q --shared=group fresh && cd fresh && mkdir .dvc && git model track "*.bin" >/dev/null && git add . &&
	git commit -q -m one && experiment . "$PWD/.dvc/tmp/exps/tmpx" && trained .dvc/tmp/exps/tmpx 7 &&
	test "$(stat -c %a .git/model/packs)" = 2775 && git fetch -q .dvc/tmp/exps/tmpx done7:refs/exps/ef/name &&
	rm -rf .dvc/tmp && cd .. && is_kept fresh refs/exps/ef/name 7
'

test_expect_success 'who pushes to an experiment, or fetches from it, finds that store' '
	experiment repo "$TEMP" && trained "$TEMP" 10 && git clone -q "$TEMP" guest 2>/dev/null &&
	is_kept guest origin/done10 10 && trained guest 11 && git -C guest push -q origin done11 &&
	test_path_is_missing "$TEMP/.git/model" && is_kept "$TEMP" done11 11 && rm -rf "$TEMP"
'

test_expect_success 'what is no such repository has its own store' '
	mkdir -p bare/.dvc/tmp/exps && inner="$PWD/bare/.dvc/tmp/exps/tmpx" && git init -q "$inner" &&
	(cd "$inner" && git model track "*.bin" >/dev/null) && trained "$inner" 8 && test_path_is_dir "$inner/.git/model" &&
	inner="$PWD/repo/.dvc/tmp/exps/tmpy" && experiment repo "$inner" && git -C "$inner" config model.store ../mine &&
	trained "$inner" 9 && test_path_is_dir "$inner/mine" && rm -rf "$inner" &&
	inner="$PWD/repo/.dvc/tmp/experiments/tmpy" && experiment repo "$inner" && trained "$inner" 9 &&
	test_path_is_dir "$inner/.git/model" && rm -rf "$inner" &&
	git -C repo worktree add -q .dvc/tmp/exps/tree start && is_kept repo/.dvc/tmp/exps/tree start 1 &&
	git -C repo worktree remove --force .dvc/tmp/exps/tree
'

test_done
