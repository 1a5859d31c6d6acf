#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='git model compare: a leaderboard over versions, branches, runs'

. ./lib-test.sh
. "$TEST_DIR/lib-look.sh"

commit () {
	test_tick &&
	git -C repo add -A &&
	git -C repo commit -q -m "$1"
}

model () {
	(cd repo && git model "$@")
}

# Labels of the rows, in order.
labels () {
	model compare --json "$@" >json &&
	json json 'join ",", map { $_->{label} } @{$j->{rows}}'
}

test_expect_success 'set up: three versions, two branches, two artifacts' '
	git init -q repo &&
	(cd repo && git model install --local && git model track "*.st") &&
	mkdir repo/.gitmodel &&
	cat >repo/.gitmodel/config <<-\EOF &&
	[artifact "fraud"]
	path = a.st
	[artifact "churn"]
	path = c.st
	[metric "auc"]
	direction = up
	[metric "latency"]
	direction = down
	EOF
	mv-test random 4000 9 >repo/c.st &&
	commit churn &&
	note HEAD:c.st "\"metrics\":{\"auc\":0.5}" &&
	for i in 1 2 3
	do
		mv-test random 5000 $i >repo/a.st &&
		commit "v$i" &&
		git -C repo tag -a -m v "fraud@v0.$i.0" || return 1
	done &&
	note fraud@v0.1.0:a.st "\"metrics\":{\"auc\":0.91,\"latency\":5}" \
		"\"params\":{\"lr\":0.1,\"seed\":7}" &&
	note fraud@v0.2.0:a.st "\"metrics\":{\"auc\":0.95,\"latency\":9}" \
		"\"params\":{\"lr\":0.01,\"seed\":7}" &&
	note fraud@v0.3.0:a.st "\"metrics\":{\"auc\":0.93,\"latency\":9}" \
		"\"params\":{\"lr\":0.01,\"seed\":7}"
'

test_expect_success 'versions, newest first; the one that HEAD is at says so' '
	test "$(labels fraud)" = "v0.3.0,v0.2.0,v0.1.0" &&
	test "$(json json "join q(,), map { \$_->{version} } @{\$j->{rows}}")" = \
		"v0.3.0,v0.2.0,v0.1.0" &&
	test "$(json json "join q(,), map { \$_->{head} ? 1 : 0 } @{\$j->{rows}}")" = \
		"1,0,0" &&
	model compare fraud >table &&
	test_grep "^v0.3.0 (HEAD) " table &&
	test_grep "^v0.2.0  " table
'

test_expect_success 'HEAD has a row of its own where it is no version' '
	git -C repo checkout -q --detach &&
	git -C repo commit -q --allow-empty -m later &&
	test "$(labels fraud)" = "HEAD,v0.3.0,v0.2.0,v0.1.0" &&
	git -C repo checkout -q -
'

test_expect_success 'metrics are columns, also when all rows have the same' '
	model compare --where "latency = 9" fraud >table &&
	test_grep "latency" table &&
	test_grep "v0.2.0 .* 9\$" table
'

test_expect_success 'only params that differ are columns' '
	model compare fraud >table &&
	test_grep "lr" table &&
	test_grep ! "seed" table &&
	model compare --columns seed fraud >table &&
	test_grep "seed" table &&
	test_grep ! "auc" table
'

test_expect_success 'where, sort, pareto, and only so many' '
	test "$(labels --sort -auc fraud | cut -d , -f 1)" = v0.2.0 &&
	test "$(labels --sort auc fraud | cut -d , -f 1)" = v0.1.0 &&
	test "$(labels --where "auc > 0.92 and params.lr < 0.05" --sort -auc -n 1 fraud)" = \
		v0.2.0 &&
	test "$(labels --where "version = v0.1.0" fraud)" = v0.1.0 &&
	test "$(labels --pareto auc,latency fraud)" = "v0.2.0,v0.1.0" &&
	test "$(labels --where "nosuch > 1" fraud)" = "" &&
	test_expect_code 128 model compare --where "auc >" fraud 2>err &&
	test_expect_code 128 model compare --pareto seed fraud 2>err
'

test_expect_success 'all artifacts, when none is named' '
	test "$(labels)" = "v0.3.0,v0.2.0,v0.1.0,HEAD" &&
	test "$(json json "\$j->{rows}[-1]{artifact}")" = churn
'

test_expect_success 'branches, and a tracking ref that is nowhere else' '
	git -C repo branch exp fraud@v0.1.0 &&
	git -C repo update-ref refs/remotes/origin/main HEAD &&
	git -C repo update-ref refs/remotes/origin/theirs fraud@v0.2.0 &&
	test "$(labels --branches fraud)" = "exp,main,origin/theirs" &&
	test "$(json json "\$j->{rows}[0]{metrics}{auc}")" = 0.91
'

test_expect_success 'every commit, and every run' '
	test "$(labels --all fraud)" = "v0.3.0,v0.2.0,v0.1.0" &&
	for i in 1 2
	do
		note_kind=run &&
		note HEAD:a.st "\"metrics\":{\"auc\":0.9$i}" \
			"\"run\":{\"id\":\"000000000000000$i\",\"name\":\"try$i\",\"command\":[\"x\"],\"cwd\":\"\",\"started\":\"2026-01-01T00:00:00.000Z\",\"duration_ms\":1,\"exit\":0}" ||
			return 1
	done &&
	note_kind= &&
	labels --all fraud >list &&
	test_grep "try1" list &&
	test_grep "try2" list &&
	test "$(labels --all --where "run = 0000000000000001" --sort auc fraud)" = try1 &&
	test "$(json json "\$j->{rows}[0]{metrics}{auc}")" = 0.91
