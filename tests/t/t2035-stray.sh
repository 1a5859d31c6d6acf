#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='patterns that catch too much or too little, and what git
holds already'
. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

line='filter=model diff=model merge=model -text'

# -- what must stay readable in git --

test_expect_success 'a pattern that catches .gitattributes is refused' '
	git init -q wide && cd wide && mkdir sub data &&
	for p in "*" "**" ".git*" "*.*" ".gitmodel/**" ".gitmodel/config" \
		"/.gitignore" "**/.gitmodules" "*ignore" "[.]lfsconfig" ".gitmodel/*" \
		allowed_signers "al*" "*signers" "gpg_*" ".gitmodel/*.txt"
	do
		test_expect_code 128 git model track "$p" 2>../err &&
		test_grep "would also catch .\.[a-z/]*.*every clone is broken" ../err &&
		test_path_is_missing .gitattributes || return 1
	done &&
	(cd sub && test_expect_code 128 git model track "*" 2>../../err &&
		test_grep "would also catch .sub/.gitattributes" ../../err) &&
	git model track "data/**" "*.bin" "sub/*.gz" "**/models/*" &&
	(cd sub && git model track ".gitmodel/*") &&
	test_line_count = 4 .gitattributes
'

test_expect_success 'so is one that catches what is there already' '
	git init -q there && cd there && mkdir -p data/raw && echo "*.tmp" >data/raw/.gitignore &&
	test_expect_code 128 git model track "data/**" 2>../err &&
	test_grep "catch .data/raw/.gitignore" ../err &&
	git add . && git commit -q -m one && rm data/raw/.gitignore &&
	test_expect_code 128 git model track "data/**" 2>../err &&
	git checkout -q . &&
	printf "%s\n" "data/** $line" "data/raw/.gitignore !filter !diff !merge !text" \
		>.gitattributes && git model track "data/**" >../out &&
	test_grep already ../out && mv-test random 2000 1 >data/x &&
	git model add . && git commit -q -m two && echo "*.tmp" >../want &&
	git show HEAD:data/raw/.gitignore >../got && test_cmp ../want ../got
'

# advised <pattern>: what the refusal of it names is accepted, and enough
advised () {
	rm -f .gitattributes && test_expect_code 128 git model track "$1" 2>../err || return 1
	less=$(sed -n "s/.*name less (\x27\(.*\)\x27), or.*/\1/p" ../err) &&
	test_grep "by hand, and below it, for .*<name> !filter" ../err &&
	sed "s/.*below it, for \(.*\), .<name>.*/\1/" ../err | tr "," "\n" | tr -d "\047 " >../places &&
	if test -n "$less"
	then
		git model track "$less" >../out && test_grep Tracking ../out &&
		git add . && git commit -q --allow-empty -m "$less" 2>../err && rm .gitattributes || return 1
	fi
	{ echo "${1%/} $line" && sed "s/\$/ !filter !diff !merge !text/" ../places; } >.gitattributes &&
	case $1 in */) echo "$1** $line" && sed "s/\$/ !filter !diff !merge !text/" ../places ;; esac >>.gitattributes &&
	git add . && git commit -q --allow-empty -m "$1" && { git model doctor >../out || :; } &&
	test_grep "attributes" ../out && test_grep ! "that git must read" ../out && git rm -q -r --cached .
}

test_expect_success 'what is advised instead would not be refused' '
	git init -q advice && cd advice && git model install && mkdir -p data/raw .gitmodel sub && echo "*.tmp" >data/raw/.gitignore &&
	echo "*.o" >.gitignore && echo "[model]" >.gitmodel/config && echo "*.x text" >sub/.gitattributes &&
	mv-test random 5000 1 >data/raw/a.npy && mv-test random 9000 2 >w.st && echo text >data/notes.md &&
	for p in "data/**" "data/*/*" "*" "**" "/**" "*.*" "data/" "data/raw/" "**/*"
	do
		advised "$p" || return 1
	done &&
	rm -f .gitattributes && for p in "data/**" "data/raw/"
	do
		test_expect_code 128 git model track "$p" 2>../err && test_grep "name less (.data/.*\*\*/\*.npy.)" ../err || return 1
	done &&
	for p in .gitignore ".gitmodel/**" /.gitattributes
	do
		test_expect_code 128 git model track "$p" 2>../err && test_grep "every clone is broken$" ../err || return 1
	done
