#!/bin/sh

test_description='names that a shell, a terminal or git could take for more'

. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

git config --global model.smudgeLimit 4k || exit 1

# What people see has no control characters but newlines and tabs, and no
# bytes that are not UTF-8.
no_controls () {
	for names_file
	do
		test_path_is_file "$names_file" || return
		tr -d '\011\012\040-\176\200-\377' <"$names_file" >"$TRASH/bad" &&
		test_must_be_empty "$TRASH/bad" &&
		iconv -f UTF-8 -t UTF-8 <"$names_file" >/dev/null 2>&1 || {
			echo "raw bytes in $names_file:" >&7
			od -c "$names_file" >&7
			return 1
		}
	done
}

# name <number> <printf's text>: one per name, kept as files whose content is
# the name: no shell quoting on the way.
mkdir "$TRASH/names"
name () {
	printf -- "$2" >"$TRASH/names/$1"
}
long=$(printf '%0251d' 7)
name 01 'with space.bin'
name 02 ' lead and trail .bin'
name 03 'new\nline.bin'
name 04 'ends in newline.bin\n'
name 05 'tab\there.bin'
name 06 'quote"d.bin'
name 07 "single'quote.bin"
name 08 'back\\slash.bin'
name 09 'ends in backslash.bin\\'
name 10 'invalid\377\376utf8.bin'
name 11 '-rf.bin'
name 12 '--output=x.bin'
name 13 '*.bin'
name 14 '[a]?.bin'
name 15 '#comment.bin'
name 16 '!not.bin'
name 17 ':(top)x.bin'
name 18 ':colon.bin'
name 19 "$long.bin"
name 20 '\303\251-nfc.bin'
name 21 'e\314\201-nfd.bin'
name 22 'esc\033[2Jape.bin'
name 23 'osc\033]0;x\007.bin'
name 24 'rtl\342\200\256.bin'
name 25 'c1\302\233x.bin'
name 26 'cr\r.bin'
name 27 'filter=lfs.bin'
name 28 '"starts with quote.bin'
name 29 '$(touch x)`touch x`;&|<>.bin'
name 30 '~.bin'
name 31 'a{b,c}.bin'
name 32 '%%s%%n%%d.bin'
name 33 ' '
name 34 '\001\002\037\177.bin'
name 35 'lone \360\237 cut.bin'
name 36 '.hidden.bin'
name 37 '...bin'
name 38 'HEAD'
name 39 '[attr]x.bin'

# each_name <function> <argument>...: with $n the number and $f the name.
each_name () {
	for n in $(ls "$TRASH/names")
	do
		f=$(cat "$TRASH/names/$n"; echo x) && f=${f%x} &&
		"$@" || {
			echo "name $n" >&7
			return 1
		}
	done
}

make_file () {
	mv-test random 6000 $n >"./$f"
}

is_its_own () {
	mv-test random 6000 $n | cmp - "./$f"
}

is_staged () {
	git cat-file -p ":./$f" >"$TRASH/pointer" && is_pointer "$TRASH/pointer"
}

count=$(ls "$TRASH/names" | wc -l)

test_expect_success 'git add and git model add: the same index' '
	git init -q all && cd all && printf "%s\n" "* filter=model diff=model merge=model -text" \
		".gitattributes !filter" >.gitattributes &&
	each_name make_file && git add . && each_name is_staged &&
	git ls-files -s -z >../by-git &&
	git rm -r -q --cached . && rm -f .git/model-stat &&
	git model add . 2>../err && no_controls ../err &&
	git ls-files -s -z >../by-us && cmp ../by-git ../by-us &&
	test $(tr -cd "\0" <../by-us | wc -c) = $((count + 1)) &&
	test_tick && git commit -q -m all &&
	git status --porcelain >../status && test_must_be_empty ../status
'

add_by_name () {
	git model add -- "./$f" 2>"$TRASH/err" && no_controls "$TRASH/err"
}

test_expect_success 'git model add of each by its name' '
	cd all && git rm -r -q --cached . && each_name add_by_name &&
	git ls-files -s -z >../by-us && git add . &&
	git ls-files -s -z >../by-git &&
	grep -zv "gitattributes$" ../by-git | cmp - ../by-us &&
	git diff --cached --quiet
