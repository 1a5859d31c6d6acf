#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='GTO reads our tags, and we read those of GTO'
. ./lib-test.sh

# GTO takes the clock's time whatever git was told, and orders by seconds.
unset GIT_COMMITTER_DATE GIT_AUTHOR_DATE
later () {
	sleep 1.1
}

# The interpreter beside gto; see run.sh.
python=$(dirname "$(command -v gto)")/python

# GTO looks for a repository in all folders above, whatever git was told: it
# would write into the one that $B lies in.
gto () {
	test -d .git && command gto "$@"
}

# facts <program>: what it says of every event, a line each, by ref
facts () {
	"$@" history --json >"$TRASH/tmp/json" &&
	"$python" - "$TRASH/tmp/json" <<-\EOT
	import json, sys
	keys = "ref event artifact version stage commit author author_email priority message".split()
	for row in sorted(json.load(open(sys.argv[1])), key=lambda r: r["ref"]):
	    print([(row[k] or "").strip() if k != "priority" else row[k] for k in keys])
	EOT
}

agree () {
	facts gto >../gto && facts git model >../ours && test_cmp ../gto ../ours
}

commit () {
	mv-test random 1000 "$1" >f.bin && later && git commit -qam "version $1"
}

test_expect_success 'a repository with two artifacts, one of them in a folder' '
	git init -q r && cd r && git model install --local && git model track "*.bin" &&
	mkdir .gitmodel && printf "[artifact \"%s\"]\npath = %s\n" \
		fraud f.bin dir/sub:nn/small n.bin >.gitmodel/config &&
	mv-test random 1000 1 >f.bin && mv-test random 1000 2 >n.bin &&
	git add . && git commit -qm one
'

test_expect_success 'gto show, history and check-ref of what we registered' '
	cd r && git model register fraud && git model register dir/sub:nn/small @v1.0.0-rc.1 &&
	commit 3 && git model register --bump minor fraud -m "A better one." &&
	agree && test_line_count = 3 ../gto &&
	gto show --plain >../out && test_grep "fraud *v0.1.0" ../out &&
	test_grep "dir/sub:nn/small *v1.0.0" ../out &&
	gto check-ref fraud@v0.1.0 --event >../out && test_grep "^registration\$" ../out &&
	gto check-ref dir/sub=nn/small@v1.0.0-rc.1 --name >../out &&
	test_grep "^dir/sub:nn/small\$" ../out
'

test_expect_success 'what GTO registers and assigns' '
	cd r && commit 4 && gto register fraud --version v1.0.0 && later &&
	gto assign fraud --version v0.1.0 --stage production && later &&
	gto assign fraud --version v1.0.0 --stage production && later &&
	gto assign dir/sub:nn/small --version v1.0.0-rc.1 --stage dev &&
	agree && test_line_count = 7 ../gto && git branch v1 &&
	git model versions --plain | cut -f 1-3 >../actual &&
	printf "%s\t%s\t%s\n" dir/sub:nn/small v1.0.0-rc.1 dev \
		fraud v1.0.0 production fraud v0.1.0 - fraud v0.0.1 - >../expect &&
	test_cmp ../expect ../actual &&
	git model which "fraud#production" >../actual &&
	gto show "fraud#production" --version >../out &&
	test_grep "^v1.0.0\$" ../out && test_grep "^fraud@v1.0.0\$" ../actual &&
	git model checkout dir/sub:nn/small#dev
'

test_expect_success 'what we take back GTO takes back, and the other way round' '
	cd r && later && git model deregister fraud@v0.0.1 && later &&
	gto deprecate fraud v1.0.0 production && later &&
	gto deprecate fraud v1.0.0 && agree &&
	gto show fraud --json >../out && test_grep ! "\"v0.0.1\"" ../out && test_grep ! "\"v1.0.0\"" ../out &&
	git model versions --plain fraud | cut -f 2 >../actual && echo v0.1.0 >../expect &&
	test_cmp ../expect ../actual &&
	test_expect_code 1 git model which "fraud#production" &&
	test_expect_code 1 git model which fraud@v1.0.0
'

test_expect_success 'a version that GTO registers again' '
	cd r && later && gto register fraud v1 --version v1.0.0 --simple false &&
	agree && git model which fraud@latest >../actual && echo fraud@v1.0.0 >../expect &&
	test_cmp ../expect ../actual
'

test_expect_success 'deprecated by us, deprecated by GTO' '
	cd r && later && git model deprecate dir/sub:nn/small && agree &&
	gto show --json >../out && test_grep ! "dir/sub:nn/small" ../out &&
	later && gto deprecate fraud && agree && git model versions 2>../err &&
	test_grep "fraud. is deprecated" ../err
'

test_expect_success 'the next counter of both is the same' '
	cd r && git tag --list "*#[0-9]*" | sed "s/.*#//" | sort -n | tail -n 1 >../last &&
	later && gto assign fraud --version v0.1.0 --stage qa &&
	git tag --list "fraud#qa#*" >../actual && test_line_count = 1 ../actual &&
	later && git model deregister -f fraud@v0.1.0 >../made &&
	test "$(sed "s/.*#//" ../made)" = $(($(sed "s/.*#//" ../actual) + 1))
'

test_expect_success 'where GTO stops, we go on: two versions at a commit with a stage' '
	git init -q two && cd two && git commit -q --allow-empty -m one &&
	git tag -am 1 m@v1.0.0 && git tag -am 2 m@v2.0.0 && git tag -am 3 m#prod#1 &&
	test_must_fail gto show &&
	git model which m#prod >../actual && echo m@v2.0.0 >../expect && test_cmp ../expect ../actual
'

test_done
