#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='git model lineage: what a content was made of, and what of it'
. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

run () {
	git model run --no-environment "$@" 2>"$TRASH/work/run-err"
}

oid_of () {
	git cat-file -p ":$1" | sed -n 's/^oid //p'
}

# Add lines to the note of the pointer at a path.
add_note () {
	git notes --ref=model append -F - "$(git rev-parse ":$1")" &&
	git notes --ref=model show "$(git rev-parse ":$1")" |
	sed "/^\$/d" | sort >"$TRASH/lines" &&
	git notes --ref=model add -f -F "$TRASH/lines" \
		"$(git rev-parse ":$1")" 2>"$TRASH/notes-err"
}

test_expect_success 'data, code, model, derived model' '
	git init -q r && cd r && git model track "*.bin" >../out &&
	echo data >train.bin && echo held >eval.bin &&
	echo "cat train.bin >base.bin; echo b >>base.bin" >train.sh &&
	echo "cat base.bin >tuned.bin; echo t >>tuned.bin" >tune.sh &&
	git add . && git commit -qm "the code" &&
	run --name base --in train.bin -- sh train.sh &&
	git add . && git commit -qm "the model" &&
	run --name tune --in base.bin -- sh tune.sh &&
	git model record base.bin --metric auc=0.5 --eval-data eval.bin >../out &&
	git add . && git commit -qm tuned &&
	git model lineage tuned.bin >../actual &&
	test_grep "^tuned.bin  $(oid_of tuned.bin | cut -c8-14)  model" ../actual &&
	test_grep "output: run tune" ../actual &&
	test_grep "input: base.bin  $(oid_of base.bin | cut -c8-14)" ../actual &&
	test_grep "output: run base" ../actual &&
	test_grep "input: train.bin" ../actual &&
	test_grep "eval: eval.bin" ../actual &&
	test_grep "code: commit the code" ../actual &&
	test_grep "code: commit the model" ../actual &&
	test_grep ! "used for" ../actual &&
	git model lineage train.bin >../actual &&
	test_grep "used for" ../actual && test_grep ! "made from" ../actual &&
	test_grep "output: tuned.bin" ../actual &&
	test_grep ! eval.bin ../actual && test_grep ! commit ../actual
'

test_expect_success 'JSON and dot say the same' '
	cd r && git model lineage --json tuned.bin >../json &&
	test $(grep -c "\"kind\"" ../json) = 8 &&
	sed -n "s/^ *\"id\": \"\(.*\)\",*/\1/p" ../json | head -n 1 >../id &&
	oid_of tuned.bin >../expect && test_cmp ../expect ../id &&
	git model lineage --dot tuned.bin >../dot &&
	test_grep "^digraph" ../dot &&
	grep -c -e "->" ../dot >../edges &&
	grep -c "\"from\"" ../json >../expect && test_cmp ../expect ../edges &&
	test_expect_code 129 git model lineage --dot --json tuned.bin 2>../err &&
	test_expect_code 129 git model lineage 2>../err &&
	test_expect_code 129 git model lineage a b c 2>../err &&
	test_expect_code 128 git model lineage nothing.bin 2>../err
'

test_expect_success 'across renames and branches, and by content id' '
	cd r && old=$(oid_of base.bin) && git checkout -q --orphan other &&
	git rm -rq --cached . && rm -f *.bin &&
	git checkout -q main -- tuned.bin .gitattributes &&
	git mv tuned.bin renamed.bin && git commit -qm alone &&
	git model lineage renamed.bin >../actual &&
	test_grep "^renamed.bin" ../actual &&
	test_grep "input: base.bin" ../actual &&
	test_grep "input: train.bin" ../actual &&
	git model lineage "$old" >../actual &&
	test_grep "output: run base" ../actual &&
	test_grep "output: renamed.bin" ../actual
'

test_expect_success 'a name that is shown is the one of today' '
	git init -q names && cd names && git model track "*.bin" >../out &&
	echo in >a.bin && git add . && git commit -qm one &&
	run --name x --in a.bin -- sh -c "cat a.bin >m.bin; echo >>m.bin" &&
	git mv a.bin corpus.bin && mkdir .gitmodel &&
	printf "[artifact \"fraud\"]\npath = m.bin\ntype = classifier\n" >.gitmodel/config &&
	git add . && git commit -qm two &&
	git model lineage fraud >../actual &&
	test_grep "^fraud .* classifier" ../actual &&
	test_grep "input: corpus.bin" ../actual && test_grep ! a.bin ../actual
'

