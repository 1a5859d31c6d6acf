# SPDX-License-Identifier: MIT
#
# Sourced after lib-test.sh: lets one process of git after the other go wrong
# under a command (mv-badgit says how), and looks whether a no is still a no
# and nothing is lost, whatever the command came to know.
#
#	never 'says yes' judge		judge: a command that must fail
#	always_whole prepare command holds
#
# badgit_how: the ways to go wrong; badgit_every: 3 takes every third of the
# pairs of a process and a way (the others come in the soak).

BADGIT_REAL=$(command -v git)
badgit_how='fail kill cut short'
badgit_every=${badgit_every:-1}
badgit_runs=0
test -x "$B/mv-badgit" || {
	echo "Bail out! $B has no mv-badgit; run make t"
	exit 1
}
mkdir -p "$TRASH/badgit" && ln -sf "$B/mv-badgit" "$TRASH/badgit/git" ||
	exit 1

# bad <n> <how> <command>...: its nth git goes wrong
bad () {
	rm -f "$TRASH/tmp/badgit.log"
	(
		MV_BADGIT_AT=$1 MV_BADGIT_HOW=$2 && shift 2 &&
		MV_BADGIT_REAL=$BADGIT_REAL MV_BADGIT_LOG=$TRASH/tmp/badgit.log &&
		PATH="$TRASH/badgit:$PATH" &&
		export MV_BADGIT_AT MV_BADGIT_HOW MV_BADGIT_REAL &&
		export MV_BADGIT_LOG PATH && timeout 60 "$@"
	)
}

# badgit_asked: what the processes of the last command were asked
badgit_asked () {
	cat "$TRASH/tmp/badgit.log" 2>/dev/null
}

# badgit_count <command>...: into $badgit_n, how many there are
badgit_count () {
	bad 0 none "$@" >"$TRASH/tmp/badgit.out" 2>&1
	badgit_status=$?
	badgit_n=$(badgit_asked | wc -l)
	test $badgit_n -gt 0 || {
		echo "no git is started by: $*"
		return 1
	}
}

# badgit_turn: is this one of those that are taken?
badgit_turn () {
	badgit_runs=$((badgit_runs + 1))
	test $((badgit_runs % badgit_every)) = 0
}

badgit_says () {
	echo "with git number $badgit_i (how: $badgit_w) of $badgit_n: $*"
	sed -n "${badgit_i}p" "$TRASH/tmp/badgit.log"
	cat "$TRASH/tmp/badgit.out"
}

# never <what> <command>...: it fails, and whatever goes wrong it does not
# succeed. A command that is ended by a signal or by the clock is no answer.
never () {
	never_what=$1 && shift && badgit_count "$@" || return 1
	test $badgit_status -gt 0 -a $badgit_status -lt 124 ||
	test $badgit_status = 128 || {
		echo "it is no no to begin with (code $badgit_status): $*"
		cat "$TRASH/tmp/badgit.out"
		return 1
	}
	badgit_i=0
	while test $badgit_i -lt $badgit_n
	do
		badgit_i=$((badgit_i + 1))
		for badgit_w in $badgit_how
		do
			badgit_turn || continue
			bad $badgit_i $badgit_w "$@" >"$TRASH/tmp/badgit.out" 2>&1
			badgit_status=$?
			test $badgit_status -gt 0 -a $badgit_status -lt 124 ||
			test $badgit_status = 128 || {
				badgit_says "$never_what (code $badgit_status): $*"
				return 1
			}
		done
	done
}

# always <holds> <prepare> <command>...: after `prepare`, the command; then
# `holds` with its exit code must be true, whatever went wrong.
always () {
	always_holds=$1 always_prepare=$2 && shift 2 &&
	$always_prepare && badgit_count "$@" &&
	$always_holds $badgit_status || return 1
	badgit_i=0
	while test $badgit_i -lt $badgit_n
	do
		badgit_i=$((badgit_i + 1))
		for badgit_w in $badgit_how
		do
			badgit_turn || continue
			$always_prepare || return 1
			bad $badgit_i $badgit_w "$@" >"$TRASH/tmp/badgit.out" 2>&1
			badgit_status=$?
			test $badgit_status -lt 124 ||
			test $badgit_status = 128 || {
				badgit_says "code $badgit_status: $*"
				return 1
			}
			$always_holds $badgit_status || {
				badgit_says "code $badgit_status, and it does not hold: $*"
				return 1
			}
		done
	done
}
