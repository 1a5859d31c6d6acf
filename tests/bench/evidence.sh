# SPDX-License-Identifier: MIT
#
# Sourced by bench.sh: looking at evidence, beside what git itself takes for
# the same history. COMMITS, ARTIFACTS and NOTES say how much of it there is.
COMMITS=${COMMITS:-10000} ARTIFACTS=${ARTIFACTS:-1000} NOTES=${NOTES:-100000}

echo "evidence: $COMMITS commits, $ARTIFACTS artifacts, $NOTES notes"
# history <name> <kind> <number> [<every>]
history () {
	git init -q --bare "$1.git" &&
	perl "$HERE/history.pl" "$1.git" "$2" "$3" $4 &&
	git -C "$1.git" symbolic-ref HEAD refs/heads/main &&
	git -C "$1.git" gc -q >>hyperfine.log 2>&1 || die "no history: $1"
}
# there <directory> <name> <runs> <command>...: measured where it stands
there () {
	(cd "$1" && git rev-parse -q --verify HEAD) >>hyperfine.log ||
		die "nothing in $1"
	GIT_DIR=$PWD/$1 && export GIT_DIR
	shift
	name=$1 runs=$2 && shift 2
	timed "$name" "$runs" true "$@"
	unset GIT_DIR
}

history long long "$COMMITS"
history dense long "$COMMITS" 1
history many many "$ARTIFACTS"
history pair pair "$ARTIFACTS"
history notes notes "$NOTES"
blob=$(git -C notes.git rev-parse HEAD:models/m.bin) || die "no pointer"

there long.git rev-parse $((FAST * 5)) git rev-parse HEAD
there long.git show $((FAST * 5)) git-model show HEAD:models/m.bin
there notes.git notes-show "$FAST" git notes --ref=model show "$blob"
there notes.git show-noted "$FAST" git-model show HEAD:models/m.bin
there long.git log-raw "$RUNS" git log --raw
there long.git log "$RUNS" git-model log HEAD:models/m.bin
there dense.git dense-log-raw "$RUNS" git log --raw
there dense.git dense-log "$RUNS" git-model log HEAD:models/m.bin
there many.git many-raw "$RUNS" git log --raw "HEAD~$ARTIFACTS..HEAD"
there many.git many-diff "$RUNS" git-model diff "HEAD~$ARTIFACTS" HEAD
there pair.git pair-raw "$RUNS" git log --raw HEAD~1..HEAD
there pair.git pair-diff "$RUNS" git-model diff HEAD~1 HEAD
ratio "start-up: git model show, of git rev-parse" show '<=' 3 rev-parse
ratio "show with $NOTES notes, of git notes show" show-noted '<=' 2 notes-show
ratio "log over $COMMITS commits, of git log --raw" log '<=' 1.5 log-raw
ratio "diff of $ARTIFACTS artifacts, of git log --raw" many-diff '<=' 1.5 \
	many-raw
# Where the range is nothing but pointers: git reads none of them.
row "log of $COMMITS versions, of git log --raw" - "$(calc \
	"$(med dense-log) / $(med dense-log-raw)" | sed 's/..$//') x" -
row "diff of $ARTIFACTS artifacts in 1 commit, of git log --raw" - "$(calc \
	"$(med pair-diff) / $(med pair-raw)" | sed 's/..$//') x" -
rm -rf long.git dense.git many.git pair.git notes.git
