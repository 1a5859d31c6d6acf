# SPDX-License-Identifier: MIT
#
# Sourced after lib-trust.sh: a history of promotions in March 2026, and what
# `git model verify` says of it. Needs faketime.
#
#	setup && version 1 02 0.90 && promote 1 02 && holds
#	attacked evil && retag ... && finds "BAD promotion"

# at <day hh:mm> <person> <command>...: in March 2026
at () {
	at_when="@2026-03-$1:00" at_who=$2 && shift 2 &&
	as "$at_who" later "$at_when" "$@"
}

# policy <lines of the stage>...: the policy, on standard output
policy () {
	cat <<-EOT
	[group "leads"]
	member = alice@example.com
	member = bob@example.com
	[stage "production"]
	forbid-self-approval = promoter
	require-signature = tag approval
	EOT
	printf '%s\n' "$@"
}

# What is looked at here is what verify finds when no hook looked before.
push () {
	git push -q --no-verify origin "$@"
}

model () {
	mv-test random 20K "$1" >models/fraud.bin
}

# version <n> <day> <auc>: a commit, registered, measured, approved by bob
version () {
	model "$1" && git add -A && at "$2 10:00" alice git commit -qm "v$1" &&
	push main &&
	at "$2 10:01" alice git model register "fraud@v$1.0.0" &&
	at "$2 10:02" alice git model record fraud --metric auc="$3" &&
	at "$2 10:03" bob git model approve "fraud@v$1.0.0" --stage production
}

promote () {
	at "$2 10:04" alice git model promote "fraud@v$1.0.0" production
}

# An empty server, and a clone of it in which all of this happens.
setup () {
	person alice bob carol mallory &&
	git init -q --bare server.git && git init -q w && cd w &&
	git model install --local && git model track "*.bin" &&
	mkdir .gitmodel models &&
	printf "%s\n" "[artifact \"fraud\"]" "path = models/fraud.bin" \
		"[metric \"auc\"]" "direction = up" >.gitmodel/config &&
	policy "metric = auc >= 0.8" "approvals = 1 from leads" \
		>.gitmodel/policy &&
	signers alice bob carol >.gitmodel/allowed_signers &&
	model 0 && git add . && at "01 09:00" alice git commit -qm policy &&
	git remote add origin ../server.git && push main &&
	git remote set-head origin main
}

# attacked <name>: a copy of the clean history and its server, to do harm in
attacked () {
	cd "$TRASH/work" && cp -r w "$1" && cp -r server.git "$1.git" &&
	cd "$1" && git remote set-url origin "../$1.git"
}

# finds <words>: verify says BAD, and this. More words: more lines.
finds () {
	test_expect_code 1 git model verify >"$TRASH/tmp/out" 2>"$TRASH/tmp/err" &&
	for words
	do
		test_grep "$words" "$TRASH/tmp/out" || return 1
	done
}

# holds: everything does
holds () {
	git model verify >"$TRASH/tmp/out" 2>"$TRASH/tmp/err" ||
		{ cat "$TRASH/tmp/out" "$TRASH/tmp/err"; return 1; }
	test_grep ! "BAD" "$TRASH/tmp/out" &&
	test_grep "all of them hold" "$TRASH/tmp/out"
}

blob () {
	git rev-parse "${1:-HEAD}:models/fraud.bin"
}

# note_edit <object> <sed script>: another text in a new commit of the notes
note_edit () {
	git notes --ref=model show "$1" >"$TRASH/tmp/note" &&
	sed "$2" "$TRASH/tmp/note" >"$TRASH/tmp/new" &&
	! cmp -s "$TRASH/tmp/note" "$TRASH/tmp/new" &&
	git notes --ref=model add -f -F "$TRASH/tmp/new" "$1"
}

# retag <name> <new name> [<sed script>]: its tag object under another name,
# or another object, made by plumbing
retag () {
	git cat-file tag "$1" | sed "${3:-}" >"$TRASH/tmp/tag" &&
	git update-ref "refs/tags/$2" \
		"$(git hash-object -t tag -w --stdin --literally <"$TRASH/tmp/tag")"
}

# as_tag <name> <commit> <person> <day hh:mm> [<file>]: a signed tag by hand
as_tag () {
	at "$4" "$3" git tag -s --cleanup=verbatim -F "$5" "$1" "$2"
}

# trailers_of <tag>: its message without the signature
trailers_of () {
	git for-each-ref --format="%(contents:subject)%0a%0a%(contents:body)" \
		"refs/tags/$1" | sed "/BEGIN SSH/,\$d"
}