'

test_expect_success 'with such a line, add refuses and stages nothing' '
	git init -q hand && cd hand && echo "* $line" >.gitattributes && mv-test random 2000 1 >x.bin &&
	test_expect_code 128 git model add . 2>../err &&
	test_grep "catches .\.gitattributes" ../err && test_grep "nothing was added" ../err &&
	git ls-files >../out && test_must_be_empty ../out
'

test_expect_success 'a commit of them is refused, staged before the pattern or after' '
	cd hand && git model install && git add . &&
	test_must_fail git commit -q -m one 2>../err &&
	test_grep "error: .\.gitattributes.: a pointer stands where git must read" ../err &&
	echo "*.bin $line" >.gitattributes && git add . && git commit -q -m one &&
	mkdir .gitmodel && printf "[artifact \"x\"]\npath = x.bin\n" >.gitmodel/config &&
	git add . && git commit -q -m two &&
	echo ".gitmodel/* $line" >>.gitattributes && git add .gitattributes &&
	test_must_fail git commit -q -m three 2>../err &&
	test_grep "\.gitmodel/config.*git must read it" ../err
'

test_expect_success 'doctor finds them, nested ones too' '
	git init -q nested && cd nested && git model install && mkdir -p a/b &&
	mv-test random 2000 1 >a/b/x.bin && echo "*.o" >a/b/.gitignore &&
	echo "*.bin $line" >.gitattributes && git add . && git commit -q -m one &&
	{ git model doctor >../out || :; } && { test_grep ! "that git must read" ../out || return 1; } &&
	echo "* $line" >a/b/.gitattributes && git add a && git commit -q --no-verify -m two &&
	test_expect_code 1 git model doctor >../out &&
	test_grep "bad *attributes: a pattern catches 2 files that git must read.*a/b/.gitattributes" ../out
'

test_expect_success 'a small text file that is named is asked about, the rest is not' '
	git init -q text && cd text && git model install && echo "print(1)" >train.py && echo doc >README.md &&
	mv-test random 2000 1 >m.bin && : >empty && mkdir d && echo t >d/t.txt &&
	test_expect_code 128 git model add m.bin train.py README.md 2>../err &&
	test_grep "README.md. is a small text file (one of several)" ../err &&
	test_grep "nothing was added" ../err && test_grep -e --force ../err &&
	test_path_is_missing .gitattributes && git ls-files >../out && test_must_be_empty ../out &&
	test_expect_code 128 git model add -n train.py 2>../err &&
	git model add m.bin empty d && git ls-files >../out && test_grep d/t.txt ../out &&
	git show :d/t.txt >../out && test_grep "^t$" ../out &&
	git model add --force train.py && git show :train.py >../out && test_grep oid ../out &&
	git model track "*.md" && git model add README.md && git show :README.md >../out &&
	test_grep oid ../out && seq 100000 >data.csv && git model add data.csv &&
	git show :data.csv >../out && test_grep oid ../out
'

# -- pointers without a filter, bytes under it --

test_expect_success 'git mv out of the pattern: warned of, and listed by all three' '
	git init -q mv && cd mv && git model install && git model track "*.bin" &&
	mv-test random 3000 1 >w.bin && mv-test random 3000 2 >v.bin && git add . && git commit -q -m one 2>../err &&
	test_must_be_empty ../err &&
	git mv w.bin w.dat && git commit -q -m two 2>../err &&
	test_grep "warning: .w.dat.: a pointer that no staged .gitattributes" ../err &&
	git model status >../out 2>../err && test_grep "^stray  *w.dat$" ../out && test_grep "git model track <path>" ../err &&
	git model status --json >../out && test_grep "\"state\": \"stray\"" ../out &&
	test_expect_code 1 git model doctor >../out && test_grep "bad *files: git holds 1 pointer where.*w.dat" ../out &&
	git model fsck >../out && test_grep "stray pointer: .w.dat" ../out &&
	test_grep "nothing is damaged" ../out &&
	git model status v.bin >../out && test_grep ! stray ../out &&
	git clone -q . ../mv-clone && cd ../mv-clone && git model status >../out && test_grep "^stray  *w.dat$" ../out
