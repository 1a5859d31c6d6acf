#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='audit: who did what, when, on what evidence, verified or not'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
unset GIT_AUTHOR_DATE GIT_COMMITTER_DATE

if ! have_faketime
then
	skip_all='no faketime here'
	test_done
fi

# at <day hh:mm> <person> <command>...: in March 2026
at () {
	at_when="@2026-03-$1:00" at_who=$2 && shift 2 &&
	as "$at_who" later "$at_when" "$@"
}

setup () {
	person alice bob mallory && git init -q w && cd w &&
	git model install --local && git model track "*.bin" &&
	mkdir .gitmodel models &&
	printf "%s\n" "[artifact \"fraud\"]" "path = models/fraud.bin" \
		"[artifact \"other\"]" "path = other.bin" >.gitmodel/config &&
	printf "%s\n" "[stage \"production\"]" "approvals = 1" \
		"forbid-self-approval = promoter" \
		"require-signature = tag approval" >.gitmodel/policy &&
	signers alice bob >.gitmodel/allowed_signers &&
	mv-test random 20K 1 >models/fraud.bin && mv-test random 2K 2 >other.bin &&
	git add . && at "01 09:00" alice git commit -qm policy &&
	at "02 10:01" alice git model register fraud@v1.0.0 &&
	at "02 10:02" alice git model register other@v1.0.0 &&
	at "02 10:03" bob git model approve fraud@v1.0.0 --stage production \
		--reason "=HYPERLINK(\"http://x\"), good" &&
	at "02 10:04" alice git model promote fraud@v1.0.0 production &&
	at "03 10:05" alice git model demote "fraud#production" &&
	at "04 10:06" bob git model reject fraud@v1.0.0 --stage production \
		--reason "<b>it|is</b> biased"
}

# column <number> <file>: of a CSV whose cells have no commas
column () {
	cut -d , -f "$1" "$2" | tr -d '\r"'
}

test_expect_success 'everything in the order of time, with who and whether it holds' '
	setup && git model audit >../out &&
	test_grep "2026-03-01T09:00:.*policy change .*alice@example.com  verified" ../out &&
	test_grep "2026-03-02T10:01:.*registration  fraud@v1.0.0  alice@example.com  verified" ../out &&
	test_grep "10:03:.*approval .*fraud@v1.0.0 production  bob@example.com  verified: =HYPERLINK" ../out &&
	test_grep "10:04:.*promotion .*fraud@v1.0.0 production  alice@example.com  verified: yes" ../out &&
	test_grep "2026-03-03T10:05:.*demotion " ../out &&
	test_grep "2026-03-04T10:06:.*rejection .*bob@example.com" ../out &&
	test_line_count = 7 ../out && sort -c ../out
'

test_expect_success 'within a second: what was said comes before what rests on it' '
	cp -r w second && cd second &&
	at "05 10:00" bob git model approve fraud@v1.0.0 --stage production &&
	at "05 10:00" alice git model promote fraud@v1.0.0 production &&
	git model audit --since 2026-03-05T10:00:00Z --until 2026-03-05T10:00:01Z >../out &&
	sed "s/^[^ ]*  *\([a-z]*\).*/\1/" ../out >../actual &&
	printf "%s\n" approval promotion >../expect && test_cmp ../expect ../actual
'

test_expect_success 'one artifact, and a span of time' '
	cd w && git model audit fraud >../out && test_grep ! other ../out &&
	test_grep ! "policy change" ../out && test_line_count = 5 ../out &&
	git model audit --since 2026-03-03 >../out && test_line_count = 2 ../out &&
	git model audit --until 2026-03-02 >../out && test_line_count = 1 ../out &&
	git model audit --since 2026-03-02T10:02:00Z --until 2026-03-02T10:04:00Z >../out &&
	test_line_count = 2 ../out &&
	test_expect_code 128 git model audit nothing 2>../err && test_grep "no artifact" ../err &&
	test_when_finished "git checkout -q .gitmodel/config" &&
	printf "[artifact \"nothing\"]\npath = models/nothing.bin\n" >>.gitmodel/config &&
	git model audit nothing 2>../err && test_grep "nothing is known" ../err
