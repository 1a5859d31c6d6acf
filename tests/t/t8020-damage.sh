#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='flipped bits, cut and exchanged files in the store: fsck
finds each and names the file, no wrong byte reaches anybody, and --repair
heals from a remote and from the work tree'

. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

git config --global model.smudgeLimit 64k || exit 1

# -- what is damaged, and how it is looked at --

names="w.bin r.bin t.bin s.bin"

# Two versions in two packs, with all codecs; $TRASH/good has every content
# by its oid.
test_expect_success 'a store with something of everything' '
	git init -q r && cd r && git model track "*.bin" && mkdir "$TRASH/good" &&
	for i in 1 2
	do
		mv-test safetensors w.bin bf16 150000 $i &&
		mv-test random 200000 1$i >r.bin &&
		seq $i 30000 >t.bin && mv-test random 2000 2$i >s.bin &&
		for f in $names
		do
			cp $f "$TRASH/good/$(sha256sum <$f | cut -d" " -f1)" ||
				return 1
		done &&
		git model add . && git commit -q -m $i && git branch v$i || return 1
	done &&
	test $(ls "$TRASH/good" | wc -l) = 8 &&
	test $(ls .git/model/packs/*.pack | wc -l) = 2 &&
	chmod -R u+w .git/model && git model fsck &&
	cp -a .git/model "$TRASH/whole" &&
	pack=$(ls -S .git/model/packs/*.pack | tail -n 1) &&
	index=$(ls -S .git/model/index/*.idx | tail -n 1)
'

# Contents that can be given back are right; of others at most a right part
# comes, and a word about it.
no_wrong_bytes () {
	readable=0
	for oid in $(ls "$TRASH/good")
	do
		if git-model cat $oid >"$TRASH/got" 2>"$TRASH/err"
		then
			cmp "$TRASH/got" "$TRASH/good/$oid" || return
			readable=$((readable + 1))
		else
			test -s "$TRASH/err" && test ! -s "$TRASH/got" ||
			cmp -n $(test_file_size "$TRASH/got") \
				"$TRASH/got" "$TRASH/good/$oid" || return
		fi
	done
}

# Every file in the work tree is right, or still a pointer; that is said.
no_wrong_files () {
	rm -f $names && git checkout -q -- . 2>"$TRASH/err" &&
	pointers=0 &&
	for f in $names
	do
		oid=$(git cat-file -p ":$f" | sed -n "s/^oid sha256://p")
		cmp -s $f "$TRASH/good/$oid" && continue
		pointers=$((pointers + 1))
		is_pointer $f || return
	done &&
	no_temporaries &&
	if test $pointers -gt 0
	then
		test_grep "pointer" "$TRASH/err"
	fi
}

# fsck_finds <file>
fsck_finds () {
	git-model fsck >"$TRASH/out" 2>&1
	test $? = 1 && grep -q "$(basename "$1")" "$TRASH/out" && return
	echo "fsck does not find it:" >&7 && cat "$TRASH/out" >&7
	return 1
}

# found_and_harmless <file>
found_and_harmless () {
	fsck_finds "$1" && no_wrong_bytes && no_wrong_files
}

# some <count> <size>: offsets, evenly spread, not aligned
some () {
	awk -v n="$1" -v size="$2" 'BEGIN {
		for (i = 0; i < n; i++)
			print int((i + 0.37) * size / n)
	}'
}

# each_flip <file> <offsets>...
each_flip () {
	flip_file=$1 && shift
	for off
	do
		mv-test flip "$flip_file" $off && found_and_harmless "$flip_file" || {
			echo "bit at $off of $flip_file" >&7
			return 1
		}
		mv-test flip "$flip_file" $off || return
	done
	git model fsck
}

# each_cut <file> <sizes>...
each_cut () {
	cut_file=$1 && shift
	cp "$cut_file" "$TRASH/uncut"
	for size
	do
		truncate -s $size "$cut_file" && found_and_harmless "$cut_file" || {
			echo "$cut_file cut to $size" >&7
			return 1
		}
		cp "$TRASH/uncut" "$cut_file" || return
	done
	git model fsck
}

whole_again () {
	rm -rf .git/model && cp -a "$TRASH/whole" .git/model
}

# -- nothing passes unseen --

test_expect_success 'flipped bits in a pack: header, chunks' '
	cd r && size=$(test_file_size $pack) &&
	each_flip $pack $(test_few "0 5 11" "0 4 5 6 11") $(some $(test_few 4 14) $size)
'

test_expect_success 'flipped bits where a pack has its recipes, and its trailer' '
	cd r && size=$(test_file_size $pack) &&
	each_flip $pack $(some $(test_few 4 14) 800 | sed "s/^/$size - 801 + /" |
		while read -r sum; do echo $(($sum)); done) $((size - 1))
'

test_expect_success 'flipped bits in an index: header, tables, its hash' '
	cd r && size=$(test_file_size $index) &&
	each_flip $index $(test_few "0 5 16" "0 4 5 8 16 24") $(some $(test_few 4 14) $size) $((size - 1))
'

test_expect_success 'packs and indexes that are too short' '
	cd r && each_cut $pack $(test_few "0 11" "0 11 12 1000") \
		$(some $(test_few 1 3) $(test_file_size $pack)) \
		$(($(test_file_size $pack) - 1)) &&
	each_cut $index 0 31 $(some $(test_few 1 3) $(test_file_size $index)) \
		$(($(test_file_size $index) - 1))
'

test_expect_success 'a page of zeros, bytes at the end, the wrong pack under a name' '
	cd r && cp $pack "$TRASH/uncut" &&
	dd if=/dev/zero of=$pack bs=4096 seek=3 count=1 conv=notrunc &&
	found_and_harmless $pack && cp "$TRASH/uncut" $pack &&
	echo more >>$pack && fsck_finds $pack && no_wrong_bytes &&
	cp "$TRASH/uncut" $pack &&
	other=$(ls -S .git/model/packs/*.pack | head -n 1) &&
	cp $other $pack && found_and_harmless $pack &&
	cp "$TRASH/uncut" $pack && git model fsck
'

test_expect_success 'a pack that is gone, an index that is gone' '
	cd r && mv $pack "$TRASH/away" && found_and_harmless $pack &&
	test $pointers -gt 0 && mv "$TRASH/away" $pack &&
	mv $index "$TRASH/away" && no_wrong_bytes && no_wrong_files &&
	test_expect_code 1 git model fsck &&
	mv "$TRASH/away" $index && git model fsck
'

test_expect_success 'a store that says it is something else' '
	cd r && cp .git/model/format "$TRASH/uncut" &&
	for off in 0 5 10 $(($(test_file_size .git/model/format) - 1))
	do
		mv-test flip .git/model/format $off &&
		test_must_fail git model fsck 2>err && test_grep "/model.*format" err &&
		no_wrong_bytes && test $readable = 0 && no_wrong_files &&
		test $pointers = 4 &&
		cp "$TRASH/uncut" .git/model/format || return 1
	done &&
	git checkout -q -- . && git model checkout && work_tree_is_real
'

# -- and can be healed --

# damage <how>: all of one kind, from a whole store
damage () {
	whole_again &&
	case "$1" in
	chunk)	mv-test flip $pack 30000 ;;
	all)	for p in .git/model/packs/*.pack
		do
			for off in $(some 6 $(test_file_size $p))
			do
				mv-test flip $p $off || return
			done
		done ;;
	recipe)	mv-test flip $pack -200 ;;
	trailer) mv-test flip $pack -1 ;;
	cut)	truncate -s 100000 $pack ;;
	gone)	rm -f $pack ;;
	index)	mv-test flip $index 300 ;;
	noindex) rm -f .git/model/index/*.idx ;;
	empty)	: >$pack && : >$index ;;
	esac
}
kinds="chunk all recipe trailer cut gone index noindex empty"

# What was read before stays readable, and damaged files are kept.
heals () {
	damage $1 && no_wrong_bytes && before=$readable &&
	git-model fsck --repair >"$TRASH/out" 2>&1
	test $? = ${2:-0} || {
		echo "$1: --repair:" >&7 && cat "$TRASH/out" >&7
		return 1
	}
	no_wrong_bytes && test $readable -ge $before
}

test_expect_success '--repair heals from a remote' '
	cd r && git model remote add team "$PWD/../team" && git model push team v1 v2 &&
	rm -f $names &&
	for kind in $kinds
	do
		heals $kind && test $readable = 8 && git model fsck &&
		git checkout -q -- . 2>err && work_tree_is_real &&
		rm -f $names || { echo "damage: $kind" >&7 && return 1; }
	done
'

test_expect_success '--repair heals from the work tree' '
	cd r && git model remote remove team && whole_again &&
	git checkout -q -- . && work_tree_is_real &&
	for kind in $kinds
	do
		damage $kind &&
		{ git-model fsck --repair >out 2>&1 || test $? = 1; } &&
		for f in $names
		do
			git model cat :$f | cmp - $f || return 1
		done || { echo "damage: $kind" >&7 && cat out >&7 && return 1; }
	done
'

test_expect_success 'without either it says what is lost, keeps the damaged file, and does not repeat itself' '
	cd r && damage chunk && rm -f $names && cp $pack "$TRASH/damaged" &&
	test_expect_code 1 git model fsck --repair >../out 2>&1 &&
	test_grep "damaged content" ../out && test_grep "^lost: " ../out &&
	test_grep "^[0-9]* could not be mended" ../out && test_grep ! "^[0-9]* damaged" ../out && test_grep ! hint ../out &&
	cmp "$TRASH/damaged" .git/model/bad/$(basename $pack) &&
	no_wrong_bytes && test $readable -lt 8 && test $readable -ge 6 &&
	now=$readable && ls -R .git/model/packs .git/model/bad >../before &&
	test_expect_code 1 git model fsck --repair >../out 2>&1 &&
	ls -R .git/model/packs .git/model/bad >../after &&
	test_cmp ../before ../after && no_wrong_bytes && test $readable = $now
'

test_expect_success 'and is healed when a good remote comes' '
	cd r && git model remote add team "$PWD/../team" &&
	git model fsck --repair && no_wrong_bytes && test $readable = 8 &&
	git checkout -q -- . && work_tree_is_real
'

test_expect_success 'adding the same content again heals it, too' '
	cd r && git model remote remove team && damage chunk && rm -f $names &&
	test_expect_code 1 git model fsck --repair &&
	no_wrong_bytes && test $readable -lt 8 &&
	for rev in v1 v2
	do
		for f in $names
		do
			cp "$TRASH/good/$(git cat-file -p $rev:$f |
				sed -n "s/^oid sha256://p")" $f || return 1
		done &&
		touch $names && git model add . || return 1
	done &&
	no_wrong_bytes && test $readable = 8
'

test_expect_success 'a damaged remote gives no wrong bytes and takes no harm' '
	git init -q --bare plain.git && git -C r push -q --no-verify ../plain.git v1 v2 &&
	chmod -R u+w team && cp -a team team.good &&
	p=$(ls -S team/packs/*.pack | head -n 1) &&
	for off in $(some $(test_few 3 6) $(test_file_size $p))
	do
		rm -rf c && git clone -q -b v2 plain.git c 2>err &&
		git -C c config modelremote.team.url "$PWD/team" &&
		mv-test flip $p $off &&
		{ git -C c model fetch team origin/v1 origin/v2 2>err || test -s err; } &&
		(cd c && no_wrong_bytes && no_wrong_files) &&
		mv-test flip $p $off || return 1
	done &&
	git -C c model fetch team origin/v1 origin/v2 && cd c && no_wrong_bytes &&
	test $readable = 8 && diff -r ../team/packs ../team.good/packs
'

test_expect_success 'a broken pointer: one word for it, what to do, and no repair that cannot help' '
	git init -q ptr && cp r/.gitattributes ptr && cd ptr && git add . && git commit -q -m attributes &&
	name=$(printf "git-model/1\noid sha256:%064d\nsize abc\n" 7 | git hash-object -w --stdin --no-filters) &&
	git update-index --add --cacheinfo 100644,$name,q.bin && git commit -q --no-verify -m broken &&
	for how in "" --repair
	do
		test_expect_code 1 git model fsck $how >../out 2>&1 && test_grep "^broken pointer: .q.bin.: .*git model add" ../out &&
		test_line_count = 2 ../out || return 1
	done && git model fsck --json | grep "\"kind\": \"broken pointer\""
'

# Of 18 bytes hangs whether a store opens at all.
test_expect_success 'a format that is damaged or gone is written again by fsck --repair' '
	cp -a "$TRASH/whole" fmt.whole && rm -rf f && git clone -q r f 2>/dev/null &&
	cd f && format=.git/model/format &&
	for harm in ": >$format" "rm -f $format" "echo garbage >$format" \
		"printf git-model >$format" "mv-test flip $format 3" \
		"printf \"git-model store 2\" >$format" \
		"printf \"git-model store 2\\n\\n\" >$format" \
		"printf \"git-model store 2\\n\\0\" >$format" \
		"mv-test random 5000 1 >$format"
	do
		rm -rf .git/model && cp -a ../fmt.whole .git/model &&
		chmod u+w $format && eval "$harm" &&
		test_must_fail git model fsck 2>err &&
		test_grep "model/format. is missing or damaged; .git model fsck --repair" err &&
		git model fsck --repair >out && test_grep "its format was missing" out &&
		test "$(cat $format)" = "git-model store 2" &&
		git model fsck && no_wrong_bytes && test $readable = 8 || return 1
	done
'

test_expect_success 'one of a newer program is left alone' '
	cd f && chmod u+w .git/model/format && echo "git-model store 3" >.git/model/format &&
	test_must_fail git model fsck --repair 2>err &&
	test_grep "a newer git-model is needed" err &&
	test "$(cat .git/model/format)" = "git-model store 3"
'

test_done
