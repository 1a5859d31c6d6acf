#!/bin/sh

test_description='old versions are stored as differences to newer ones'

. ./lib-test.sh

stored () {
	find .git/model -type f -printf "%s\n" | awk "{ n += \$1 } END { print n }"
}

# same <file> <version>: are its bytes those?
same () { test "$(sha256sum <"$1")" = "$(cat ../sum.$2)"; }

# Every version, oldest first, from the store of this repository.
all_same () {
	for k in 1 2 3 4 5 6 7
	do
		git model cat "v$k:m.safetensors" >one && same one $k ||
			return 1
	done
}

test_expect_success 'seven steps of a fine-tune' '
	git config --global filter.model.process "git-model filter-process" &&
	git config --global filter.model.required true &&
	mv-test safetensors base bf16 2M 1 &&
	git init -q r &&
	cd r &&
	git model track "*.safetensors" &&
	for k in 1 2 3 4 5 6 7
	do
		mv-test tune ../base m.safetensors $k 5 &&
		sha256sum <m.safetensors >../sum.$k &&
		git add . && git commit -q -m "step $k" && git tag v$k ||
			return 1
	done
'

test_expect_success 'gc makes them a third, and every version is what it was' '
	cd r &&
	cp -R . ../before &&
	sum=$((7 * $(wc -c <m.safetensors))) &&
	git model gc >actual &&
	grep "as differences to newer ones" actual &&
	echo "# stored: $((100 * $(stored) / sum)) % of the sum" &&
	test $(($(stored) * 100)) -lt $((sum * 30)) &&
	all_same &&
	git model fsck >actual &&
	grep "as it should be" actual
'

test_expect_success 'a second gc has nothing to do' '
	cd r &&
	ls .git/model/packs >packs &&
	git model gc --json >actual &&
	grep "\"deltas\": *0" actual &&
	ls .git/model/packs | cmp - packs
'

test_expect_success 'git model du --explain says how they are held' '
	cd r &&
	newest=$(git rev-parse --short=8 v7) older=$(git rev-parse v6) &&
	git model du --explain m.safetensors >actual &&
	sed -n 2,3p actual | grep "^$newest .* zstd " &&
	grep "^$(echo $older | cut -c1-8) .* delta .* $newest\$" actual &&
	test $(grep -c " delta " actual) = 6 &&
	git model du --explain --json m.safetensors >actual &&
	test $(grep -c "\"delta\": {" actual) = 6 &&
	grep "\"commit\": \"$older\"" actual &&
	(mkdir sub && cd sub && git model du --explain ../m.safetensors) >actual &&
	test $(grep -c " delta " actual) = 6 && rmdir sub &&
	test_expect_code 128 git model du --explain nothing 2>err &&
	grep "nothing.* has no version" err &&
	test_expect_code 129 git model du --explain &&
	test_expect_code 129 git model du --explain -s m.safetensors
'

test_expect_success 'in the work tree, too: the oldest and the newest' '
	cd r &&
	git checkout -q v1 && same m.safetensors 1 &&
	git checkout -q main && same m.safetensors 7
'

test_expect_success 'what is pushed stands alone where it comes to' '
	cd r &&
	git init -q --bare ../team.git &&
	git remote add origin ../team.git &&
	git push -q --no-verify origin main v1 v3 &&
	git model remote add team "$PWD/../team" &&
	git model push team main v1 v3 &&
	cd .. &&
	git clone -q team.git other 2>err &&
	cd other &&
	git model remote add team "$PWD/../team" &&
	git model fetch --all &&
	git model cat v3:m.safetensors >one && same one 3 &&
	git model cat v1:m.safetensors >one && same one 1 &&
	git model fsck
'

test_expect_success 'only an old version, from a store of differences' '
	cd r &&
	git model remote add little "$PWD/../little" &&
	git model push little v2 &&
	cd ../other &&
	rm -rf .git/model &&
	git model remote remove team &&
	git model remote add little "$PWD/../little" &&
	git model fetch little v3~1 &&
	git model cat v3~1:m.safetensors >one && same one 2 &&
	git model fsck
'

