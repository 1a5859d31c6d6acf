#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Files are changed in every way that stamps show late or not at all, and are
# recorded in every way, as fast as it goes: what is recorded must be what
# lies there. Plain git gets the same treatment with a file that is not ours.
#
#	B=build ROUNDS=300 tests/soak/same-second.sh

test_description='changes within a second, recorded at once'
rounds=${ROUNDS:-300}
set --
cd "$(dirname "$0")/../.." && B=$(cd "${B:-build}" && pwd) && cd tests/t &&
. ./lib-test.sh && . "$TEST_DIR/lib-filter.sh" || exit 1

seed=${SEED:-$(date +%s)}
echo "# SEED=$seed"

# pick <n>: a number below n in $picked, the same again with the same seed
pick () {
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	picked=$((seed / 65536 % $1))
}

# change <file> <round>: other bytes, the same size. (Not: an mtime that was
# set back, a second time within the second of the ctime. That git does not
# see, ours or not.)
change () {
	pick 6
	case $picked in
	[12]) test $(stat -c %Y "$1") = $(stat -c %Z "$1") || picked=0 ;;
	esac
	case $picked in
	0) mv-test edit "$1" $(($2 % 1000)) 7 $((seed % 100000)) ;;
	1) touch -r "$1" ../stamp && mv-test edit "$1" 3 5 $((seed % 100000)) &&
		touch -r ../stamp "$1" ;;
	2) cp -p "$1" ../new && mv-test edit ../new 9 5 $((seed % 100000)) &&
		touch -r "$1" ../new && mv ../new "$1" ;;
	3) ln -f "$1" ../link && mv-test edit ../link 11 5 $((seed % 100000)) ;;
	4) cp "$1" ../new && mv-test edit ../new 2 5 $((seed % 100000)) &&
		cat ../new >"$1" ;;
	5) cp "$1" ../new && mv-test edit ../new 2 5 $((seed % 100000)) &&
		rm "$1" && cp ../new "$1" ;;
	esac
	changed=$picked
}

# record <file>: into HEAD, or into the index
record () {
	pick 9
	case $picked in
	0) git add "$1" ;;
	1) case $1 in
		*.bin) git model add "$1" >../out ;;
		*) git add "$1" ;;
		esac ;;
	2) git commit -q -a --allow-empty -m a ;;
	3) git add --renormalize "$1" ;;
	4) git update-index -q --refresh
		git update-index "$1" ;;
	5) git rm -q -f --cached "$1" && git add "$1" ;;
	6) git status >../out && git commit -q -a --allow-empty -m a ;;
	7) git model add . >../out ;;
	8) git stash -q && git stash pop -q && git add -u ||
		git add -u ;;
	esac
	recorded=$picked
}

# agrees <file>: the index has what lies there
agrees () {
	case $1 in
	*.bin) git cat-file -p ":$1" >../p &&
		grep -q "^oid sha256:$(sha256sum <"$1" | cut -d" " -f1)$" ../p ;;
	*) git cat-file -p ":$1" | cmp -s - "$1" ;;
	esac
}

one_repository () {
	rm -rf one && git init -q one && cd one && git model track "*.bin" &&
	mv-test random 3000 1 >small.bin && mv-test random 9M 2 >big.bin &&
	mv-test random 2M 3 >middle.bin && mv-test random 3000 4 >plain &&
	git add . && git commit -qm one && eval "$1" &&
	round=0 && while test $round -lt $rounds
	do
		for f in small.bin middle.bin big.bin plain
		do
			was=$(sha256sum <$f) && change $f $round && record $f &&
			agrees $f || {
				echo "round $round: $f, change $changed," \
					"record $recorded" >&7
				return 1
			}
		done
		pick 6
		test $picked != 0 || {
			git commit -q -a --allow-empty -m r &&
			git checkout -q HEAD~1 2>../err && git checkout -q - ||
				return
		}
		round=$((round + 1))
	done
}

for kind in : "git config core.splitIndex true && git update-index --split-index" \
	"git config core.untrackedCache true && git config index.version 4"
do
	test_expect_success "$kind" "one_repository '$kind'"
done

test_expect_success 'mapped pages, twice within a second' '
	git init -q map && cd map && git model track "*.bin" &&
	mv-test random 9M 1 >a.bin && git add . && git commit -qm one &&
	n=0 && while test $n -lt $((rounds / 10))
	do
		for how in "git add a.bin" "git model add a.bin" "git status"
		do
			if mv-test mapped a.bin "$how >/dev/null" \
				"git commit -q -a --allow-empty -m m"
			then
				agrees a.bin || return 1
			fi
		done
		n=$((n + 1))
	done
'

test_done