test_expect_success 'two that share their data are not each other'\''s lineage' '
	git init -q siblings && cd siblings && git model track "*.bin" >../out &&
	echo in >d.bin && git add . && git commit -qm one &&
	run --in d.bin -- sh -c "echo 1 >one.bin" &&
	run --in d.bin -- sh -c "echo 2 >two.bin" &&
	run --name both --in d.bin --out three.bin --out four.bin -- \
		sh -c "echo 3 >three.bin; echo 4 >four.bin" &&
	git model lineage one.bin >../actual && test_grep d.bin ../actual &&
	test_grep ! two.bin ../actual && test_grep ! three.bin ../actual &&
	git model lineage three.bin >../actual && test_grep ! four.bin ../actual &&
	git model lineage d.bin >../actual &&
	for f in one two three four
	do
		test_grep "output: $f.bin" ../actual || return 1
	done
'

test_expect_success 'cycles end' '
	git init -q cycle && cd cycle && git model track "*.bin" >../out &&
	echo a >a.bin && echo b >b.bin && git add . && git commit -qm one &&
	git model record a.bin --data b.bin >../out &&
	git model record b.bin --data a.bin >../out &&
	run --in a.bin -- sh -c "touch a.bin; sleep 0.01; echo a >a.bin" &&
	git model lineage a.bin >../actual &&
	test_grep "data: b.bin" ../actual && test_grep above ../actual
'

test_expect_success 'no records, foreign lines, other kinds' '
	git init -q foreign && cd foreign && git model track "*.bin" >../out &&
	echo a >a.bin && echo b >b.bin && echo c >c.bin && git add . &&
	git commit -qm one && git model lineage a.bin >../actual &&
	test_grep "^a.bin" ../actual &&
	git model record a.bin --data b.bin >../out &&
	add_note a.bin <<-EOF &&
	somebody else wrote $(oid_of c.bin)
	{"t":"2026-01-01T00:00:00.000Z","kind":"approval","content":"$(oid_of a.bin)","data":[{"content":"$(oid_of c.bin)"}],"id":"0000000000000001","size":2}
	{"t":"2026-01-01T00:00:00.000Z","kind":"evidence","content":"$(oid_of a.bin)","data":[{"content":"$(oid_of c.bin)"
	EOF
	git model lineage a.bin >../actual && test_grep "data: b.bin" ../actual &&
	test_grep ! c.bin ../actual
'

test_expect_success 'hostile names stay in their place' '
	git init -q hostile && cd hostile && git model track "*.bin" >../out &&
	echo a >a.bin && git add . && git commit -qm one &&
	add_note a.bin <<-EOF &&
	{"t":"2026-01-01T00:00:00.000Z","kind":"evidence","content":"$(oid_of a.bin)","data":[{"content":"sha256:1111111111111111111111111111111111111111111111111111111111111111","name":"\u001b[2J\"]; evil -> x\n","role":"tr\"]ain"}],"id":"0000000000000001","size":2}
	EOF
	git model lineage a.bin >../actual && test_grep "tr.*ain: " ../actual &&
	tr -dc "\033" <../actual >../escapes && test_must_be_empty ../escapes &&
	git model lineage --dot a.bin >../dot &&
	test_grep ! "^[^\"]*evil" ../dot && test_line_count = 7 ../dot
'

test_expect_success 'more than can be shown is said so' '
	git init -q many && cd many && git model track "*.bin" >../out &&
	echo a >a.bin && git add . && git commit -qm one &&
	oid=$(oid_of a.bin) &&
	awk -v oid="$oid" "BEGIN {
		for (i = 0; i < 520; i++) {
			printf \"{\\\"t\\\":\\\"2026-01-01T00:00:00.000Z\\\",\\\"kind\\\":\\\"evidence\\\",\\\"content\\\":\\\"%s\\\",\\\"data\\\":[\", oid
			for (j = 0; j < 20; j++)
				printf \"%s{\\\"content\\\":\\\"sha256:%064x\\\"}\", j ? \",\" : \"\", i * 20 + j + 1
			printf \"],\\\"id\\\":\\\"%016x\\\",\\\"size\\\":2}\n\", i
		}
	}" </dev/null >../lines && git hash-object -w ../lines >../note &&
	git notes --ref=model add -C $(cat ../note) $(git rev-parse :a.bin) &&
	git model lineage --json a.bin >../json 2>../err &&
	test_grep "more of it than can be shown" ../err &&
	test $(grep -c "\"kind\"" ../json) = 10000
'

test_done
