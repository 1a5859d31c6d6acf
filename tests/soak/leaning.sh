#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Versions of models come and go, while gc lets old ones lean on newer ones,
# forgets, is killed, runs twice at once, and indexes are lost: what any branch
# names must be what it was, and the store as it should be.
#
#	B=build ROUNDS=60 SEED=2 tests/soak/leaning.sh

test_description='random work on a store whose versions lean on one another'
rounds=${ROUNDS:-60}
set --
cd "$(dirname "$0")/../.." && B=$(cd "${B:-build}" && pwd) && cd tests/t &&
. ./lib-test.sh || exit 1

seed=${SEED:-$(date +%s)}
echo "# SEED=$seed"

# pick <n>: a number below n in $picked, the same again with the same seed
pick () {
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	picked=$((seed / 65536 % $1))
}

# One of three files gets another version, or that of another file.
new_version () {
	pick 3 && file=m$picked.safetensors && pick 6 && step=$((picked + 1)) &&
	pick 4 &&
	case $picked in
	0) mv-test tune ../base $file $step 5 ;;
	1) mv-test few ../base $file $step 5 ;;
	2) cp ../base $file ;;
	3) cp m0.safetensors ../other 2>/dev/null || cp ../base ../other
	   cp ../other $file ;;
	esac &&
	git add . && git commit -q --allow-empty -m "$1" && git branch "b$1"
}

forget_a_branch () {
	pick 5 &&
	old=$(git for-each-ref --format="%(refname:short)" "refs/heads/b*" |
		sed -n "$((picked + 1))p") &&
	test -n "$old" && git branch -q -D "$old" &&
	git reflog expire --expire=now --all && git gc -q --prune=now
	git model gc --grace 0s
}

killed_gc () {
	git model gc --aggressive &
	pick 9 && sleep 0.0$picked
	kill -9 $!
	wait $!
	git model gc
}

two_at_once () {
	git model gc &
	git model gc --aggressive && wait $!
}

# Whatever it is, it may say no; it may not lose anything.
care () {
	pick 9
	case $picked in
	0) git model gc ;;
	1) git model gc --aggressive ;;
	2) git model gc --grace 0s ;;
	3) forget_a_branch ;;
	4) rm -f .git/model/index/* && git model fsck --repair ;;
	5) killed_gc ;;
	6) two_at_once ;;
	7) rm -f "$(ls .git/model/index/* | head -n 1)" &&
		git model fsck --repair ;;
	8) git model add m*.safetensors && git model gc --no-delta ;;
	esac >../care.out 2>&1
	echo "# round $1: $picked"
}

all_are_there () {
	git for-each-ref --format="%(refname)" refs/heads |
	while read -r ref
	do
		git ls-tree -r "$ref" | grep "safetensors$" |
		while read -r mode type blob path
		do
			want=$(git cat-file blob "$blob" |
				sed -n "s/^oid sha256://p") &&
			got=$(git model cat "$ref:$path" | sha256sum) &&
			test "$got" = "$want  -" || {
				echo "$ref:$path is lost"
				return 1
			}
		done || return 1
	done && git model fsck >../fsck.out
}

test_expect_success 'a repository' '
	mv-test safetensors base bf16 400k 1 && git init -q r && cd r &&
	git model install >/dev/null && git model track "*.safetensors" &&
	git add . && git commit -q -m attributes && git branch b0
'

test_expect_success "$rounds rounds" '
	cd r && for round in $(seq "$rounds")
	do
		new_version "$round" && { care "$round" || :; } &&
		all_are_there || return 1
	done
'

test_done
