#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='git model reproduce: a recorded run once more, elsewhere'
. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

run () {
	git model run --no-environment "$@" 2>"$TRASH/work/run-err"
}

# Nothing is left: no work tree, no folder, nothing changed here.
nothing_is_left () {
	git worktree list >"$TRASH/list" && test_line_count = 1 "$TRASH/list" &&
	ls -A "$TRASH/tmp" >"$TRASH/list" && test_must_be_empty "$TRASH/list" &&
	git status --porcelain >"$TRASH/list" && test_must_be_empty "$TRASH/list"
}

test_expect_success 'the same bytes, the same metrics' '
	git init -q r && cd r && git model track "*.bin" >../out &&
	mv-test random 3M 1 >data.bin && mkdir code &&
	cat >code/train.sh <<-\EOF &&
	echo training
	cat ../data.bin >../model.bin && echo "$1" >>../model.bin
	awk "BEGIN { print \"{\\\"auc\\\": 0.5, \\\"n\\\": $1}\" }" >../metrics.json
	EOF
	git add . && git commit -qm code && cd code &&
	run --in ../data.bin --out ../model.bin -- sh train.sh 7 >../../out &&
	cd .. && git add . && git commit -qm model &&
	git rev-parse refs/notes/model >../before &&
	git model reproduce model.bin >../out 2>../err &&
	test_grep "^equal      .model.bin." ../out &&
	test_grep "^equal      auc = 0.5" ../out &&
	test_grep "^reproduced: 1 of 1 outputs and 2 of 2 metrics" ../out &&
	test_grep ! training ../out && test_grep training ../err &&
	test_grep "C O Mitter .*: sh train.sh 7" ../err &&
	git rev-parse refs/notes/model >../after && test_cmp ../before ../after &&
	nothing_is_left
'

test_expect_success 'from any later commit, and by content id' '
	cd r && echo other >code/train.sh && echo new >data.bin &&
	git mv model.bin moved.bin && git add . && git commit -qm later &&
	git model reproduce moved.bin >../out 2>../err &&
	oid=$(git cat-file -p :moved.bin | sed -n "s/^oid //p") &&
	git model reproduce "$oid" >../out 2>../err &&
	git model reproduce model.bin@HEAD~1 >../out 2>../err &&
	nothing_is_left
'

test_expect_success 'where the temporary work tree is made without TMPDIR' '
	cd r && (unset TMPDIR && git model reproduce moved.bin >../out 2>../err) &&
	nothing_is_left && ls -A .git/model/worktrees >../list && test_must_be_empty ../list
'

test_expect_success 'without our filter, and with a git environment around' '
	cd r && git -c filter.model.process= -c filter.model.required=false \
		model reproduce moved.bin >../out 2>../err &&
	GIT_DIR="$PWD/.git" GIT_WORK_TREE="$PWD" GIT_INDEX_FILE="$PWD/.git/index" \
		git model reproduce moved.bin >../out 2>../err &&
	nothing_is_left
'

test_expect_success 'other bytes: which, and by how much metrics differ' '
	git init -q differs && cd differs && git model track "*.bin" >../out &&
	echo start >"$TRASH/state" &&
	cat >train.sh <<-EOF &&
	cp "$TRASH/state" model.bin && test "\$(cat model.bin)" = start &&
	echo "acc: 0.5" >metrics.yaml || echo "acc: 0.75" >metrics.yaml
	EOF
	git add . && git commit -qm one && run -- sh train.sh &&
	git add . && git commit -qm two && echo stArT >"$TRASH/state" &&
	test_expect_code 1 git model reproduce model.bin >../out 2>../err &&
	test_grep "^different  .model.bin.: 2 of 6 bytes differ, the first is 2" ../out &&
	test_grep "^different  acc = 0.75, not 0.5 (+0.25)" ../out &&
	test_grep "^not reproduced" ../out &&
	echo starting >"$TRASH/state" &&
	test_expect_code 1 git model reproduce model.bin >../out 2>../err &&
	test_grep "9 bytes, not 6; the first that differs is 5" ../out &&
	test_expect_code 1 git model reproduce --json model.bin >../out 2>../err &&
	test_grep "\"reproduced\": \"no\"" ../out &&
	test_grep "\"result\": \"different\"" ../out &&
	test_grep "\"diff\": 0.25" ../out && nothing_is_left
'

test_expect_success 'an output that is not written now is missing' '
	git init -q silent && cd silent && git model track "*.bin" >../out &&
	echo 1 >"$TRASH/works" &&
	echo "test ! -e \"$TRASH/works\" || echo made >model.bin" >train.sh &&
	git add . && git commit -qm one && run -- sh train.sh &&
	git add . && git commit -qm two && run -- sh train.sh &&
	rm "$TRASH/works" &&
	test_expect_code 1 git model reproduce model.bin >../out 2>../err &&
	test_grep "^missing    .model.bin. was not written" ../out &&
	nothing_is_left