test_expect_success 'gc keeps what an old version needs, when the newest went' '
	cp -R r gone &&
	cd gone &&
	git checkout -q v2 && git tag -d v3 v4 v5 v6 v7 >/dev/null &&
	git branch -q -D main && git remote remove origin &&
	git reflog expire --expire=now --all && git gc -q --prune=now &&
	git model gc --grace 0 &&
	git model cat v2:m.safetensors >one && same one 2 &&
	git model cat v1:m.safetensors >one && same one 1 &&
	git model fsck &&
	git model gc --grace 0 &&
	git model cat v1:m.safetensors >one && same one 1
'

test_expect_success 'a missing base is found by fsck, and can be fetched' '
	cp -R r hurt &&
	cd hurt &&
	git model push team v1 v2 v3 v4 v5 v6 v7 &&
	: "the newest version is in the smallest pack, all by itself" &&
	rm -f .git/model/packs/$(ls -S .git/model/packs | tail -n 1) &&
	test_must_fail git model fsck >actual 2>&1 &&
	grep "leans on chunk [0-9a-f]*, which is missing" actual &&
	git model fsck --repair &&
	all_same &&
	git model fsck
'

test_expect_success '--no-delta and --aggressive' '
	cd before &&
	git model gc --no-delta --json >actual &&
	grep "\"deltas\": *0" actual &&
	test_expect_code 129 git model gc --no-delta --aggressive &&
	git model gc --aggressive --json >actual &&
	grep "\"deltas\": *[1-9]" actual &&
	test $(stored) -le $(cd ../r && stored) &&
	all_same && git model fsck
'

test_expect_success 'a step that moves one weight in a hundred' '
	git init -q few &&
	cd few &&
	git model track "*.safetensors" &&
	for k in 1 2 3 4 5
	do
		mv-test few ../base m.safetensors $k 5 &&
		sha256sum <m.safetensors >../sum.few$k &&
		git add . && git commit -q -m "step $k" && git tag v$k ||
			return 1
	done &&
	git model gc &&
	one=$(wc -c <m.safetensors) &&
	echo "# stored: $(($(stored) * 100 / one)) % of one" &&
	test $(($(stored) * 100)) -lt $((one * 67 + 4 * one * 4)) &&
	for k in 1 2 3 4 5
	do
		git model cat v$k:m.safetensors >one && same one few$k ||
			return 1
	done
'

test_expect_success 'a fine-tune under another name leans on its base' '
	git init -q pair &&
	cd pair &&
	git model track "*.safetensors" &&
	cp ../base base.safetensors &&
	mv-test tune ../base tuned.safetensors 3 9 &&
	cp tuned.safetensors ../tuned &&
	git add . && git commit -q -m both &&
	git model gc &&
	test $(($(stored) * 100)) -lt $((2 * $(wc -c <../base) * 50)) &&
	git model cat HEAD:tuned.safetensors | cmp - ../tuned &&
	git model cat HEAD:base.safetensors | cmp - ../base &&
	git model gc --json >actual && grep "\"deltas\": *0" actual &&
	git model fsck
'

# An index is a cache: what gc has forgotten is still in a pack, and must not
# stand in the way of what came after it.
test_expect_success 'an index made anew: of doubles the least deep is named' '
	git init -q "$TRASH/work/twice" && cd "$TRASH/work/twice" &&
	git model track "*.safetensors" && git add . && git commit -qm attributes &&
	for k in 1 2 3 4
	do
		mv-test tune ../base n.safetensors $k 5 &&
		git add . && git commit -q -m "n $k" || return 1
	done &&
	git switch -q -c side &&
	for k in 1 2
	do
		mv-test tune ../base m.safetensors $k 6 &&
		git add . && git commit -q -m "m $k" || return 1
	done &&
	git model gc >/dev/null &&
	git switch -q main && git branch -D side &&
	git reflog expire --expire=now --all && git gc -q --prune=now &&
	git model gc --grace 0s >/dev/null &&
	for k in 2 1
	do
		mv-test tune ../base m.safetensors $k 6 &&
		sha256sum <m.safetensors >../twice.$k &&
		git add . && git commit -q -m "again $k" || return 1
	done &&
	git model gc >out && test_grep "differences to newer" out &&
	rm -f .git/model/index/* && git model fsck --repair >../repaired &&
	git model fsck >../whole && test_grep "as it should be" ../whole &&
	git model cat HEAD^:m.safetensors | sha256sum | test_cmp ../twice.2 - &&
	git model cat HEAD:m.safetensors | sha256sum | test_cmp ../twice.1 -
'

test_done
