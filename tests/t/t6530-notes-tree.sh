#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='notes that are no notes, and notes that are filled: refused, said, mended'
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

# model_blob: the pointer that the notes of v1.0.0 hang on
model_blob () {
	git rev-parse "fraud@v1.0.0:models/fraud.bin"
}

# note_path: where its note stands
note_path () {
	git ls-tree -r --name-only refs/notes/model |
	while read -r p
	do
		test "$(echo "$p" | tr -d /)" = "$(model_blob)" && echo "$p"
	done
}

# renote <index-info on stdin>: these entries on top of what the notes have
renote () {
	GIT_INDEX_FILE=.git/renote.index && export GIT_INDEX_FILE &&
	git read-tree refs/notes/model && git update-index --index-info &&
	renote_tree=$(git write-tree) && unset GIT_INDEX_FILE &&
	git update-ref refs/notes/model \
		"$(git commit-tree -p refs/notes/model -m renote $renote_tree)"
}

# moved_to <path>: the note of v1.0.0 somewhere else
moved_to () {
	moved_from=$(note_path) &&
	moved_note=$(git rev-parse "refs/notes/model:$moved_from") &&
	printf '0 %s\t%s\n100644 %s\t%s\n' "$(echo $moved_note | tr 0-9a-f 0)" \
		"$moved_from" "$moved_note" "$1" | renote
}

# odd_place: <3 digits>/<37 digits>
odd_place () {
	model_blob | sed 's,^...,&/,'
}

# smuggled: what the notes have now is what the server has, as if it had come
# when nobody looked
smuggled () {
	git push -q --no-verify origin +refs/notes/model:refs/heads/smuggled &&
	git --git-dir="$SERVER" update-ref refs/notes/model refs/heads/smuggled &&
	git --git-dir="$SERVER" update-ref -d refs/heads/smuggled
}

test_expect_success 'a team, an approval and a rejection' '
	server srv.git && team work ../srv.git alice bob && approved v1.0.0 &&
	accepted refs/notes/model &&
	as bob git model reject fraud@v1.0.0 --stage production >/dev/null &&
	accepted refs/notes/model && cp -r . ../clean
'

test_expect_success 'a note that moves to an odd fan-out is taken away: refused' '
	cd work && moved_to "$(odd_place)" && refused "is no note" refs/notes/model &&
	back
'

test_expect_success 'other names, modes and folders in the result: refused' '
	cd work && note=$(git rev-parse "refs/notes/model:$(note_path)") &&
	printf "100644 %s\tREADME\n" $note | renote &&
	refused "README. among the notes is no note" refs/notes/model && back &&
	printf "100644 %s\tab/cd/x\n" $note | renote &&
	refused "is no note" refs/notes/model && back &&
	printf "120000 %s\t%s\n" $note "$(note_path)" | renote &&
	refused "is no note" refs/notes/model && back &&
	printf "100755 %s\t%s\n" $note "$(note_path)" | renote &&
	refused "is no note" refs/notes/model && back &&
	printf "100644 %s\t%s\n" $note "$(model_blob | sed "s,^..,&/,")" | renote &&
	refused "has two notes" refs/notes/model && back &&
	printf "160000 %s\t%s\n" $(git rev-parse HEAD) "$(note_path)" | renote &&
	refused "is no note" refs/notes/model && back
'

test_expect_success 'so is what readers take for notes of a remote' '
	cd work && moved_to "$(odd_place)" &&
	refused "is no note" refs/notes/model:refs/notes/model-remotes/x && back
'

test_expect_success 'a large note, where it is read or beside it: refused' '
	cd work && mv-test random 2M 1 | base64 >../large &&
	large=$(git hash-object -w ../large) &&
	printf "100644 %s\t%s\n" $large "$(odd_place)" | renote &&
	refused "is no note" refs/notes/model && back &&
	printf "100644 %s\t%s\n" $large "$(note_path)" | renote &&
	refused "more than 1048576 bytes" refs/notes/model && back
'

