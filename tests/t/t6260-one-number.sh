#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='two people take one number; what a server refused'
. ./lib-test.sh

test_expect_success 'both register, and both promote' '
	git init -q --bare server && git init -q ann && cd ann && git model install --local >/dev/null &&
	git model track "*.bin" && mkdir .gitmodel && printf "[artifact \"m\"]\npath = m.bin\n" >.gitmodel/config &&
	mv-test random 10K 1 >m.bin && git add . && git commit -qm one && git remote add origin ../server &&
	git push -q origin main && cd .. && git clone -q server bo && cd bo && git model install --local >/dev/null &&
	mv-test random 10K 2 >m.bin && git add . && git commit -qm two && git model register m 2>../err &&
	test_grep "git model fetch says what to do.: git push origin m@v0.0.1$" ../err &&
	git model promote m@v0.0.1 production && cd ../ann && git model register m &&
	git model promote m@v0.0.1 production 2>../err && test_grep "git model fetch says what to do" ../err &&
	git push -q origin m@v0.0.1 "m#production#1"
'

# as_told: what fetch names, one after the other, until it names nothing more
as_told () {
	git model fetch >../said 2>&1
	sed -n "s/^.*: \(git tag -d .*\)$/\1/p" ../said >../run
}

test_expect_success 'who is refused is told what to run, and gets the next number' '
	cd bo && git push -q origin main:two && test_must_fail git push origin m@v0.0.1 && as_told &&
	test_line_count = 2 ../run && sh ../run && as_told && test_must_be_empty ../run &&
	git model which m@v0.0.1 --commit >../out && echo "$(git rev-parse origin/main)" >../expect &&
	test_cmp ../expect ../out && git model register m >../out 2>&1 && test_grep "^m@v0.0.2" ../out &&
	git model promote m@v0.0.2 production >../out && test_grep "^m#production#2" ../out &&
	git push -q origin m@v0.0.2 "m#production#2"
'

test_expect_success 'a forced tag says how it is taken away' '
	cd bo && printf "[stage \"staging\"]\nmax-size = 1KiB\n[stage \"production\"]\nmax-size = 1MiB\n" >.gitmodel/policy &&
	git add . && git commit -qm policy && git push -q origin main &&
	git model promote --force m@v0.0.2 staging 2>../err &&
	sed -n "s/^.*; \(git tag -d .*\) takes it away$/\1/p" ../err >../run && test_line_count = 1 ../run &&
	sh ../run && test -z "$(git tag -l "m#staging*")"
'

test_expect_success 'deprecate says no where a server would, and what to do first' '
	cd bo && test_expect_code 128 git model deprecate m 2>../err &&
	test -z "$(git tag -l "m@*deprecated*" "m@deprecated")" &&
	sed -n "s/^.*: \(git model demote .*\) first$/\1/p" ../err >../run && test_line_count = 1 ../run && sh ../run &&
	git model deprecate m
'

test_done