'

test_expect_success 'other formats; CSV that no spreadsheet obeys' '
	note fraud@v0.1.0:a.st "\"params\":{\"f\":\"=cmd()\",\"q\":\"a\\\"b\"}" &&
	model compare --format csv fraud >csv &&
	test_grep "^label,artifact,path,commit,when," csv &&
	test_grep "^\"v0.2.0\",\"fraud\",\"a.st\"" csv &&
	test_grep ",0.95," csv &&
	test_grep "\"'"'"'=cmd()\"" csv &&
	test_grep "\"a\"\"b\"" csv &&
	model compare --format html fraud >html &&
	test_grep -i "<!doctype html>" html &&
	model compare --format md fraud >md &&
	test_grep "^|.*auc" md
'

test_expect_success 'without .gitmodel/config: every file of ours' '
	git clone -q repo plain 2>/dev/null &&
	git -C plain rm -q -r .gitmodel &&
	git -C plain commit -q -m none &&
	(cd plain && git model compare --json) >json &&
	test "$(json json "join q(,), map { \$_->{path} } @{\$j->{rows}}")" = \
		"a.st,c.st"
'

test_expect_success 'what is wrongly asked' '
	test_expect_code 129 model compare a b &&
	test_expect_code 129 model compare --all --branches &&
	test_expect_code 129 model compare --format junit &&
	test_expect_code 128 model compare nosuch 2>err &&
	test_grep "nosuch" err
'

test_expect_success 'names from strangers never reach the terminal raw' '
	bad=$(printf "x\342\200\256") &&
	mv-test random 4000 50 >repo/c.st &&
	git -C repo add c.st &&
	git -C repo commit -q -m "$(printf "s\033[31m")" \
		--author "$(printf "E\033[31m\007 <e@x>")" &&
	git -C repo branch "b$bad" &&
	note HEAD:c.st "\"metrics\":{\"a\\u001b[2J\\u202e\":1}" \
		"\"params\":{\"p\\u009b\":\"v\\u001b\\u0007\"}" &&
	for format in text json md csv html
	do
		model compare --format $format --branches >out &&
		is_safe out || return 1
	done &&
	test_grep "x1b" out
'

test_expect_success 'an empty repository: nothing is committed yet' '
	git init -q empty &&
	test_expect_code 128 git -C empty model compare 2>err &&
	test_grep "nothing is committed here yet" err &&
	test_grep ! "bad revision" err
'

test_expect_success 'a version that there is not' '
	test_expect_code 128 git -C repo model show fraud@v9.9.9 2>err &&
	test_grep "version .v9.9.9. of .fraud. is not registered" err &&
	test_expect_code 128 git -C repo model show fraud@production 2>err &&
	test_grep ".fraud. has no version .production." err &&
	test_grep "fraud#<stage>" err
'

test_expect_success 'the stash and refs beside branches have their names' '
	git init -q names && git -C names config user.email a@example.com &&
	(
		cd names && git model install --local &&
		git model track "*.st" && mkdir .gitmodel &&
		git config -f .gitmodel/config artifact.fraud.path a.st &&
		mv-test random 4000 1 >a.st && git add -A &&
		test_tick && git commit -q -m one &&
		mv-test random 4000 2 >a.st && git add -A &&
		test_tick && git commit -q -m exp1 &&
		mv-test random 4000 3 >a.st && git add -A &&
		test_tick && git commit -q -m exp2 &&
		git update-ref refs/exps/ab/cdef/calm-sea HEAD &&
		git reset -q --hard HEAD~2 &&
		mv-test random 4000 4 >a.st && git add -A &&
		test_tick && git stash -q &&
		exp1=$(git rev-parse --short=7 refs/exps/ab/cdef/calm-sea~) &&
		main=$(git rev-parse --short=7 HEAD) &&
		for spec in "" fraud a.st
		do
			git model compare --all --json $spec >j &&
			json j "join q(,), sort map { \$_->{label} } @{\$j->{rows}}" >labels &&
			printf "%s\n" "$main" "exps/ab/cdef/calm-sea" \
				"exps/ab/cdef/calm-sea ($exp1)" "stash@{0}" |
			LC_ALL=C sort | tr "\n" , | sed "s/,\$//" >want &&
			LC_ALL=C tr , "\n" <labels | LC_ALL=C sort | tr "\n" , |
			sed "s/,\$//" >got &&
			test_cmp want got || return 1
		done &&
		git model compare --all --where "label ~ stash*" --json >j &&
		test "$(json j "scalar @{\$j->{rows}}")" = 1 &&
		git model log --all fraud >log && test_grep "stash@{0}" log
	)
'

test_expect_success 'which artifact a row speaks of, also where it is the only one' '
	(
		cd names && git model compare --all -n 1 >table &&
		test_grep "Artifact" table && test_grep "stash@{0}  *fraud" table &&
		git model compare >table && test_grep "main\|HEAD" table &&
		test_grep "Artifact" table && test_grep "fraud" table &&
		git model compare --format md >table && test_grep Artifact table &&
		git model compare fraud >table && test_grep ! Artifact table
	)
'

test_done