test_expect_success 'once it is there: every reader says so, and none reads on' '
	cd work && moved_to "$(odd_place)" && smuggled && back &&
	test_must_fail git model show fraud@v1.0.0 2>../err &&
	test_grep "is no note" ../err && test_grep "fsck --repair" ../err &&
	test_must_fail git model promote fraud@v1.0.0 production 2>../err &&
	test_grep "is no note" ../err &&
	test_expect_code 1 git model verify --all >../out &&
	test_grep "took [0-9]* lines out of the records" ../out &&
	test_must_fail git model record fraud --metric auc=0.5 2>../err &&
	test_grep "is no note" ../err &&
	test_must_fail git model audit >../out 2>&1 &&
	test_grep "is no note\|took [0-9]* lines out" ../out &&
	test_must_fail git model gc 2>../err && test_grep "is no note" ../err
'

test_expect_success 'fsck finds it and mends it, and the push of that is taken' '
	cd work && test_expect_code 1 git model fsck >../out &&
	test_grep "damaged file: .refs/notes/model.: .*is no note" ../out &&
	git model fsck --repair >../out && test_grep "repaired: .refs/notes/model." ../out &&
	git model fsck >../out && test_grep "everything is as it should be" ../out &&
	accepted refs/notes/model &&
	git notes --ref=model show $(model_blob) >../now &&
	(cd ../clean && git notes --ref=model show $(model_blob)) >../was &&
	sort ../was >../was.sorted && sort ../now >../now.sorted &&
	test_cmp ../was.sorted ../now.sorted &&
	says_no "veto" git model check fraud@v1.0.0 --stage production
'

test_expect_success 'who fetches it is told, mends it, and the remote with it' '
	cd work && moved_to "$(odd_place)" && smuggled && back && cd ../clean &&
	git fetch -q && { git model pull >../out 2>&1 || :; } &&
	test_grep "is no note" ../out && git model show fraud@v1.0.0 >/dev/null &&
	test_expect_code 1 git model fsck >../out &&
	test_grep "refs/notes/model-remotes/origin" ../out &&
	git model fsck --repair >../out && test_grep repaired ../out &&
	git model fsck >../out && test_grep "git model push mends the remote" ../out &&
	git model push >/dev/null 2>&1 && git ls-remote origin refs/notes/model >../out &&
	test_grep "$(git rev-parse refs/notes/model)" ../out &&
	cd ../work && git fetch -q origin refs/notes/model &&
	git update-ref refs/notes/model FETCH_HEAD &&
	git model show fraud@v1.0.0 >/dev/null
'

test_expect_success 'a note that is too large keeps what somebody signed' '
	cd work && git notes --ref=model show $(model_blob) >../was &&
	{ cat ../was ../large; } >../both && both=$(git hash-object -w ../both) &&
	printf "100644 %s\t%s\n" $both "$(note_path)" | renote && smuggled &&
	test_must_fail git model promote fraud@v1.0.0 production 2>../err &&
	test_grep "has more than" ../err &&
	git model fsck --repair >../out && test_grep repaired ../out &&
	cp -r . ../dropped && cd ../dropped &&
	git notes --ref=model show $(model_blob) | grep -v reject >../less &&
	grep -v "\"kind\":\"approval\"" ../less >../none &&
	git notes --ref=model add -f -F ../none $(model_blob) 2>/dev/null &&
	refused "lost [0-9]* line" refs/notes/model &&
	cd ../work && accepted refs/notes/model &&
	says_no "veto" git model check fraud@v1.0.0 --stage production
'

# records <count> <pad> [<sed>]: evidence of v1.0.0 again and again, each of
# its own name
records () {
	git notes --ref=model show $(model_blob) |
	grep "\"kind\":\"evidence\"" | sed 1q | sed "${3:-s/x/x/}" |
	awk -v n="$1" -v pad="$2" '{
		for (i = 0; i < n; i++) {
			line = $0
			sub(/"id":"[^"]*"/, sprintf("\"id\":\"%016x\"", i), line)
			sub(/"metrics"/, "\"run_name\":\"" pad "\",&", line)
			print line
		}
	}'
}

test_expect_success 'so are records that say nothing' '
	cd work && note=$(git notes --ref=model show $(model_blob) | grep "\"evidence\"" | head -n 1) &&
	echo "$note" | sed "s/\"metrics\":{[^}]*}//; s/,,/,/; s/,}/}/" >../lines && test_grep ! auc ../lines &&
	cat ../lines && git notes --ref=model append -F ../lines $(model_blob) &&
	refused "a record that says nothing" refs/notes/model && back
