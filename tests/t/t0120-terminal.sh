#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='what people read on a terminal of any width'
. ./lib-test.sh

# fits <columns> <file>: no line is wider, but one that is a single word
fits () {
	LC_ALL=C.UTF-8 awk -v most="$1" -v file="$2" 'length > most && NF > 1 {
		print file ": " length ": " $0; bad = 1 } END { exit bad }' "$2"
}

# at <columns> <command>...: what it prints there, which must fit
at () {
	at_columns=$1 && shift &&
	COLUMNS=$at_columns git -C "$TRASH/work/repo" model "$@" \
		>"$TRASH/work/out" 2>"$TRASH/work/err"
	at_status=$? && fits $at_columns "$TRASH/work/out" && return $at_status
}

test_expect_success 'set up: two models, three versions each, stages' '
	git init -q repo && cd repo && git model install --local >/dev/null &&
	git model track "*.st" >/dev/null && mkdir .gitmodel models &&
	cat >.gitmodel/config <<-\EOT &&
	[artifact "fraud-detector"]
	path = model.st
	[artifact "sentiment"]
	path = models/sentiment-weights.st
	[metric "auc"]
	direction = up
	precision = 4
	[metric "latency_p95"]
	direction = down
	unit = ms
	EOT
	for i in 1 2 3
	do
		test_tick &&
		mv-test safetensors model.st f32 20K $i &&
		mv-test safetensors models/sentiment-weights.st \
			f32 20K 1$i &&
		for f in model.st models/*.st
		do
			git model add $f --param lr=${i}e-4 \
				--metric auc=0.9$i \
				--metric latency_p95=2$i >/dev/null || return 1
		done &&
		git add . && git commit -q -m "round $i, and a long subject" &&
		for a in fraud-detector sentiment
		do
			git model register $a >/dev/null &&
			git model promote $a@v0.0.$i staging >/dev/null ||
			return 1
		done
	done &&
	git model promote fraud-detector@v0.0.3 production >/dev/null
'

test_expect_success 'no line of -h is wider than 80 columns, nor than a narrower terminal' '
	for c in $("$TEST_DIR/../../scripts/commands.sh")
	do
		git model $c -h >out && fits 80 out &&
		COLUMNS=200 git model $c -h >wide && test_cmp out wide &&
		COLUMNS=50 git model $c -h >out && fits 50 out || return 1
	done
'

test_expect_success 'an example of two lines is one command' '
	git model run -h >out &&
	test_grep "git model run --in data.csv .* .$" out &&
	sed -n "/^examples:/,\$p" out | grep -A1 " .$" >two &&
	test_grep "^        --metrics-file" two
'

test_expect_success 'nothing is wider than the terminal, at 40, 80 and 120 columns' '
	for w in 40 80 120
	do
		at $w versions && at $w stages && at $w history &&
		at $w history fraud-detector && at $w verify --all &&
		at $w audit sentiment && at $w status --all && at $w ls -l && at $w du &&
		at $w log fraud-detector && at $w compare --all &&
		at $w diff HEAD~ HEAD && at $w show fraud-detector &&
		at $w lineage sentiment && at $w doctor &&
		at $w check fraud-detector@v0.0.1 production --explain ||
		return 1
	done
'

test_expect_success 'what a list is about stays at 40 columns' '
	at 40 versions && test_grep "^Artifact  *Version  Stages$" out &&
	test_grep "^fraud-detector  v0.0.3 " out &&
	test_grep "^(3 more columns: a wider terminal, or" out &&
	at 40 stages && test_grep "^fraud-detector  production  v0.0.3$" out &&
	at 40 history sentiment && test_grep "^Date  *Event  *Version  Stage$" out &&
	at 40 history && test_grep "^Artifact  *Event  *Version  Stage$" out &&
	at 40 du && test_grep "  model.st$" out &&
	at 40 ls -l && test_grep "del.st$" out && test_grep "^Content  *Here " out
'

test_expect_success 'the verdict of a metric is the last thing to go' '
	at 40 diff HEAD~ HEAD && test_grep "^  auc  *.*  better$" out &&
	test_grep "^  latency.*  worse$" out &&
	at 30 diff HEAD~ HEAD && test_grep "^  auc  *.*  better$" out
'

test_expect_success 'nothing is cut where no terminal is: pipes get all of it' '
	cd repo && git model versions >../out &&
	test_grep "  fraud-detector@v0.0.1$" ../out &&
	test_grep "production, staging" ../out &&
	git model ls -l >../out &&
	test_grep "^$(git cat-file blob HEAD:model.st | sed -n "s/^oid sha256://p")  \*" ../out &&
	git model du >../out &&
	test_grep "  models/sentiment-weights.st$" ../out &&
	git model verify --all >../out &&
	test_grep "^  ok  promotion .*committer@example.com  ungoverned$" ../out
'

test_expect_success 'columns have titles, and what is absent is a dash' '
	cd repo && git model versions >../out &&
	test_grep "^Artifact  *Version  Stages  *Registered  *Commit  *Ref$" ../out &&
	test_grep "^sentiment  *v0.0.1   -  " ../out &&
	git model log sentiment >../out &&
	test_grep "^v0.0.1  *2023-11-14  -  " ../out &&
	git model compare sentiment >../out && test_grep "^Version  " ../out &&
	git model diff HEAD~ HEAD >../out &&
	test_grep "^  Metric  .*  Change  Relative  Verdict$" ../out
'

test_expect_success 'history is by time, the newest first, of all artifacts' '
	cd repo && git model history >../out &&
	sed 1d ../out | cut -c1-20 >../times && sort -r ../times >../sorted &&
	test_cmp ../sorted ../times &&
	test_grep "^2023-11-14  22:1[67]:20  sentiment " ../out &&
	git model history --json >../json &&
	grep "\"timestamp\"" ../json >../times && sort -r ../times >../sorted &&
	test_cmp ../sorted ../times
'

test_expect_success 'a tag that is left out has a name' '
	cd repo && git tag sentiment@v9.0.0 && git tag sentiment@v9.0.1 &&
	git model versions >/dev/null 2>../err &&
	test_grep "^2 tags are left out: .*, and not .sentiment@v9.0.0., .sentiment@v9.0.1.$" ../err &&
	git tag -d sentiment@v9.0.1 >/dev/null &&
	git model stages >/dev/null 2>../err &&
	test_grep "^1 tag is left out: .* not .sentiment@v9.0.0.$" ../err &&
	git tag -d sentiment@v9.0.0 >/dev/null
'

test_expect_success 'doctor: findings that one command mends are one line' '
	git init -q bare-set-up &&
	(cd bare-set-up && test_expect_code 1 git model doctor >../out) &&
	grep "mend: git model install$" out >lines && test_line_count = 1 lines &&
	test_grep "^bad  configuration, hooks: .*, and [0-9]* more of this cause" lines &&
	cut -d" " -f2- out | sed -n "s/.*mend: //p" | sort | uniq -d >twice &&
	test_must_be_empty twice &&
	(cd bare-set-up && test_expect_code 1 git model doctor --json >../json) &&
	test $(grep -c "\"mend\": \"git model install\"" json) -gt 5
'

test_done
