#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='tags with false claims: what verify calls BAD the server refuses, and nothing else'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"

person alice bob
new=$(printf %040d 7)

# as_it_is <sed script> [<date>]: the good tag again, changed, as alice signs it
as_it_is () {
	git for-each-ref --format="%(contents:subject)%0a%0a%(contents:body)" "refs/tags/$GOOD" |
	sed "/BEGIN SSH/,\$d" | sed "$1" >../msg && git tag -d "$GOOD" >/dev/null &&
	if test -n "$2"
	then
		export GIT_COMMITTER_DATE="$2"
	fi &&
	as alice git tag -s --cleanup=verbatim -F ../msg "$GOOD" "fraud@v1.0.0^{}" && unset GIT_COMMITTER_DATE
}

# verified: does a clone of the server with this tag call it BAD (or cannot tell)?
verified () {
	git model verify >../verify 2>&1
	! grep -q "  \(BAD\|?\) .*$GOOD" ../verify
}

# pushed: does the server take it?
pushed () {
	git push --no-verify origin "$GOOD" >../push 2>&1
}

# false_claim <name> <sed script> [<date>]: BAD for verify, refused by the server
false_claim () {
	git update-ref "refs/tags/$GOOD" $good && as_it_is "$2" "$3" &&
	{ ! verified || { echo "$1: verify takes it"; cat ../msg; return 1; }; } &&
	{ ! pushed || { echo "$1: the server takes it"; return 1; }; } &&
	test_grep "remote: error: $GOOD" ../push
}

test_expect_success 'a promotion that verify and the server would both take' '
	server srv.git && team work ../srv.git alice bob && approved v1.0.0 &&
	git commit -q --allow-empty -m later && git push -q origin main && git model push origin &&
	GOOD=$(promoted v1.0.0 production) && test -n "$GOOD" && good=$(git rev-parse "$GOOD") && verified
'

test_expect_success 'false claims: BAD for one is refused by the other' '
	cd work && false_claim "no policy commit" "/^Model-Policy-Commit/d" &&
	false_claim "a bogus policy commit" "s/^Model-Policy-Commit: .*/Model-Policy-Commit: $new/" &&
	false_claim "a name" "s/^Model-Policy-Commit: .*/Model-Policy-Commit: main/" &&
	false_claim "a short one" "s/^\(Model-Policy-Commit: .......\).*/\1/" &&
	false_claim "another policy" "s/^Model-Policy: sha256:..../Model-Policy: sha256:0000/" &&
	false_claim "bogus notes" "s/^Model-Notes: .*/Model-Notes: $new/" &&
	false_claim "notes by name" "s/^Model-Notes: .*/Model-Notes: refs\/notes\/model/" &&
	false_claim "other records" "s/^Model-Records: sha256:..../Model-Records: sha256:0000/" &&
	false_claim "no verdict" "/^Model-Verdict/d" &&
	false_claim "a verdict no" "s/^Model-Verdict: yes/Model-Verdict: no/" &&
	false_claim "overridden" "s/^Model-Verdict: yes/Model-Verdict: overridden/" &&
	false_claim "ungoverned" "s/^Model-Verdict: .*/Model-Verdict: ungoverned/" &&
	false_claim "who held it" "s/^Model-Version: .*/&\nModel-From: v9.0.0/" &&
	false_claim "another artifact" "s/^Model-Artifact: .*/Model-Artifact: other/" &&
	false_claim "another stage" "s/^Model-Stage: .*/Model-Stage: staging/" &&
	false_claim "another path" "s/^Model-Path: .*/Model-Path: models\/other.bin/" &&
	false_claim "another size" "s/^Model-Size: .*/Model-Size: 1/" &&
	false_claim "other content" "s/^Model-Content: sha256:..../Model-Content: sha256:0000/" &&
	false_claim "the year 2000" "" "946684800 +0000" &&
	false_claim "the year 2099" "" "4102400000 +0000"
'

# honest <sed script>: verify takes it
honest () {
	git update-ref "refs/tags/$GOOD" $good && as_it_is "$1" && { verified || { cat ../verify; return 1; }; }
}

test_expect_success 'what is honest is taken and holds, with and without what nobody has to say' '
	cd work && honest "" &&
	honest "s/^Model-Version: .*/&\nReviewed-by: bob/" && git push --no-verify origin "$GOOD" && verified &&
	git clone -q ../srv.git ../clone && cd ../clone && git model install --local && git model fetch && verified
'

test_expect_success 'a policy that is dated before what was decided without it is not taken' '
	cd work && echo "# a remark" >>.gitmodel/policy &&
	as alice git commit -qam remark --date "@1700000000 +0000" && GIT_COMMITTER_DATE="1700000000 +0000" git commit -q --amend --no-edit &&
	as bob git model approve --policy HEAD && git model push origin >/dev/null 2>&1 &&
	test_must_fail git push --no-verify origin main 2>../err && test_grep "nobody could tell later what came first" ../err &&
	git commit -q --amend --no-edit && as bob git model approve --policy HEAD && git model push origin >/dev/null 2>&1 &&
	git push -q --no-verify origin main && verified
'

test_done
