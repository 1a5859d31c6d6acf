#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='what somebody signed, written once more by others; and records in the note of another content'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"

person alice bob
SERVER="$TRASH/work/srv.git"

# back: to what the server has
back () {
	git update-ref refs/notes/model \
		"$(git --git-dir="$SERVER" rev-parse refs/notes/model)"
}

# pointer <version>
pointer () {
	git rev-parse "fraud@$1:models/fraud.bin"
}

# lines <version>: its note
lines () {
	git notes --ref=model show $(pointer $1)
}

# add <version> <file>: these lines into its note
add () {
	git notes --ref=model append -F "$2" $(pointer $1)
}

# copies <from> <to>: the statement in ../vote with other moments
copies () {
	awk -v from="$1" -v to="$2" '{
		for (i = from; i <= to; i++) {
			line = $0
			sub(/"t":"[^"]*"/, sprintf("\"t\":\"2026-01-01T00:00:00.%03dZ\"", i), line)
			print line
		}
	}' ../vote
}

test_expect_success 'a team, two versions and a vote' '
	server srv.git && team work ../srv.git alice bob && new_version 3 v2.0.0 0.6 && share &&
	as bob git model approve fraud@v1.0.0 --stage production --reason "looks good" >/dev/null &&
	accepted refs/notes/model && lines v1.0.0 | grep "\"kind\":\"approval\"" >../vote &&
	test 1 = $(wc -l <../vote) && cp -r ../srv.git ../clean.git
'

test_expect_success 'copies of a signed line take no room from who signed it' '
	cd work && copies 1 45 >../copies && add v1.0.0 ../copies && accepted refs/notes/model &&
	copies 100 250 >../copies && add v1.0.0 ../copies && accepted refs/notes/model &&
	as bob git model reject fraud@v1.0.0 --stage production --reason "do not use it" >/dev/null &&
	accepted refs/notes/model && says_no veto git model check fraud@v1.0.0 --stage production
'

test_expect_success 'they count once, and are shown once' '
	cd work && git model show fraud@v1.0.0 >../out && test 1 = $(grep -c "approve of fraud@v1.0.0" ../out) &&
	git model audit >../out && test 1 = $(grep -c "looks good" ../out) && git model verify --all
'

test_expect_success 'and take the room of records' '
	cd work && back && copies 300 780 >../copies && add v1.0.0 ../copies &&
	refused "records of more than 704 KiB" refs/notes/model && back
'

# again <server>: the same from the beginning, at another server
again () {
	SERVER="$TRASH/work/$1" && rm -rf "$SERVER" && cp -r ../clean.git "$SERVER" &&
	git remote set-url origin "$SERVER" && back
}

test_expect_success 'who signed it may come second, with the line as it was' '
	cd work && again second.git && as bob git model approve fraud@v2.0.0 --stage production --reason first >/dev/null &&
	lines v2.0.0 | grep "\"kind\":\"approval\"" >../hers && back && cp ../vote ../bobs && cp ../hers ../vote &&
	copies 1 60 >../copies && cp ../bobs ../vote && add v2.0.0 ../copies && accepted refs/notes/model &&
	add v2.0.0 ../hers && accepted refs/notes/model
'

# signed_as <name> <key>: the vote in ../vote, said by the one and signed by the
# other, with another nonce
signed_as () {
	sed "s/.*\"payload\":\"\([^\"]*\)\".*/\1/" ../vote | base64 -d |
		sed "s/\"nonce\":\"......../\"nonce\":\"0badc0de/; s/bob@example.com/$1@example.com/" >../payload &&
	printf "DSSEv1 42 application/vnd.git-model.approval.v1+json %d " $(wc -c <../payload) |
		cat - ../payload >../pae && rm -f ../pae.sig &&
	ssh-keygen -q -Y sign -n git-model-approval@v1 -f "$PEOPLE/$2" ../pae 2>/dev/null &&
	sed "s|\"payload\":\"[^\"]*\"|\"payload\":\"$(base64 -w 0 ../payload)\"|;
		s|\"sig\":\"[^\"]*\"|\"sig\":\"$(sed "/^---/d" ../pae.sig | tr -d "\n")\"|" ../vote
}

test_expect_success 'nobody signs in the name of another' '
	cd work && signed_as bob alice >../line && add v1.0.0 ../line &&
	refused "it says that bob@example.com signed it, and alice@example.com did" refs/notes/model && back &&
	signed_as alice alice >../line && add v1.0.0 ../line && accepted refs/notes/model
'