'

test_expect_success 'records about another content are refused' '
	cd work && records 1 x "s/sha256:......../sha256:01234567/" >../lines &&
	git notes --ref=model append -F ../lines $(model_blob) &&
	refused "a record about another content" refs/notes/model && back
'

test_expect_success 'records and tags from the future are refused' '
	cd work && records 1 x "s/\"t\":\"..../\"t\":\"2099/" >../lines &&
	git notes --ref=model append -F ../lines $(model_blob) &&
	refused "dated 2099-.* has not been yet" refs/notes/model && back
'

test_expect_success 'a note that is filled with records leaves room for votes' '
	cd work && pad=$(mv-test random 300 3 | base64 -w 0) &&
	size=$(records 1 "$pad" | wc -c) &&
	records $((850000 / size)) "$pad" >../lines &&
	git notes --ref=model append -F ../lines $(model_blob) &&
	refused "the rest of a note is kept for votes" refs/notes/model && back &&
	records $((700000 / size)) "$pad" >../lines &&
	git notes --ref=model append -F ../lines $(model_blob) &&
	accepted refs/notes/model &&
	as alice git model revoke fraud@v1.0.0 --stage production >/dev/null &&
	accepted refs/notes/model &&
	git notes --ref=model show $(model_blob) >../text &&
	test $(wc -c <../text) -gt 600000
'

# large <approval|receipt> <decision> <from> <to> [<person>]: signed by alice, or
# that person, of 9 KB each, about what she said of v1.0.0
large () {
	git notes --ref=model show $(model_blob) | grep "\"kind\":\"approval\"" | grep -v reject | sed 1q >../vote &&
	sed "s/.*\"payload\":\"\([^\"]*\)\".*/\1/" ../vote | base64 -d |
		sed "s/\"decision\":\"[a-z]*\"/\"decision\":\"$2\"/" >../said &&
	for i in $(seq $3 $4)
	do
		sed "s/\"nonce\":\".../\"nonce\":\"$(printf %03x $i)/; s/\"\(reason\|rules\|path\)\":\"[^\"]*\"/\"\1\":\"$(printf %02000d 0)\"/g" \
			../said >../payload &&
		printf "DSSEv1 42 application/vnd.git-model.approval.v1+json %d " $(wc -c <../payload) |
			cat - ../payload >../pae && rm -f ../pae.sig &&
		ssh-keygen -q -Y sign -n git-model-$1@v1 -f "$PEOPLE/${5:-alice}" ../pae 2>/dev/null &&
		sed "s/\"kind\":\"approval\"/\"kind\":\"$1\"/;
			s|\"payload\":\"[^\"]*\"|\"payload\":\"$(base64 -w 0 ../payload)\"|;
			s|\"sig\":\"[^\"]*\"|\"sig\":\"$(sed "/^---/d" ../pae.sig | tr -d "\n")\"|" ../vote || return 1
	done
}

test_expect_success 'nor do receipts take the room of votes' '
	cd work && as alice git model approve fraud@v1.0.0 --stage production >/dev/null && large receipt receipt 1 12 >../receipts &&
	sed 2q ../receipts >../lines && git notes --ref=model append -F ../lines $(model_blob) &&
	accepted refs/notes/model && git notes --ref=model append -F ../receipts $(model_blob) &&
	refused "records and receipts of more than 768 KiB" refs/notes/model && back &&
	as bob git model reject fraud@v1.0.0 --stage production --reason "not yet" >/dev/null && accepted refs/notes/model
'

test_expect_success 'nor do those of another server take the room of receipts' '
	cd work && person stranger && large receipt receipt 1 3 stranger >../lines &&
	git notes --ref=model append -F ../lines $(model_blob) &&
	refused "records of more than 704 KiB" refs/notes/model && back &&
	sed 1q ../lines >../some && git notes --ref=model append -F ../some $(model_blob) && accepted refs/notes/model
'

test_expect_success 'and nobody fills one with votes' '
	cd work && large approval approve 100 108 >../lines && git notes --ref=model append -F ../lines $(model_blob) &&
	refused "64 KiB of alice@example.com: others need room, too" refs/notes/model && back &&
	sed 6q ../lines >../some && git notes --ref=model append -F ../some $(model_blob) && accepted refs/notes/model
'

test_done
