#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='git model filter-process: clean and smudge, called by git'
. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

oid_of () { sha256sum <"$1" | cut -d' ' -f1; }

# talk <packets>: "-" is a flush, "@file" a file's bytes, else a line of text
pkt () {
	for p
	do
		case "$p" in
		-) printf 0000 ;;
		@*)
			printf "%04x" $(($(stat -c %s "${p#@}") + 4)) &&
			cat "${p#@}" ;;
		*) printf "%04x%s\n" $((${#p} + 5)) "$p" ;;
		esac
	done
}
hello () {
	pkt git-filter-client version=2 - capability=clean capability=smudge \
		capability=delay -
}

test_expect_success 'a handshake opens nothing' '
	mkdir none && cd none && hello >in &&
	strace -f -o "$TRASH/strace" -e trace=execve,openat,clone3,clone \
		git-model filter-process <in >out &&
	pkt git-filter-server version=2 - capability=clean capability=smudge - >expect &&
	cmp expect out &&
	test_grep ! "\.git\|clone" "$TRASH/strace" &&
	test $(grep -c execve "$TRASH/strace") = 1
'

test_expect_success 'outside of a repository a request fails, and says so' '
	cd none && echo x >x &&
	{ hello && pkt command=clean pathname=x - @x -; } >in &&
	git-model filter-process <in >out 2>err &&
	grep -a "status=error" out && test_grep "not a git repository" err
'

test_expect_success 'a conversation that breaks off is an error' '
	cd none && { hello && pkt command=clean; } >in &&
	test_expect_code 128 git-model filter-process <in >out 2>err &&
	test_line_count = 1 err
'

test_expect_success 'clean: large, small and empty files' '
	git init -q r && cd r && echo "*.bin filter=model -text" >.gitattributes &&
	mv-test random 12M 1 >big.bin && mv-test random 3000 2 >small.bin &&
	: >empty.bin && git add . &&
	for f in big small
	do
		printf "git-model/1\noid sha256:%s\nsize %d\n" $(oid_of $f.bin) \
			$(test_file_size $f.bin) >../expect &&
		git cat-file blob :$f.bin >../actual &&
		test_cmp ../expect ../actual || return 1
	done &&
	git cat-file blob :empty.bin >../actual && test_must_be_empty ../actual &&
	git commit -qm one
'

test_expect_success 'clean gives back what git model add gives' '
	cd r && git ls-files -s >../expect && git model add . &&
	git ls-files -s >../actual && test_cmp ../expect ../actual
'

test_expect_success 'clean leaves pointers as they are, whatever the path' '
	cd r && git cat-file blob :big.bin >../p &&
	test $(git hash-object --path=new.bin --stdin <../p) = $(git rev-parse :big.bin) &&
	{ cat ../p && printf "x"; } >../q &&
	test_must_fail git hash-object --path=new.bin --stdin <../q 2>../err &&
	test_grep new.bin ../err
'

test_expect_success 'clean keeps a pointer of git-lfs as it is written' '
	cd r && cat >../lfs <<-EOF &&
	version https://git-lfs.github.com/spec/v1
	oid sha256:$(oid_of big.bin)
	size 12582912
	EOF
	test $(git hash-object --path=new.bin --stdin <../lfs) = \
		$(git hash-object --stdin --no-filters <../lfs) &&
	sed "s/\$/\r/" <../lfs >../crlf &&
	test $(git hash-object --path=new.bin --stdin <../crlf) = \
		$(git hash-object --stdin --no-filters <../crlf)
'

test_expect_success 'content that is known is hashed again, and not stored again' '
	cd r && sleep 0.05 && cp big.bin known.bin && sleep 0.05 &&
	git model add known.bin && touch -d "1 hour ago" .git/index &&
	packs=$(ls .git/model/packs) &&
	git update-index --force-remove known.bin &&
	filter_log git add known.bin &&
	test_grep "^clean known.bin" "$TRASH/requests" &&
	test $(git rev-parse :known.bin) = $(git rev-parse :big.bin) &&
	test "$packs" = "$(ls .git/model/packs)" && git commit -qm known
'

# Git streams from elsewhere than the file: the cache must not answer.
test_expect_success 'what is not the file of that name is hashed for itself' '
	cd r && for at in 0 5000000 12582911
	do
		cp known.bin ../other && mv-test edit ../other $at 1 $at &&
		git hash-object -w --path=known.bin --stdin <../other >../hash &&
		git cat-file blob $(cat ../hash) >../p &&
		test_grep $(oid_of ../other) ../p || return 1
	done &&
	{ cat known.bin && echo more; } >../longer &&
	git hash-object -w --path=known.bin --stdin <../longer >../hash &&
	git cat-file blob $(cat ../hash) | grep $(oid_of ../longer) &&
	head -c 9000000 known.bin >../shorter &&
	git hash-object -w --path=known.bin --stdin <../shorter >../hash &&
	git cat-file blob $(cat ../hash) | grep $(oid_of ../shorter) &&
	git model checkout >/dev/null
'

test_expect_success 'a cached answer is not given when the store has lost it' '
	git init -q lost && cd lost && git model track "*.bin" &&
	mv-test random 2M 7 >x.bin && sleep 0.05 && git model add x.bin &&
	rm -rf .git/model && git update-index --force-remove x.bin &&
	git add x.bin && test $(ls .git/model/packs | wc -l) -ge 1
'

test_expect_success 'smudge: small content passes through git' '
	cd r && rm small.bin && git checkout -q -- small.bin &&
	git cat-file blob :small.bin | grep $(oid_of small.bin)
'

test_expect_success 'smudge: what is no pointer is given out, with one warning' '
	git init -q raw && cd raw && mv-test random 3M 1 >a.bin && echo b >b.bin &&
	cp a.bin ../a && git add . && git commit -qm raw &&
	echo "*.bin filter=model -text" >.gitattributes && rm *.bin &&
	git checkout -q -- . 2>../err && cmp a.bin ../a &&
	test $(grep -c "no pointer" ../err) -ge 1 &&
	test_line_count = 2 ../err
'

test_expect_success 'smudge: a pointer whose content is nowhere stays, and we say what to do' '
	git init -q missing && cd missing && git model track "*.bin" &&
	printf "git-model/1\noid sha256:%064d\nsize 99\n" 7 >m.bin &&
	cp m.bin ../p && git add . && git commit -qm m && rm m.bin &&
	git checkout -q -- . 2>../err && cmp m.bin ../p &&
	test_grep "1 file is left as a pointer" ../err &&
	test_grep "git model fetch" ../err && test_grep "git model checkout" ../err &&
	git diff --quiet && git status --porcelain >../out &&
	test_must_be_empty ../out
'

test_expect_success 'smudge: a pointer that lies about the size stays' '
	cd r && printf "git-model/1\noid sha256:%s\nsize 12\n" $(oid_of small.bin) >lie.bin &&
	cp lie.bin ../p && git add lie.bin && rm lie.bin &&
	git checkout -q -- lie.bin 2>../err && cmp lie.bin ../p &&
	test_grep "has 3000" ../err && git rm -qf lie.bin
'

test_expect_success 'model.smudgeLimit decides who writes' '
	cd r && rm small.bin && filter_log git -c model.smudgeLimit=100 \
		checkout -q -- small.bin && work_tree_is_real &&
	rm small.bin &&
	test_must_fail git -c model.smudgeLimit=7x checkout HEAD -- small.bin 2>../err &&
	test_grep -i "model.smudgelimit" ../err && git checkout -q -f
'

test_expect_success 'filter=lfs is served from and into .git/lfs/objects' '
	git init -q lfsrepo && cd lfsrepo &&
	git config filter.lfs.process "git-model filter-process --lfs" &&
	git config filter.lfs.required true &&
	echo "*.bin filter=lfs -text" >.gitattributes &&
	mv-test random 12M 1 >l.bin && echo small >s.bin &&
	mkdir ../keep && cp *.bin ../keep && git add . && git commit -qm l &&
	oid=$(oid_of l.bin) && git cat-file blob :l.bin | grep "^version https://git-lfs" &&
	cmp l.bin .git/lfs/objects/$(echo $oid | cut -c1-2)/$(echo $oid | cut -c3-4)/$oid &&
	test_path_is_missing .git/model/packs &&
	rm *.bin && git checkout -q -- . && cmp l.bin ../keep/l.bin &&
	cmp s.bin ../keep/s.bin && git diff --quiet && no_temporaries
'

test_expect_success 'a damaged LFS object never reaches the work tree' '
	cd lfsrepo && oid=$(oid_of l.bin) &&
	object=.git/lfs/objects/$(echo $oid | cut -c1-2)/$(echo $oid | cut -c3-4)/$oid &&
	chmod u+w $object && mv-test flip $object 6000000 && rm l.bin &&
	git checkout -q -- l.bin 2>../err && test_grep "^version https" l.bin &&
	test_grep l.bin ../err && no_temporaries
'

test_expect_success 'memory does not grow with the file, in any process' '
	git init -q mem && cd mem && git model track "*.bin" &&
	mv-test random 400M 1 >x.bin && mv-test maxrss ../rss git add . &&
	test $(cat ../rss) -lt 147456 && git commit -qm x && rm x.bin &&
	mv-test maxrss ../rss git checkout -q -- . &&
	test $(cat ../rss) -lt 147456 && work_tree_is_real && cd .. && rm -rf mem
'

test_expect_success 'killed while cleaning, nothing that was answered is lost' '
	git init -q killed && cd killed && git model track "*.bin" &&
	for i in 1 2 3 4 5
	do
		mv-test random 300K $i >f$i.bin && mv-test random 2M $i >g$i.bin || return 1
	done &&
	{
		hello &&
		for f in f1 g1 f2 f3
		do
			pkt command=clean pathname=$f.bin - &&
			split -b 60000 --filter="cat >../part; printf %04x \$((\$(stat -c %s ../part) + 4)); cat ../part" $f.bin &&
			pkt - || return 1
		done
	} >../in &&
	mkfifo ../pipe && { git-model filter-process <../pipe >../out & } && pid=$! &&
	exec 9>../pipe && cat ../in >&9 &&
	for i in $(seq 100)
	do
		test $(grep -a -o "^oid sha256" ../out | wc -l) -lt 4 || break
		sleep 0.05
	done &&
	kill -9 $pid && exec 9>&- && { wait $pid || :; } &&
	for f in f1 g1 f2 f3
	do
		printf "git-model/1\noid sha256:%s\nsize %d\n" $(oid_of $f.bin) \
			$(test_file_size $f.bin) >../p.$f && cp $f.bin ../keep.$f &&
		git update-index --add --cacheinfo \
			100644,$(git hash-object -w --no-filters ../p.$f),$f.bin || return 1
	done &&
	rm *.bin && git model checkout -f >../out &&
	for f in f1 g1 f2 f3
	do
		cmp $f.bin ../keep.$f || return 1
	done
'

test_done
