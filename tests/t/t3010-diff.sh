#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='git diff, log -p and show: what stands behind a pointer'

. ./lib-test.sh

data=$TEST_DIR/../data

oid_line () {
	echo "oid: sha256:$(sha256sum <"$1" | cut -c 1-64)"
}

test_expect_success 'set up' '
	git init -q repo &&
	(cd repo && git model install &&
		git model track "*.safetensors" "*.bin") &&
	mv-test safetensors repo/m.safetensors bf16 3M 1 &&
	mv-test random 40000 2 >repo/a.bin &&
	mkdir repo/sub &&
	git -C repo add . &&
	git -C repo commit -q -m one &&
	cp repo/m.safetensors one.safetensors &&
	cp repo/a.bin one.bin &&
	mv-test safetensors repo/m.safetensors bf16 4M 2 &&
	git -C repo commit -q -a -m two &&
	cp repo/m.safetensors two.safetensors
'

test_expect_success 'two versions: oid, size and layout' '
	git -C repo diff HEAD~1 HEAD >diff &&
	test_grep "^-$(oid_line one.safetensors)" diff &&
	test_grep "^+$(oid_line two.safetensors)" diff &&
	test_grep "^-size: $(test_file_size one.safetensors)" diff &&
	test_grep "^+size: $(test_file_size two.safetensors)" diff &&
	test_grep "^ format: safetensors" diff &&
	test_grep "^+.* BF16 \[" diff &&
	test_grep ! "git-model/1" diff &&
	test_grep ! "^Binary" diff
'

test_expect_success 'git show and git log -p' '
	git -C repo show HEAD >show &&
	test_grep "^+$(oid_line two.safetensors)" show &&
	git -C repo log -p >log &&
	test_grep "^+$(oid_line one.safetensors)" log &&
	test_grep "^+$(oid_line two.safetensors)" log &&
	test_grep "^+$(oid_line one.bin)" log
'

test_expect_success 'a file of the work tree and its pointer give one text' '
	git -C repo show HEAD:m.safetensors >pointer &&
	test_grep "^git-model/1" pointer &&
	(cd repo && git-model diff-text ../pointer >../expect &&
		git-model diff-text m.safetensors >../actual &&
		git-model diff-text "$PWD/m.safetensors" >../absolute) &&
	test_grep "^$(oid_line two.safetensors)" expect &&
	test_cmp expect actual &&
	test_cmp expect absolute
'

test_expect_success 'a changed file, not staged, from anywhere in the tree' '
	mv-test edit repo/a.bin 10 20 3 &&
	git -C repo diff >diff &&
	test_grep "^-$(oid_line one.bin)" diff &&
	test_grep "^+$(oid_line repo/a.bin)" diff &&
	test_grep "^ size: 40000" diff &&
	git -C repo/sub diff ../a.bin >again &&
	test_cmp diff again
'

test_expect_success 'a changed file is hashed once, then known by its stat' '
	mv-test random 5M 4 >repo/a.bin &&
	sleep 1.1 &&	# stamps of the same second prove nothing
	(cd repo && strace -e trace=pread64 -o ../trace \
		git-model diff-text a.bin >../expect) &&
	test_grep "= 1048576" trace &&
	(cd repo && strace -e trace=pread64 -o ../trace \
		git-model diff-text a.bin >../actual) &&
	test_cmp expect actual &&
	test_grep "^$(oid_line repo/a.bin)" actual &&
	test_grep ! "= 1048576" trace
'

test_expect_success 'memory does not grow with the file' '
	truncate -s 600M repo/large.bin &&
	(cd repo && mv-test maxrss ../peak git-model diff-text large.bin \
		>../text) &&
	test_grep "^size: 629145600" text &&
	test $(cat peak) -lt 40000 &&
	rm repo/large.bin
'

test_expect_success 'what was added, removed, and the empty file' '
	git -C repo checkout -q -- . &&
	: >repo/empty.bin &&
	git -C repo add empty.bin &&
	git -C repo rm -q a.bin &&
	git -C repo diff --cached >diff &&
	test_grep "^-$(oid_line one.bin)" diff &&
	test_grep "^new file mode" diff &&
	git -C repo reset -q --hard
'

test_expect_success 'content that is not here: said, and nothing is fetched' '
	git clone -q repo clone && sleep 1.1 &&
	git -C clone status >status && rm -rf clone/.git/model &&
	git -C clone log -p >log 2>err &&
	test_must_be_empty err &&
	test_grep "^+$(oid_line one.safetensors)" log &&
	test_grep "^+content is not here: git model fetch" log &&
	git -C clone show >show &&
	git -C clone diff HEAD~1 >diff &&
	test_path_is_missing clone/.git/model
'

test_expect_success 'bytes in git give the text of their content' '
	cp one.bin repo/raw.bin &&
	blob=$(git -C repo hash-object -w --no-filters raw.bin) &&
	git -C repo update-index --add --cacheinfo 100644,$blob,raw.bin &&
	git -C repo diff --cached -- raw.bin >diff &&
	test_grep "^+$(oid_line one.bin)" diff &&
	git -C repo reset -q --hard
'

test_expect_success 'a broken pointer is shown as it is' '
	{ echo "<<<<<<< ours" && cat pointer; } >marked &&
	(cd repo && git-model diff-text ../marked >../text) &&
	test_grep "^no pointer: " text &&
	test_grep "^<<<<<<< ours" text &&
	blob=$(git -C repo hash-object -w --no-filters ../marked) &&
	git -C repo update-index --cacheinfo 100644,$blob,a.bin &&
	git -C repo diff --cached >diff &&
	test_grep "^+<<<<<<< ours" diff &&
	git -C repo reset -q --hard
'

test_expect_success 'names in a header are safe, a malformed one no failure' '
	printf "\134\0\0\0\0\0\0\0" >repo/x.safetensors &&
	printf "%-92s" "{\"a\\u001b[31m\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}" \
		>>repo/x.safetensors &&
	printf x >>repo/x.safetensors &&
	(cd repo && git-model diff-text x.safetensors >../text) &&
	test_grep "^format: safetensors" text &&
	test_grep ! "$(printf "\033")" text &&
	truncate -s -1 repo/x.safetensors &&
	(cd repo && git-model diff-text x.safetensors >../text) &&
	test_grep "^format: malformed" text
'

test_expect_success 'outside of a repository a pointer says what it can' '
	git-model diff-text pointer >text &&
	test_grep "^$(oid_line two.safetensors)" text &&
	test_grep "^content is not here" text
'

test_expect_success 'a patch is made of pointers' '
	git -C repo format-patch -q -1 --stdout >patch &&
	test_grep "^+oid sha256:" patch &&
	git -C repo switch -q -c apply HEAD~1 &&
	git -C repo am -q ../patch &&
	cmp two.safetensors repo/m.safetensors
'

test_expect_success 'called wrongly' '
	test_expect_code 129 git-model diff-text &&
	test_expect_code 128 git-model diff-text no-such-file 2>err &&
	test_grep "no-such-file" err
'

test_done