'

test_expect_success 'commit -a of the bytes says what it does' '
	cd mv && echo more >>w.dat && git commit -q -a -m three 2>../err &&
	test_grep "warning: .w.dat.: git had a pointer here and gets the bytes" ../err &&
	git reset -q --hard HEAD~1 && git model track w.dat && git add . && git commit -q -m four 2>../err &&
	test_must_be_empty ../err && git model status >../out && test_grep ! stray ../out
'

test_expect_success 'untrack: the commit of .gitattributes names what stays a pointer' '
	cd mv && touch -d "2 minutes ago" v.bin && git status >../out &&
	git model untrack "*.bin" && git add . && git commit -q -m five 2>../err &&
	test_grep "warning: .v.bin.: git holds a pointer, and no pattern" ../err &&
	git model status >../out && test_grep "^stray  *v.bin$" ../out &&
	echo "v.bin -filter" >>.gitattributes && git model status >../out && test_grep ! stray ../out &&
	git model fsck >../out && test_grep ! stray ../out
'

test_expect_success 'a pointer whose .gitattributes is not staged' '
	git init -q half && cd half && git model install && git model track "*.bin" && mv-test random 3000 1 >x.bin &&
	git add x.bin && git commit -q -m one 2>../err &&
	test_grep "warning: .x.bin.: a pointer that no staged .gitattributes" ../err
'

# -- what git holds already --

test_expect_success 'track: git looks again at what it holds, and it is said' '
	git init -q old && cd old && git model install && mv-test random 30000 1 >a.dat && mv-test random 100 2 >b.dat &&
	: >c.dat && touch -d 2020-01-01 a.dat b.dat && git add . && git commit -q -m one && git status --porcelain >../out && test_must_be_empty ../out &&
	stat -c "%y %n" a.dat b.dat >../before &&
	git model track "*.dat" 2>../err && test_grep "git holds the bytes of .a.dat. themselves (29.3 KiB)" ../err &&
	test_grep "git add -u" ../err &&
	stat -c "%y %n" a.dat b.dat >../after && test_cmp ../before ../after &&
	git status --porcelain >../out && test_grep "^ M a.dat" ../out && test_grep "^ M b.dat" ../out && test_grep ! c.dat ../out &&
	git model status >../out && test_grep "^raw .*a.dat" ../out && git model fsck >../out && test_grep "raw bytes: .a.dat" ../out &&
	git add .gitattributes && git commit -q -m attributes 2>../err && test_grep "warning: .a.dat.: git holds the bytes" ../err &&
	test_grep "renormalize" ../err &&
	git add -u && git commit -q -m pointers && git show HEAD:a.dat >../out && test_grep oid ../out &&
	git status --porcelain >../out && test_must_be_empty ../out &&
	git model track "*.dat" 2>../err && test_must_be_empty ../err
'

test_expect_success 'large blobs are warned of, at the commit and at the push' '
	git init -q --bare large.git && git init -q large && cd large && git model install &&
	git remote add origin ../large.git && git config model.warnAbove 100k &&
	mkdir "a b" && mv-test random 200000 1 >"a b/big.dat" && mv-test random 90000 2 >small.dat && git add . &&
	git commit -q -m one 2>../err && test_grep "warning: .a b/big.dat.: 195.3 KiB go into git" ../err &&
	test_grep ! small ../err &&
	git rm -q -r "a b" && git commit -q -m two && git push -q origin main 2>../err &&
	test_grep "warning: .a b/big.dat.: 195.3 KiB go into git itself" ../err && test_line_count = 1 ../err &&
	git commit -q --allow-empty -m three && git push -q origin main 2>../err && test_must_be_empty ../err &&
	git config model.warnAbove much && git commit -q --no-verify --allow-empty -m four &&
	git push -q origin main 2>../err && test_grep warnabove ../err
'

test_done
