#!/bin/sh
# SPDX-License-Identifier: MIT
#
# How long does it take to prove PROMOTIONS promotions, each with an approval
# and a signed tag, over ARTIFACTS artifacts?
#
#	B=build sh tests/bench/verify.sh [<folder>]
#
# The history is made by git-model itself (a few minutes) and left in the
# folder, where the next run finds it.
PROMOTIONS=${PROMOTIONS:-1000} ARTIFACTS=${ARTIFACTS:-10}
B=$(cd "${B:-build}" && pwd) || exit 1
D=${1:-$B/bench-verify}
PATH="$B:$PATH" HOME="$D" GIT_CONFIG_NOSYSTEM=1 LC_ALL=C
export PATH HOME GIT_CONFIG_NOSYSTEM LC_ALL
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE

die () {
	echo "verify.sh: $*" >&2
	exit 1
}

# alice trains and promotes, bob approves
person () {
	ssh-keygen -q -t ed25519 -N '' -C "$1" -f "$D/$1" </dev/null &&
	printf '%s\n' "[user]" "name = $1" "email = $1@example.com" \
		"signingkey = $D/$1.pub" "[gpg]" "format = ssh" \
		"[init]" "defaultBranch = main" "[gc]" "auto = 0" >"$D/$1.config"
}
as () {
	GIT_CONFIG_GLOBAL="$D/$1.config" && export GIT_CONFIG_GLOBAL && shift &&
	"$@"
}

artifacts () {
	i=0
	while test $i -lt "$ARTIFACTS"
	do
		echo "m$i" && i=$((i + 1))
	done
}

begin () {
	mkdir -p "$D" && person alice && person bob && as alice git init -q "$D/r" &&
	cd "$D/r" && git model install --local >/dev/null &&
	git model track '*.bin' >/dev/null && mkdir .gitmodel &&
	{
		printf '[repository]\nid = bench\n'
		for a in $(artifacts)
		do
			printf '[artifact "%s"]\npath = %s.bin\n' "$a" "$a"
		done
	} >.gitmodel/config &&
	printf '%s\n' '[stage "production"]' 'approvals = 1' \
		'forbid-self-approval = promoter author' \
		'require-signature = tag approval' >.gitmodel/policy &&
	for p in alice bob
	do
		printf '%s@example.com namespaces="%s" %s\n' $p \
			git,git-model-approval@v1,git-model-receipt@v1 \
			"$(cut -d ' ' -f 1,2 "$D/$p.pub")"
	done >.gitmodel/allowed_signers &&
	git add . && as alice git commit -qm policy
}

# round <n>: a new version of every artifact, approved and promoted
round () {
	for a in $(artifacts)
	do
		echo "$a $1" >"$a.bin"
	done
	git add . && as alice git commit -qm "v$1.0.0" || return 1
	for a in $(artifacts)
	do
		as alice git model register "$a@v$1.0.0" &&
		as bob git model approve "$a@v$1.0.0" --stage production &&
		as alice git model promote "$a@v$1.0.0" production || return 1
	done >/dev/null 2>"$D/err" || { cat "$D/err" >&2; return 1; }
}

if ! test -e "$D/made"
then
	rm -rf "$D" && begin || die "cannot begin"
	n=0
	while test $((n * ARTIFACTS)) -lt "$PROMOTIONS"
	do
		n=$((n + 1)) && round $n || die "round $n"
	done
	git pack-refs --all && : >"$D/made"
fi
cd "$D/r" || exit 1
began=$(date +%s%N)
git model verify >"$D/out" || die "it does not hold: $(grep -A 3 BAD "$D/out" | head)"
ended=$(date +%s%N)
tail -n 1 "$D/out"
ms=$(((ended - began) / 1000000))
echo "$ms ms on $(nproc) processors"
test $ms -le 30000 || die "more than 30 s"