'

test_expect_success 'a run that failed is reproduced when it fails alike' '
	git init -q fails && cd fails && git model track "*.bin" >../out &&
	echo "echo x >m.bin; exit 3" >train.sh &&
	git add . && git commit -qm one && test_expect_code 3 run -- sh train.sh &&
	git add . && git commit -qm two &&
	git model reproduce m.bin >../out 2>../err &&
	test_grep reproduced: ../out && nothing_is_left
'

test_expect_success 'uncommitted changes: it can be equal, or cannot be said' '
	git init -q dirty && cd dirty && git model track "*.bin" >../out &&
	echo "cat v >m.bin" >train.sh && echo 1 >v && echo 1 >w && git add . &&
	git commit -qm one && echo 2 >w && run -- sh train.sh &&
	git model reproduce m.bin >../out 2>../err &&
	test_grep "uncommitted changes" ../err &&
	echo 2 >v && run -- sh train.sh &&
	test_expect_code 3 git model reproduce m.bin >../out 2>../err &&
	test_grep "cannot be said" ../out &&
	test_grep "because it was run with uncommitted changes" ../out &&
	test_expect_code 3 git model reproduce --json m.bin >../out 2>../err &&
	test_grep "\"reproduced\": \"unclear\"" ../out
'

test_expect_success 'inputs are those that were recorded' '
	git init -q inputs && cd inputs && git model track "*.bin" >../out &&
	echo old >in.bin && mkdir set && echo a >set/a.bin && echo b >set/b.bin &&
	echo "cat in.bin set/*.bin >m.bin" >train.sh && git add . &&
	git commit -qm one && echo new >in.bin && echo c >set/b.bin &&
	git add in.bin set && run --in in.bin --in set -- sh train.sh &&
	git model reproduce m.bin >../out 2>../err &&
	git add . && git commit -qm two && git model reproduce m.bin >../out 2>../err &&
	test_grep "^reproduced" ../out && nothing_is_left
'

test_expect_success 'an input that is nowhere any more: it cannot be said' '
	cd inputs && echo never >untracked.txt && echo v1 >other.txt &&
	echo "cat in.txt in.txt >m.bin" >train.sh && git add train.sh && git commit -qm three &&
	cp untracked.txt in.txt && run --in in.txt -- sh train.sh &&
	rm in.txt untracked.txt &&
	test_expect_code 3 git model reproduce m.bin >../out 2>../err &&
	test_grep "input .in.txt. is not as it was" ../err
'

test_expect_success 'what is no longer in the store: it cannot be said' '
	git init -q gone && cd gone && git model track "*.bin" >../out &&
	mv-test random 5000 3 >data.bin && echo "cat data.bin >m.bin; echo >>m.bin" >train.sh &&
	git add . && git commit -qm one && run --in data.bin -- sh train.sh &&
	git commit -qm two && rm -rf .git/model/packs .git/model/index &&
	test_expect_code 3 git model reproduce m.bin >../out 2>../err &&
	test_grep "data.bin. is not as it was" ../err && test_grep "cannot be said" ../out &&
	ls -A "$TRASH/tmp" >../list && test_must_be_empty ../list
'

test_expect_success 'a folder of outputs, file by file' '
	git init -q folder && cd folder && echo 1 >"$TRASH/value" &&
	echo "mkdir -p \"o p\" && echo 1 >\"o p/a\" && cat \"$TRASH/value\" >\"o p/b\"" >train.sh &&
	git add . && git commit -qm one && run --out "o p" -- sh train.sh &&
	git model reproduce "./o p" >../out 2>../err &&
	test_grep "^equal      .o p." ../out && echo 2 >"$TRASH/value" &&
	test_expect_code 1 git model reproduce "./o p" >../out 2>../err &&
	test_grep "^different  .o p/b.: 1 of 2 bytes differ, the first is 0" ../out
'

test_expect_success 'what cannot be run again says so' '
	git init -q cannot && cd cannot && git model track "*.bin" >../out &&
	git add . && git commit -qm one && echo plain >plain.bin && git add . &&
	test_expect_code 128 git model reproduce plain.bin 2>../err &&
	test_grep "no run is recorded" ../err &&
	test_expect_code 128 git model reproduce none.bin 2>../err &&
	test_expect_code 129 git model reproduce 2>../err &&
	run -- sh -c "echo 1 >s.bin" --token abc &&
	test_expect_code 3 git model reproduce s.bin 2>../err &&
	test_grep "taken for a secret" ../err &&
	printf "#!/bin/sh\necho 2 >t.bin\n" >tool && chmod +x tool &&
	run -- ./tool &&
	test_expect_code 3 git model reproduce t.bin 2>../err &&
	test_grep "not in that commit" ../err &&
	git worktree list >../list && test_line_count = 1 ../list &&
	git init -q ../unborn && cd ../unborn && git model track "*.bin" >../out &&
	run -- sh -c "echo 3 >u.bin" &&
	test_expect_code 3 git model reproduce u.bin 2>../err &&
	test_grep "before the first commit" ../err
