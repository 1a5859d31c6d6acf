#!/bin/sh

test_description='git model status, ls, du, cat'

. ./lib-test.sh

test_expect_success 'a repository with two versions' '
	git config --global filter.model.process "git-model filter-process" &&
	git config --global filter.model.required true &&
	git init -q r &&
	cd r &&
	git model track "*.bin" &&
	mv-test random 300000 1 >a.bin &&
	mv-test random 300000 2 >b.bin &&
	echo text >readme &&
	git add . && test_tick && git commit -q -m one &&
	mv-test random 150000 3 >>a.bin &&
	git model add a.bin && test_tick && git commit -q -m two
'

test_expect_success 'git model ls names what is ours and nothing else' '
	cd r &&
	printf "%s\n" a.bin b.bin >expect &&
	git model ls >actual &&
	test_cmp expect actual
'

test_expect_success 'git model ls -l: oid, presence, size' '
	cd r &&
	oid=$(sha256sum <a.bin | cut -d" " -f1) &&
	git model ls -l >actual &&
	grep "^$oid \*  *439.5 KiB a.bin$" actual
'

test_expect_success 'git model ls of a revision, and as JSON' '
	cd r &&
	oid=$(git show HEAD~1:a.bin | sed -n "s/^oid sha256://p") &&
	git model ls --json HEAD~1 >actual &&
	grep "\"path\": *\"a.bin\"" actual &&
	grep "\"oid\": *\"$oid\"" actual &&
	grep "\"size\": *300000" actual
'

test_expect_success 'git model ls -z does not quote' '
	cd r &&
	mv-test random 70000 9 >"$(printf "n\nl").bin" &&
	git add . &&
	git model ls -z | tr "\0\n" "\n_" >actual &&
	grep "^n_l.bin$" actual &&
	git model ls | grep "^\"n.nl.bin\"$" &&
	git rm -q --cached "$(printf "n\nl").bin" && rm "$(printf "n\nl").bin"
'

test_expect_success 'git model cat: revision, index, oid' '
	cd r &&
	git model cat HEAD:a.bin | cmp - a.bin &&
	git model cat :b.bin | cmp - b.bin &&
	git model cat $(sha256sum <b.bin | cut -d" " -f1) | cmp - b.bin &&
	git model cat HEAD~1:a.bin >old &&
	test $(wc -c <old) = 300000 &&
	head -c 300000 a.bin | cmp - old
'

test_expect_success 'git model cat says why it cannot' '
	cd r &&
	test_expect_code 128 git model cat HEAD:readme 2>err &&
	grep "readme" err &&
	test_expect_code 128 git model cat HEAD:nothing 2>err &&
	grep "nothing" err &&
	test_expect_code 128 git model cat --  -x 2>err
'

test_expect_success 'git model status of a clean repository' '
	cd r &&
	git model status >actual 2>err &&
	echo "2 of 2 unchanged, 0 staged" >expect &&
	test_cmp expect actual
'

test_expect_success 'git model status sees each state' '
	cd r &&
	mv-test random 5000 4 >b.bin &&
	git model status >actual 2>err &&
	grep "^modified .* b.bin$" actual &&
	grep "git model add" err &&
	git model add b.bin &&
	git model status >actual &&
	grep "^unchanged *staged b.bin$" actual &&
	rm b.bin &&
	git model status >actual &&
	grep "^deleted *staged b.bin$" actual &&
	git show :b.bin >b.bin &&
	git model status >actual 2>err &&
	grep "^pointer *staged b.bin$" actual &&
	grep "git model checkout" err &&
	mv .git/model .git/model.away &&
	git model status >actual 2>err &&
	grep "^missing *staged b.bin$" actual &&
	grep "git model pull" err &&
	rm -rf .git/model && mv .git/model.away .git/model &&
	git model checkout b.bin &&
	git model status >actual &&
	grep "^unchanged *staged b.bin$" actual
'

test_expect_success 'git model status finds raw content in the index' '
	cd r &&
	blob=$(head -c 3000 a.bin | git hash-object -w --stdin) &&
	git update-index --add --cacheinfo 100644,$blob,raw.bin &&
	git model status >actual 2>err &&
	grep "raw.bin$" actual | grep "^raw" &&
	git model status --json >json &&
	grep "\"state\": *\"raw\"" json &&
	git update-index --force-remove raw.bin
'

test_expect_success 'git model du: what each version added' '
	cd r &&
	git commit -q -m three &&
	git model du >actual &&
	one=$(git rev-parse HEAD~2 | cut -c1-8) &&
	two=$(git rev-parse HEAD~1 | cut -c1-8) &&
	grep "^$one .*293.0 KiB .*293.0 KiB .*a.bin$" actual &&
	grep "^$two .*439.5 KiB" actual &&
	git model du --json >json &&
	logical=$(sed -n "s/^ *\"logical\": *\([0-9]*\),*$/\1/p" json | tail -n 1) &&
	test "$logical" = $((300000 + 300000 + 450000 + 5000))
'

test_expect_success 'an appended version shares what it had' '
	cd r &&
	git model du >actual &&
	grep "^dedup saved" actual | grep -v " 0 B "
'

test_expect_success 'in a bare repository: ls, cat and du of revisions' '
	git clone -q --bare r bare.git &&
	cd bare.git &&
	git model ls HEAD >actual &&
	printf "%s\n" a.bin b.bin >expect &&
	test_cmp expect actual &&
	git model du -s >/dev/null
'

test_done
