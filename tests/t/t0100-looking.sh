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
	grep "^$oid  \*  *439.5 KiB  a.bin$" actual
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

test_expect_success 'git model status of what is nowhere is an error' '
	cp -r r nowhere && cd nowhere && git reset -q --hard && git model status . ":/*.bin" .gitattributes &&
	for path in nosuch nosuch/ "*.nosuch"
	do
		test_expect_code 128 git model status "$path" 2>../err &&
		test_grep "no file here, nor one that is staged" ../err &&
		test_expect_code 128 git model status --json . "$path" || return 1
	done &&
	mkdir -p .gitmodel && file=$(git ls-files "*.bin" | sed 1q) &&
	printf "[artifact \"named\"]\npath = %s\n" "$file" >.gitmodel/config &&
	test_expect_code 128 git model status named 2>../err && test_grep "the artifact of that name is .$file" ../err &&
	git rm -q --cached "$file" && rm "$file" && git model status "$file" >../out && test_grep "^deleted" ../out &&
	git model status .gitmodel >../out && test_grep "nothing of that is tracked" ../out
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

test_expect_success 'many files of a folder in one commit are one line of du' '
	git init -q many && cd many && git model install --local &&
	git model track "*.png" && mkdir -p images few &&
	for i in 1 2 3 4 5 6 7 8 9 10 11 12
	do
		mv-test random 2000 $i >images/$i.png || return 1
	done &&
	mv-test random 1000 50 >few/a.png && mv-test random 1000 51 >few/b.png &&
	mv-test random 1000 52 >top.png &&
	git add . && git commit -qm "images" &&
	rm images/12.png && mv-test random 3000 60 >images/1.png &&
	git commit -qam "another" &&
	git model du >actual && sed "/^[0-9]* versions/,\$d" actual >lines &&
	test_line_count = 6 lines &&
	test_grep " 23.4 KiB .* images/  12 files$" lines &&
	test_grep " few/a.png$" lines && test_grep " few/b.png$" lines &&
	test_grep " top.png$" lines && test_grep " images/1.png$" lines &&
	test_grep "^16 versions, " actual &&
	git model du --all >actual && test_grep " images/7.png$" actual &&
	test_grep ! "files$" actual
'

test_expect_success 'one is one: version, content, file' '
	git init -q one && cd one && git model install --local &&
	git model track "*.bin" && mv-test random 2000 1 >a.bin &&
	git add . && git commit -qm one && git model du >actual &&
	test_grep "^1 version, " actual &&
	git init -q --bare ../one.git && git remote add origin ../one.git &&
	git model push >actual && test_grep "uploaded 1 content (.* in 1 new chunk), 0 were" actual
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
