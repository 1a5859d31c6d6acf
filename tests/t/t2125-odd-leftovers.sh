#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='what a killed git-model left, and what is no file'

. ./lib-test.sh

# the file, from its pointer, by git-model's own hand
again () { git cat-file blob :a.bin >a.bin && git model checkout; }

tmp=.git-model-0123456789abcdef.tmp

test_expect_success 'git add -A passes over what a killed checkout leaves' '
	git model install && git init -q r && cd r && git model track "*.bin" && mv-test random 9000 1 >a.bin &&
	git add . && git commit -q -m one && again &&
	printf x >"${tmp}" && mkdir d && printf x >d/$tmp && git add -A && test -z "$(git status --porcelain)" &&
	again && test_path_is_missing $tmp && rm -rf d
'

test_expect_success 'the line comes once, behind whatever stands there' '
	cd r && test $(grep -c "^.git-model-\*.tmp$" .git/info/exclude) = 1 && printf "mine" >.git/info/exclude &&
	for i in 1 2; do again || return 1; done &&
	printf "mine\n.git-model-*.tmp\n" >../expect && test_cmp ../expect .git/info/exclude
'

test_expect_success 'and pre-commit refuses one' '
	cd r && printf x >$tmp && git add -f $tmp && test_must_fail git commit -q -m two 2>../err &&
	test_grep "a temporary file of a git-model that was killed" ../err && test_grep "git rm -f" ../err &&
	git rm -q -f $tmp && mkdir e && printf x >e/$tmp && git add -f e/$tmp && test_must_fail git commit -q -m two &&
	git rm -q -f e/$tmp && echo "mine.git-model-0123.tmp" >ok && git add ok && git commit -q -m two
'

test_expect_success 'a FIFO and a socket are called what they are' '
	cd r && mkfifo f.bin && test_must_fail git model add f.bin 2>../err && test_grep "f.bin. is a named pipe" ../err &&
	rm f.bin && perl -MIO::Socket::UNIX -e "IO::Socket::UNIX->new(Local => q(s.bin), Listen => 1) or die" &&
	test_must_fail git model add s.bin 2>../err && test_grep "s.bin. is a socket" ../err && rm s.bin &&
	ln -s / out && test_must_fail git model add out/etc/passwd 2>../err && test_grep "symbolic link" ../err
'

test_done
