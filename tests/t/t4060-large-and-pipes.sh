#!/bin/sh

test_description='memory that does not grow with a file, and pipes that nobody reads'

. ./lib-test.sh

# bounded <command>...: with little address space for our own process
bounded () {
	(ulimit -v 120000 && "$@")
}

test_expect_success 'a folder with a large plain file, and a large change' '
	git init -q r && cd r && git config core.bigFileThreshold 1m &&
	git config core.packedGitWindowSize 1m && git config core.packedGitLimit 8m &&
	git config core.compression 0 && mkdir d && mv-test random 150M 1 >d/big && echo 1 >d/a &&
	mv-test random 1000 2 >m.bin && git model install --local >/dev/null &&
	git model track m.bin && git add . && git commit -qm one &&
	bounded git-model show d >out && test_grep "2 files" out &&
	want=$(sha256sum <d/big | cut -c1-64) &&
	git-model record d --json --tag a=b >json &&
	oid=$(sed -n "s/.*\"oid\": \"\([0-9a-f]*\)\".*/\1/p" json) &&
	git model cat $oid >list && test_grep "^$want 157286400 big$" list
'

test_expect_success 'a large change is not held, and its digest is that of the diff' '
	cd r && git config --unset core.bigFileThreshold && mv-test random 20M 3 >big.txt &&
	git add big.txt && git commit -qm two && mv-test random 20M 4 >big.txt &&
	git model record m.bin --metric a=1 &&
	git notes --ref=model show $(git rev-parse :m.bin) >line &&
	want=$(git -c core.abbrev=40 diff --binary --full-index --no-ext-diff --no-textconv \
		--no-color --no-renames --no-relative --unified=3 HEAD | sha256sum | cut -c1-64) &&
	test_grep "\"dirty\":\"sha256:$want\"" line
'

test_expect_success 'a file that is too large for params is not read' '
	cd r && truncate -s 40M big.json &&
	test_must_fail git model record m.bin --params-file big.json 2>err &&
	test_grep "big.json. is too large for a file of params or metrics" err && rm big.json
'

# unread <command>...: its standard output is a pipe that nobody reads
cat >"$TRASH/unread" <<\EOT
pipe R, W;
close R;
open STDOUT, ">&", W or die;
$SIG{PIPE} = "DEFAULT";
exec @ARGV;
EOT
unread () {
	perl "$TRASH/unread" "$@"
}

test_expect_success 'a pipe that nobody reads: by the signal, without a word, as git' '
	cd r &&
	for c in "ls" "status" "log m.bin" "compare --all" "show m.bin" "show --json m.bin" "cat m.bin" "diff HEAD~1 HEAD --json" "version" "du"
	do
		test_expect_code 141 unread git model $c 2>err || return 1
		test_must_be_empty err || return 1
	done
'

test_done