'

test_expect_success 'removed, all come back; removed one by one, too' '
	cd all && rm -f ./* && git checkout -q -- . && each_name is_its_own &&
	git status --porcelain >../status && test_must_be_empty ../status &&
	no_temporaries
'

to_pointer () {
	git cat-file -p ":./$f" >"./$f"
}

checkout_by_name () {
	git model checkout -- ":(literal)$f" 2>"$TRASH/err" &&
	no_controls "$TRASH/err" && is_its_own
}

test_expect_success 'git model checkout, all at once and by name' '
	cd all && each_name to_pointer && git model checkout 2>../err &&
	no_controls ../err && each_name is_its_own && git model add . &&
	each_name to_pointer && each_name checkout_by_name && git model add . &&
	git diff --cached --quiet
'

test_expect_success 'git model ls: quoted for people, raw with -z, JSON' '
	cd all && git model ls >../out && no_controls ../out &&
	test_line_count = $count ../out &&
	git model ls -l >../out && no_controls ../out &&
	test_line_count = $((count + 1)) ../out &&
	git model ls -z | sort -z >../ours && git ls-files -z |
	grep -zv "gitattributes$" | sort -z | cmp - ../ours &&
	git model ls -z HEAD | sort -z | cmp - ../ours &&
	git model ls --json >../json && no_controls ../json &&
	test $(grep -c "^ *\"path\":" ../json) = $count
'

test_expect_success 'names as git quotes them can be read back' '
	cd all && git -c core.quotePath=false ls-files >../git &&
	grep -v "gitattributes$" ../git | grep "^\"" | wc -l >../quoted &&
	git model ls | grep -c "^\"" >../ours && test_line_count = 1 ../ours &&
	test $(cat ../ours) -ge $(cat ../quoted)
'

cat_by_name () {
	git model cat "HEAD:$f" >"$TRASH/out" &&
	mv-test random 6000 $n | cmp - "$TRASH/out" &&
	git model cat ":$f" >"$TRASH/out" &&
	mv-test random 6000 $n | cmp - "$TRASH/out" &&
	test_must_fail git model cat "HEAD:$f.no" 2>"$TRASH/err" &&
	no_controls "$TRASH/err"
}

test_expect_success 'git model cat of each' '
	cd all && each_name cat_by_name
'

change () {
	mv-test random 6000 1$n >"./$f"
}

test_expect_success 'git model status of each state' '
	cd all && each_name change && git model status >../out 2>../err &&
	no_controls ../out ../err && test_grep "^modified" ../out &&
	test $(grep -c "^modified" ../out) = $count &&
	git model status --json >../json && no_controls ../json &&
	each_name to_pointer && mv .git/model .git/away &&
	git model status >../out 2>../err && no_controls ../out ../err &&
	test $(grep -c "^missing" ../out) = $count &&
	{ git model checkout >../out 2>../err; no_controls ../out ../err; } &&
	{ git model fsck >../out 2>../err; no_controls ../out ../err; } &&
	test_must_fail git model cat ":esc$(printf "\033")[2Jape.bin" 2>../err &&
	no_controls ../err && rm -rf .git/model && mv .git/away .git/model &&
	git model checkout && each_name is_its_own && git model add .
'

rename_it () {
	git mv -- "./$f" "./moved $n" && cp "./moved $n" "./$f"
}

test_expect_success 'git mv, commit, switch back' '
	cd all && each_name rename_it && git add . && test_tick &&
	git commit -q -m moved && git checkout -q HEAD~1 &&
	each_name is_its_own && test_path_is_missing "moved 01" &&
	git status --porcelain >../status && test_must_be_empty ../status
'

test_expect_success 'a clone has them all' '
	git clone -q all all.clone 2>err && no_controls err && cd all.clone &&
	each_name is_its_own &&
	git model du >../out && no_controls ../out
'

# -- one line in .gitattributes for one name --------------------------------------

track_by_name () {
	mv-test random 6000 $n >"./$f" &&
	git model add -- "./$f" >"$TRASH/out" 2>"$TRASH/err" || {
		cat "$TRASH/err"
		return 1
	}
	no_controls "$TRASH/out" "$TRASH/err"
}

is_tracked () {
	test "$(git check-attr -z filter -- "./$f" | tr "\0" "\n" |
		tail -n 1)" = model
}

# git cannot quote in .gitattributes what starts with ! or [attr]; whatever
# is said there, it must mean this file and no other.
test_expect_success 'a file added by name alone is tracked, and no other' '
	git init -q single && cd single &&
	mkdir other && echo decoy >other/decoy.bin && echo decoy >decoy.bin &&
	echo decoy >ax.bin && echo decoy >xa.bin &&
	each_name track_by_name && each_name is_tracked &&
	each_name is_staged &&
	for decoy in other/decoy.bin decoy.bin ax.bin xa.bin
	do
		test "$(git check-attr filter $decoy)" = \
			"$decoy: filter: unspecified" || return 1
	done &&
	git check-attr -a .gitattributes >../out && test_must_be_empty ../out &&
	git model track >../out 2>../err && no_controls ../out ../err &&
	test_tick && git commit -q -m single && rm -rf ./* &&
	git checkout -q -- . && each_name is_its_own
'

# A pattern; what it cannot say, it refuses.
pattern_by_name () {
	if git model track -- "$f" >"$TRASH/out" 2>"$TRASH/err"
	then
		git model untrack -- "$f" >>"$TRASH/out" 2>>"$TRASH/err" ||
		return 1
	fi
	no_controls "$TRASH/out" "$TRASH/err" &&
	git check-attr -a x.zip >"$TRASH/out" 2>&1 &&
	test_must_be_empty "$TRASH/out"
}

test_expect_success 'any name as a pattern: understood or refused' '
	git init -q patterns && cd patterns && each_name pattern_by_name &&
	printf "a\nb filter=lfs" >../name &&
	{ git model track "$(cat ../name)" 2>../err || :; } &&
	no_controls ../err &&
	git check-attr -a b >../out 2>&1 && test_must_be_empty ../out
'

# -- deep, long, alike ---------------------------------------------------------------

test_expect_success 'deep folders' '
	git init -q deep && cd deep && git model track "*.bin" &&
	d=$(printf "folder %03d/" 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 \
		19 20 21 22 23 24 25 26 27 28 29 30) &&
	d=$d$d$d$d$d$d$d$d$d && mkdir -p "$d" &&
	mv-test random 6000 1 >"$d/a.bin" && git model add . &&
	git add . && test_tick && git commit -q -m deep && rm "$d/a.bin" &&
	git checkout -q -- . && mv-test random 6000 1 | cmp - "$d/a.bin" &&
	git model ls >../out && test_grep "folder 030/a.bin" ../out &&
	git model cat "HEAD:${d}a.bin" | cmp - "$d/a.bin" &&
	git status --porcelain >../status && test_must_be_empty ../status
'

test_expect_success 'a path longer than the system takes: said, nothing broken' '
	cd deep && p=$(printf "%04999d" 1 | sed "s,0000000000,aaaaaaaaa/,g") &&
	blob=$(git rev-parse ":$(git ls-files | grep a.bin)") &&
	git update-index --add --cacheinfo "100644,$blob,$p.bin" &&
	git model ls >../out && test_line_count = 2 ../out &&
	{ git model status >../out 2>../err; test $? -lt 129; } &&
	{ git model checkout --force 2>../err; test $? -lt 129; } &&
	git model ls -z >/dev/null && git rm -q --cached "$p.bin"
'

test_expect_success 'composed and decomposed are two files' '
	cd all && cp "$(cat "$TRASH/names/20")" a && cp "$(cat "$TRASH/names/21")" b &&
	test_must_fail cmp -s a b && rm a b && git model ls | grep -c "nf[cd]" >../out &&
	test "$(cat ../out)" = 2
'

test_expect_success 'nothing was executed on the way' '
	test -z "$(find . -name x)"
'

test_done