'

test_expect_success 'CSV: RFC 4180, and nothing that a spreadsheet calculates' '
	cd w && git model audit --format csv >../out.csv &&
	test $(wc -l <../out.csv) = 8 && test $(grep -c "\"$(printf "\r")\$" ../out.csv) = 8 &&
	head -n 1 ../out.csv | tr -d "\r" >../head &&
	test_grep "^\"when\",\"witnessed\",\"who\",\"action\",\"artifact\",\"version\",\"stage\",\"verified\",\"object\"" ../head &&
	test_grep "\"approval\",\"fraud\",\"v1.0.0\",\"production\",\"yes\"" ../out.csv &&
	test_grep ",\".=HYPERLINK(\"\"http://x\"\"), good\"," ../out.csv &&
	test_grep ! ",\"[=+@-]" ../out.csv &&
	test_grep "\"sha256:[0-9a-f]\{64\}\",\"sha256:[0-9a-f]\{64\}\"" ../out.csv
'

test_expect_success 'names of strangers, in every format' '
	cp -r w hostile && cd hostile &&
	at "05 10:00" mallory git -c user.email="+cmd|calc@x" -c user.name="=x" \
		tag -a -m x "fraud#lab#4" HEAD &&
	printf "object %s\ntype commit\ntag fraud#lab#5\ntagger =x <@SUM(1)\033[2J|<script>> 1772800000 +0000\n\nx\n" \
		$(git rev-parse HEAD) | git hash-object -t tag -w --stdin --literally >../oid &&
	git update-ref "refs/tags/fraud#lab#5" $(cat ../oid) &&
	git model audit --format csv >../out.csv && test_grep ! ",\"[=+@-]" ../out.csv &&
	test_grep ! "$(printf "\033")" ../out.csv &&
	git model audit --format md >../out.md && test_grep ! "<script" ../out.md &&
	test_grep ! "<b>" ../out.md && test_grep "&#60;b&#62;it\\\\|is&#60;/b&#62; biased" ../out.md &&
	test_grep ! "$(printf "\033")" ../out.md &&
	git model audit >../out && test_grep ! "$(printf "\033")" ../out &&
	git model audit --json >../out.json && test_grep ! "$(printf "\033")" ../out.json
'

test_expect_success 'a table for people, and JSON for programs' '
	cd w && git model audit --format md >../out.md && test $(wc -l <../out.md) = 9 &&
	head -n 1 ../out.md >../head && test_grep "^| when | witnessed | who |" ../head &&
	sed -n 2p ../out.md >../line && test_grep "^|---|---|" ../line &&
	git model audit --format json >../a.json && git model audit --json >../b.json &&
	test_cmp ../a.json ../b.json &&
	test_grep "\"action\": \"promotion\"" ../a.json &&
	test_grep "\"verified\": \"yes\"" ../a.json &&
	test_grep "\"witnessed\": false" ../a.json
'

test_expect_success 'what does not hold is listed as such' '
	cp -r w forged && cd forged && blob=$(git rev-parse HEAD:models/fraud.bin) &&
	git notes --ref=model show $blob | grep "\"kind\":\"approval\"" | head -n 1 >../line &&
	git notes --ref=model append -F ../line $(git rev-parse HEAD:other.bin) &&
	sed "s/\"sig\":\"\(.\{40\}\)..../\"sig\":\"\1AAAA/" ../line >../bad &&
	git notes --ref=model append -F ../bad $blob &&
	git tag -d "fraud#production#1" && git model audit >../out &&
	test_grep "DOES NOT HOLD" ../out &&
	test_grep "moved here from another content" ../out &&
	test_grep "approval .*DOES NOT HOLD" ../out
'

test_expect_success 'how it is called' '
	cd w && test_expect_code 129 git model audit a b c 2>../err &&
	test_expect_code 129 git model audit --format xml 2>../err &&
	test_grep "xml. is no format" ../err &&
	test_expect_code 129 git model audit --since never 2>../err
'

test_done