test_expect_success 'what came in the name of somebody before there was a policy is not his' '
	cd work && again early.git && perl -MMIME::Base64 -ne '\''
		my ($payload) = /"payload":"([^"]*)"/;
		for my $i (100 .. 240) {
			my $other = decode_base64($payload) =~ s/"nonce":"\K.../$i/r;
			my $b = encode_base64($other, "");
			print s/"payload":"[^"]*"/"payload":"$b"/r;
		}'\'' ../vote >../lines && add v1.0.0 ../lines &&
	git push -q --no-verify origin refs/notes/model:refs/heads/x &&
	git --git-dir="$SERVER" update-ref refs/notes/model refs/heads/x &&
	as bob git model reject fraud@v1.0.0 --stage production >/dev/null && accepted refs/notes/model
'

# record <version> [<sed>]: its evidence once more, changed
record () {
	lines $1 | grep "\"kind\":\"evidence\"" | sed 1q |
		sed -e "s/\"id\":\"......../\"id\":\"01234567/; s/\"auc\":[0-9.]*/\"auc\":0.99/; ${2:-s/x/x/}"
}

zeros () {
	printf %064d 0
}

test_expect_success 'no record about another content, whatever its name: not into any note' '
	cd work && again third.git &&
	for s in "s/sha256:[0-9a-f]*/sha256:$(zeros)/" "s/sha256:[0-9a-f]*/sha256:$(zeros | tr 0 f)/" \
		"s/sha256:[0-9a-f]*/sha256:$(zeros)/; s/\"size\":[0-9]*/\"size\":3/" "s/\"size\":[0-9]*/\"size\":3/" \
		"s/sha256:[0-9a-f]*/sha256:$(zeros)/; s/\"kind\":\"evidence\"/\"kind\":\"later\"/"
	do
		record v2.0.0 "$s" >../line && add v2.0.0 ../line &&
		refused "a record about another content" refs/notes/model && back || return 1
	done &&
	record v1.0.0 >../line && add v2.0.0 ../line && refused "a record about another content" refs/notes/model && back &&
	record v2.0.0 >../line && git notes --ref=model add -F ../line $(git rev-parse HEAD:.gitmodel/config) &&
	refused "a record about another content" refs/notes/model && back
'

test_expect_success 'where one is there all the same, nobody counts it' '
	cd work && { record v2.0.0 "s/sha256:[0-9a-f]*/sha256:$(zeros)/" && record v1.0.0; } >../others && add v2.0.0 ../others &&
	for c in "show fraud@v2.0.0" "show --json fraud@v2.0.0" "log fraud" "log --json fraud" "compare fraud" \
		"compare --all --json fraud" "diff fraud@v1.0.0 fraud@v2.0.0" "check fraud@v2.0.0 production --explain"
	do
		{ git model $c >../out 2>&1 || :; } && cat ../out && test_grep ! "0\.99" ../out && test_grep "0\.6\|0\.59999" ../out || return 1
	done &&
	git model show fraud@v2.0.0 2>../err && test_grep "2 records in the notes are about another content" ../err &&
	test_expect_code 1 git model diff --fail-on regression fraud@v1.0.0 fraud@v2.0.0 &&
	git model report --html ../pages >/dev/null 2>&1 && test_must_fail grep -r "0\.99" ../pages && back
'

test_expect_success 'nor is it anybody'\''s ancestor' '
	cd work && record v1.0.0 "s/\"id\":/\"data\":[{\"content\":\"sha256:$(zeros | tr 0 e)\",\"name\":\"stolen\"}],\"id\":/" >../line &&
	add v2.0.0 ../line && git model lineage fraud@v1.0.0 >../out && test_grep ! stolen ../out && back &&
	add v1.0.0 ../line && git model lineage fraud@v1.0.0 >../out && test_grep stolen ../out && back
'

test_expect_success 'a line that stands there comes in no second time, whatever it is' '
	cd work && back && lines v1.0.0 | grep "\"kind\":\"evidence\"" | head -n 1 >../same && test -s ../same &&
	add v1.0.0 ../same && refused "has a line twice" refs/notes/model && back &&
	cat ../vote >../same && add v1.0.0 ../same && refused "has a line twice" refs/notes/model && back &&
	cat ../vote ../vote >../same && add v2.0.0 ../same && refused "." refs/notes/model && back
'

test_expect_success 'where one stands twice already, writing it once is no loss' '
	cd work && back && lines v1.0.0 | grep "\"kind\":\"evidence\"" | head -n 1 >../same &&
	add v1.0.0 ../same && git push -q "$SERVER" --receive-pack="git -c core.hooksPath=/dev/null receive-pack" \
		--no-verify refs/notes/model &&
	as alice git model reject fraud@v1.0.0 --stage production --reason "still not" >/dev/null &&
	test 1 = $(lines v1.0.0 | grep -cxF "$(cat ../same)") && accepted refs/notes/model
'

test_done