'

test_expect_success 'hostile records write and run nothing outside' '
	git init -q hostile && cd hostile && git model track "*.bin" >../out &&
	echo 1 >m.bin && echo evil >payload.bin && git add . && git commit -qm one &&
	blob=$(git rev-parse :m.bin) && commit=$(git rev-parse HEAD) &&
	m=$(git cat-file -p :m.bin | sed -n "s/^oid //p") &&
	p=$(git cat-file -p :payload.bin | sed -n "s/^oid //p") &&
	for path in ../escaped .git/hooks/pre-commit /tmp/../../escaped a/../../escaped
	do
		echo "{\"t\":\"2026-01-01T00:00:00.000Z\",\"kind\":\"run\",\"by\":\"x\",\"commit\":\"$commit\",\"content\":\"$m\",\"id\":\"0000000000000001\",\"run\":{\"command\":[\"sh\",\"-c\",\"echo 1 >m.bin\"],\"id\":\"0000000000000002\",\"inputs\":[{\"content\":\"$p\",\"path\":\"$path\",\"size\":5}],\"outputs\":[{\"content\":\"$m\",\"path\":\"m.bin\",\"size\":2}]},\"size\":2}" >../line &&
		git notes --ref=model add -f -F ../line $blob 2>../err &&
		git model reproduce m.bin >../out 2>../err &&
		test_grep "input .* is not what it was" ../err || return 1
	done &&
	test_path_is_missing ../escaped && test_path_is_missing "$TRASH/tmp/escaped" &&
	test_grep ! evil .git/hooks/pre-commit &&
	sed "s|\"inputs\":\[[^]]*\]|\"cwd\":\"../..\"|" ../line >../cwd &&
	git notes --ref=model add -f -F ../cwd $blob 2>../err &&
	test_expect_code 128 git model reproduce m.bin 2>../err &&
	sed "s|\"commit\":\"[0-9a-f]*\"|\"commit\":\"--all\"|" ../line >../commit &&
	git notes --ref=model add -f -F ../commit $blob 2>../err &&
	test_must_fail git model reproduce m.bin 2>../err &&
	nothing_is_left
'

test_expect_success '--keep leaves the work tree there' '
	cd r && git model reproduce --keep moved.bin >../out 2>../err &&
	dir=$(sed -n "s/^kept in .\(.*\).; .*/\1/p" ../err) &&
	test_path_is_file "$dir/model.bin" &&
	git worktree remove --force "$dir" && nothing_is_left
'

test_expect_success 'told to stop while it runs, it clears away and says so' '
	git init -q stop && cd stop && git model track "*.bin" >../out &&
	cat >train.sh <<-EOF &&
	echo 1 >m.bin
	test ! -e "$TRASH/slow" || { echo ready >"$TRASH/ready"; sleep 30; }
	EOF
	git add . && git commit -qm one && run -- sh train.sh &&
	git commit -qm two && touch "$TRASH/slow" &&
	{ git-model reproduce m.bin >../out 2>../err & } && pid=$! &&
	until test -s "$TRASH/ready"; do sleep 0.05; done &&
	kill -TERM $pid && test_expect_code 1 wait $pid &&
	test_grep "exit status 143, not 0" ../out && nothing_is_left
'

test_expect_success 'told to stop before it runs, it clears away' '
	cd stop && rm -f "$TRASH/slow" &&
	for i in 1 2 3 4 5 6
	do
		{ git-model reproduce m.bin >../out 2>../err & } && pid=$! &&
		sleep 0.0$i && { kill -TERM $pid || :; } && { wait $pid || :; } &&
		nothing_is_left || return 1
	done
'

test_expect_success 'told to stop in the moment in which it has made its folder' '
	cd stop && ls -A "$TRASH/tmp" >../out && test_must_be_empty ../out &&
	{ strace -qq -o /dev/null -e trace=mkdir,mkdirat -e inject=mkdir,mkdirat:delay_exit=400000 \
		sh -c "echo \$\$ >../pid; exec git-model reproduce m.bin" >../out 2>../err & } && tracer=$! &&
	until test -n "$(ls -A "$TRASH/tmp")"; do kill -0 $tracer && sleep 0.01 || return 1; done &&
	kill -TERM $(cat ../pid) && { wait $tracer || :; } &&
	nothing_is_left
'

test_done
