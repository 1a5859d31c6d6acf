#!/bin/sh
# SPDX-License-Identifier: MIT
#
# git looks at stamps to learn whether a file changed, and so do we. Here is
# everything that stamps do not show, or show only after a second.

test_description='what stamps do not show is not lost'
. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

# holds <rev>:<path> <file>: git has the pointer of exactly these bytes
holds () {
	holds_want=$(sha256sum <"$2" | cut -d' ' -f1)
	git cat-file -p "$1" >"$TRASH/holds" &&
	test_grep "^oid sha256:$holds_want$" "$TRASH/holds"
}

# within_a_second <command>...: until it began and ended in the same one
within_a_second () {
	for within in 1 2 3 4 5 6
	do
		mv-test second
		within_from=$(date +%s)
		"$@" || return
		test $(date +%s) = $within_from && return 0
	done
	echo "the machine is too slow" >&7
	return 1
}

# mapped <file> <command> <command>
mapped () {
	for mapped in 1 2 3 4 5 6
	do
		mv-test mapped "$@" && return 0
		test $? = 75 || return
	done
	echo "the machine is too slow" >&7
	return 1
}

# other_bytes <file>: in place, same size, and its mtime is set back
other_bytes () {
	touch -r "$1" "$TRASH/stamp" &&
	printf 'other %s' "$(date +%N)" | dd of="$1" conv=notrunc status=none &&
	touch -r "$TRASH/stamp" "$1"
}

test_expect_success 'set up' '
	git init -q r && cd r && git model track "*.bin" &&
	mv-test random 2M 1 >map.bin && mv-test random 2000 2 >small.bin &&
	mv-test random 9M 3 >big.bin && echo text >text &&
	git add . && git commit -qm one
'

test_expect_success 'a mapped page that is written twice: commit -a has the second' '
	cd r && for f in map.bin small.bin
	do
		mapped $f "git add $f" "git commit -q -a --allow-empty -m m" &&
		holds HEAD:$f $f && git diff --quiet || return 1
	done
'

test_expect_success 'the same with git model add, then git or us' '
	cd r && for f in map.bin small.bin
	do
		mapped $f "git model add $f" "git commit -q -a --allow-empty -m m" &&
		holds HEAD:$f $f &&
		mapped $f "git model add $f" "git model add $f" &&
		holds :$f $f || return 1
	done && git commit -q -a --allow-empty -m after
'

# The page stays dirty for more than a second: no stamp shows the second
# writing, and the stat cache knows the first. git reads what is not in its
# index, or what it is told to read.
test_expect_success 'what git hands over is recorded, whatever the stat cache says' '
	cd r && for how in "git rm -q --cached map.bin; git add map.bin" \
		"git add --renormalize map.bin" \
		"git rm -q --cached map.bin; git model add map.bin" \
		"touch map.bin; git add map.bin" \
		"git hash-object -w --path map.bin map.bin >../id;
		 git update-index --cacheinfo 100644,\$(cat ../id),map.bin"
	do
		{ mv-test mapped map.bin "sleep 1.1; git model add map.bin" \
			"$how" || test $? = 75; } &&
		holds :map.bin map.bin || return 1
	done &&
	git commit -q -a --allow-empty -m handed
'

test_expect_success 'an answer that was found to be wrong is given to nobody' '
	cd r && { mv-test mapped map.bin "sleep 1.1; git model add map.bin" \
		"git add --renormalize map.bin" || test $? = 75; } &&
	git commit -q -a --allow-empty -m w &&
	git model show --json map.bin >out &&
	test_grep $(sha256sum <map.bin | cut -d" " -f1) out && rm out
'

edited_after () {
	git rm -q --cached big.bin && git commit -q -m without &&
	rm -f big.bin && git reset -q --hard full && other_bytes big.bin &&
	git status --porcelain >"$TRASH/out"
}

test_expect_success 'an edit in place, mtime restored, in the second of the checkout' '
	cd r && git branch -f full && within_a_second edited_after &&
	test_grep "^ M big.bin" "$TRASH/out" &&
	git commit -q -a -m edited && holds HEAD:big.bin big.bin
'

switched_and_edited () {
	git switch -q --discard-changes other && git switch -q main &&
	other_bytes "$1" && git commit -q -a -m "$1"
}

test_expect_success 'the same of files that git wrote, and of those that are not ours' '
	cd r && git switch -q -c other && for f in *.bin text
	do
		mv-test edit $f 1 3 77 || return 1
	done && git commit -q -a -m other && git switch -q main &&
	for f in small.bin map.bin big.bin
	do
		within_a_second switched_and_edited $f &&
		holds HEAD:$f $f || return 1
	done && within_a_second switched_and_edited text &&
	git cat-file -p HEAD:text | cmp - text && git diff --quiet
'

test_expect_success 'entries that are not ours stay as git wrote them' '
	git clone -q r clone && cd clone && git diff-index --quiet HEAD &&
	git switch -q -c other origin/other && git diff-index --quiet HEAD &&
	git switch -q main && git diff-index --quiet HEAD &&
	git reset -q --hard other && git diff-index --quiet HEAD &&
	git ls-files --debug text >out && test_grep "size: 5" out && rm out &&
	git model checkout && git diff-index --quiet HEAD
'

test_expect_success 'a file has the time at which it came' '
	cd clone && from=$(date +%s%N) && git switch -q --detach origin/main &&
	to=$(date +%s%N) &&
	for f in big.bin map.bin small.bin
	do
		t=$(date +%s%N -r $f) &&
		test $t -ge $((from - 10000000)) && test $t -le $to || return 1
	done &&
	printf "made: big.bin\n\tcp big.bin made\n" >Makefile &&
	make -s && git switch -q --detach origin/other && make -s &&
	cmp big.bin made && git switch -q --detach origin/main && make -s &&
	cmp big.bin made && rm made Makefile
'

test_expect_success 'once read, a file is not read again' '
	cd clone && nothing_is_read && git model add . && filter_log git status --porcelain &&
	test_must_be_empty "$TRASH/requests"
'

test_done
