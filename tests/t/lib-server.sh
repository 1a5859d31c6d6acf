# SPDX-License-Identifier: MIT
#
# Sourced after lib-test.sh and lib-trust.sh: a bare repository that judges,
# and people who push to it.
#
#	server srv.git && team work alice bob && share

# A server compares what is said with its clock: here nobody sets dates.
unset GIT_AUTHOR_DATE GIT_COMMITTER_DATE

# server <folder>: bare, and it judges
server () {
	git init -q --bare "$1" &&
	git model install --no-receipt-key --server "$1" >"$TRASH/tmp/installed" 2>&1
}

# team_policy: staging is easy, production takes one of the leads
team_policy () {
	cat <<-\EOT
	policy-approvals = 1 from leads
	[group "leads"]
	member = alice@example.com
	member = bob@example.com
	[stage "staging"]
	metric = auc >= 0.5
	[stage "production"]
	metric = auc >= 0.9
	approvals = 1 from leads
	veto = 1 from leads
	promoter = leads
	[branch "main"]
	max-size = 1MiB
	EOT
}

# team <folder> <server> <person>...: a governed repository with v1.0.0, which
# has been pushed; we are in it then. The people are its signers.
team () {
	team_server=$2 && team_folder=$1 && shift 2 &&
	team_policy >"$TRASH/tmp/policy" &&
	governed "$team_folder" "$@" <"$TRASH/tmp/policy" &&
	git remote add origin "$team_server" && git push -q origin main &&
	git fetch -q && new_version 2 v1.0.0 0.95 && share
}

# share: all of it, as people do
share () {
	git push -q origin main && git model push origin >/dev/null 2>&1 &&
	git push -q --tags origin
}

# promoted <version> <stage>: as alice would, the tag's name on stdout
promoted () {
	as alice git model promote "fraud@$1" "$2" 2>"$TRASH/tmp/promote.err" |
	sed -n "s/^\(fraud#$2#[0-9]*\)$/\1/p"
}

# approved <version>: by alice, for production
approved () {
	as alice git model approve "fraud@$1" --stage production >/dev/null
}

# server_refs: all that the server has
server_refs () {
	git --git-dir="$SERVER" for-each-ref
}

# refused <words> <push arguments>...: the server says no, says so, and not
# one ref has moved. Without our own hook in between.
refused () {
	refused_words=$1 && shift &&
	server_refs >"$TRASH/tmp/before" &&
	test_must_fail git push --no-verify origin "$@" \
		>"$TRASH/tmp/push" 2>&1 &&
	cat "$TRASH/tmp/push" &&
	test_grep "remote: .*$refused_words" "$TRASH/tmp/push" &&
	server_refs >"$TRASH/tmp/after" &&
	test_cmp "$TRASH/tmp/before" "$TRASH/tmp/after"
}

# accepted <push arguments>...: by the server
accepted () {
	git push --no-verify origin "$@" >"$TRASH/tmp/push" 2>&1 || {
		cat "$TRASH/tmp/push"
		return 1
	}
}
