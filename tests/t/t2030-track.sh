#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='git model track and untrack'
. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

line='filter=model diff=model merge=model -text'

test_expect_success 'writes a line, once' '
	git init -q r && cd r && git model track "*.bin" >../out &&
	echo "*.bin $line" >../expect && test_cmp ../expect .gitattributes &&
	test_grep "Tracking .\*.bin." ../out &&
	git model track "*.bin" >../out && test_grep already ../out &&
	test_cmp ../expect .gitattributes
'

test_expect_success 'keeps everything else byte for byte' '
	cd r && printf "# a comment\r\n\n*.txt\ttext  \n*.x -text" >.gitattributes &&
	cp .gitattributes ../before && git model track "*.bin" "data/**" &&
	{ cat ../before && printf "\n*.bin $line\ndata/** $line\n"; } >../expect &&
	cmp ../expect .gitattributes &&
	git model untrack "*.bin" "data/**" >../out && test_grep Untracking ../out &&
	{ cat ../before && echo; } >../expect && cmp ../expect .gitattributes
'

test_expect_success 'untrack keeps what a line says besides' '
	cd r && echo "*.bin filter=model eol=lf diff=model" >.gitattributes &&
	git model untrack "*.bin" && echo "*.bin eol=lf" >../expect &&
	test_cmp ../expect .gitattributes &&
	test_expect_code 1 git model untrack "*.bin" 2>../err &&
	test_grep "not tracked" ../err
'

test_expect_success 'a later line wins, and so track adds one' '
	cd r && printf "*.bin %s\n*.bin filter=lfs\n" "$line" >.gitattributes &&
	git model track "*.bin" && test_line_count = 3 .gitattributes &&
	git check-attr filter x.bin >../out && test_grep "filter: model" ../out
'

test_expect_success 'patterns with spaces, quotes and other things' '
	cd r && rm .gitattributes &&
	git model track "a b.bin" "#x" "q\"q" "$(printf "t\tn\nl")" "umlaut \303\244*" &&
	for f in "a b.bin" "#x" "q\"q" "$(printf "t\tn\nl")"
	do
		git check-attr -z filter "$f" | tr "\000" " " >../out &&
		test_grep "model" ../out || return 1
	done &&
	git check-attr filter a >../out && test_grep unspecified ../out &&
	cp .gitattributes ../before && git model track "a b.bin" &&
	test_cmp ../before .gitattributes && git model untrack "a b.bin" &&
	git check-attr filter "a b.bin" >../out && test_grep unspecified ../out
'

test_expect_success 'patterns that mean something else are refused' '
	cd r && for p in "!x" "[attr]x" "" "dir/"
	do
		test_expect_code 128 git model track "$p" 2>../err &&
		test_line_count = 1 ../err || return 1
	done
'

test_expect_success 'in a subfolder: its own file; a leading ./ anchors' '
	cd r && rm -f .gitattributes && mkdir -p sub/deep && cd sub &&
	git model track ./x.bin && echo "/x.bin $line" >../../expect &&
	test_cmp ../../expect .gitattributes && test_path_is_missing ../.gitattributes &&
	git check-attr filter x.bin deep/x.bin >../../out &&
	test_grep "^x.bin: filter: model" ../../out &&
	test_grep "^deep/x.bin: filter: unspecified" ../../out
'

test_expect_success 'lists what is tracked, and where' '
	cd r && git model track "*.bin" && echo "*.l filter=lfs" >>.gitattributes &&
	git model track >../out && test_grep "\*.bin (.gitattributes:1)" ../out &&
	test_grep "/x.bin (sub/.gitattributes:1)" ../out &&
	git model track --json >../out && test_grep "\"filter\": *\"lfs\"" ../out &&
	test_grep "\"line\": *2" ../out
'

test_expect_success '--above tracks large files by their own paths' '
	git init -q above && cd above && mkdir d && mv-test random 2M 1 >"d/l [1]*.dat" &&
	mv-test random 2M 1 >d/other && echo small >d/small && git add d/other &&
	git model track --above 1M >../out && test_line_count = 2 ../out &&
	for f in "d/l [1]*.dat" d/other
	do
		git check-attr filter "$f" >../out && test_grep "filter: model" ../out || return 1
	done &&
	for f in "d/l 1x.dat" d/small x/d/other
	do
		git check-attr filter "$f" >../out && test_grep unspecified ../out || return 1
	done &&
	cp .gitattributes ../before && git model track --above 1M >../out &&
	test_must_be_empty ../out && test_cmp ../before .gitattributes &&
	git model untrack d/other && git check-attr filter d/other >../out &&
	test_grep unspecified ../out &&
	git model track --above 1M --json "d/o*" >../out && test_grep d/other ../out
'

test_expect_success 'a .gitattributes that is a symbolic link is not written through' '
	git init -q link && cd link && echo keep >../target && ln -s ../target .gitattributes &&
	test_expect_code 128 git model track "*.bin" 2>../err &&
	echo keep >../expect && test_cmp ../expect ../target
'

test_expect_success 'a full disk leaves the old file' '
	cd r && cp .gitattributes ../before &&
	test_expect_code 128 strace -qq -o /dev/null -e trace=write \
		-e inject=write:error=ENOSPC:when=1 git-model track "*.new" 2>../err &&
	test_grep "No space left" ../err &&
	test_cmp ../before .gitattributes && no_temporaries
'

test_expect_success 'a .gitattributes that git does not read is named, not a lack of memory' '
	git init -q huge && cd huge && truncate -s 101M .gitattributes &&
	test_must_fail git model track "*.bin" 2>err &&
	test_grep "gitattributes.* has more than 104857600 bytes" err &&
	test_grep ! "memory" err
'

test_done
