#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='verify: what was promoted holds, and what was tampered with is found'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
unset GIT_AUTHOR_DATE GIT_COMMITTER_DATE

if ! have_faketime
then
	skip_all='no faketime here'
	test_done
fi

. "$TEST_DIR/lib-proof.sh"

# -- what is clean --------------------------------------------------------------

test_expect_success 'three promotions of two people hold' '
	setup &&
	version 1 02 0.90 && promote 1 02 &&
	version 2 03 0.91 && promote 2 03 &&
	version 3 04 0.92 && promote 3 04 &&
	holds && test_grep "3 promotions verified" "$TRASH/tmp/out" &&
	test_grep "ok  promotion    fraud#production#3 v3.0.0  2026-03-04" \
		"$TRASH/tmp/out" &&
	test_grep "ok  policy " "$TRASH/tmp/out" &&
	test_grep "ok  registration fraud@v2.0.0" "$TRASH/tmp/out" &&
	test_grep "not witnessed  alice@example.com" "$TRASH/tmp/out"
'

test_expect_success 'and from a fresh clone, whose records came by git model fetch' '
	cd w && push main --tags refs/notes/model && cd .. &&
	git clone -q server.git fresh && cd fresh &&
	test_expect_code 3 git model verify >../out 2>../err &&
	test_grep "there are no records here; git model fetch brings them" ../out &&
	test_grep "no receipt of a server is in refs/notes/model here, so nothing is witnessed" ../err &&
	git model install --local && { git model fetch >../fetched 2>&1 || :; } &&
	holds && test_grep "3 promotions" "$TRASH/tmp/out" &&
	cd .. && git clone -q --bare server.git bare.git && cd bare.git &&
	git fetch -q origin refs/notes/model:refs/notes/model &&
	holds
'

test_expect_success 'a shallow clone cannot tell, and says what would help' '
	git clone -q --depth 1 "file://$PWD/server.git" shallow && cd shallow &&
	git fetch -q origin refs/notes/model:refs/notes/model "refs/tags/*:refs/tags/*" &&
	test_expect_code 3 git model verify >../out &&
	test_grep "  ?  *promotion .*production#1" ../out &&
	test_grep "git fetch --unshallow" ../out && test_grep ! BAD ../out
'

test_expect_success 'one artifact, since a day, as JSON; how it is called' '
	cd w && git model verify fraud >../out && test_grep ! "ok  policy" ../out &&
	test_grep "3 promotions verified" ../out &&
	git model verify --since 2026-03-03 >../out &&
	test_grep "3 promotions verified" ../out && test_grep ! "#production#1" ../out &&
	git model verify --json >../out && test_grep "\"state\": \"ok\"" ../out &&
	test_grep "\"tag\": \"fraud#production#2\"" ../out &&
	test_grep "\"rule\": \"approvals = 1 from leads\"" ../out &&
	test_grep "\"bad\": 0" ../out &&
	test_when_finished "git checkout -q .gitmodel/config" &&
	printf "[artifact \"other\"]\npath = models/other.bin\n" >>.gitmodel/config &&
	git model verify other 2>../err && test_grep "nothing was ever" ../err &&
	test_expect_code 129 git model verify --all fraud 2>../err &&
	test_expect_code 129 git model verify --since yesterday 2>../err &&
	test_expect_code 128 git model verify --trusted nowhere 2>../err
'

test_expect_success 'a name that nothing here has is a mistake, not an artifact without events' '
	cd w && test_expect_code 128 git model verify fruad >../out 2>../err &&
	test_grep "no artifact .fruad.*did you mean .fraud.?" ../err &&
	test_must_be_empty ../out &&
	test_expect_code 128 git model verify fraud nosuch >../out 2>../err &&
	test_grep "no artifact .nosuch." ../err &&
	test_expect_code 128 git model verify --json nosuch &&
	test_expect_code 128 git model audit fruad >../out 2>../err &&
	test_grep "no artifact .fruad.*did you mean .fraud.?" ../err &&
	test_must_be_empty ../out &&
	git model verify --since 2030-01-01 fraud && git model audit --since 2030-01-01 fraud
'

# -- the policy moves on ------------------------------------------------------------

test_expect_success 'what an old policy allowed holds when a stricter one has come' '
	attacked strict && policy "metric = auc >= 0.95" "approvals = 2 from leads" \
		>.gitmodel/policy &&
	at "05 10:00" alice git commit -qam stricter && push main &&
	holds && test_grep "ok  policy .*2026-03-05" "$TRASH/tmp/out"
'

test_expect_success 'a promotion by the old policy, when there is a newer one, is found' '
	cd strict && old=$(git rev-parse HEAD~1) && version 4 06 0.93 &&
	test_expect_code 1 at "06 10:04" alice git model promote fraud@v4.0.0 production &&
	at "06 10:06" alice git model promote --policy "$old" --force fraud@v4.0.0 production &&
	finds "BAD promotion .*production#4" "an old policy was used, that of" \
		".gitmodel/ was changed by .* on 2026-03-05"
'

test_expect_success 'a policy that was weakened for a moment: nobody asked the approvals it needs' '
	attacked weak && { echo "policy-approvals = 2 from leads" && cat .gitmodel/policy; } >../p &&
	cp ../p .gitmodel/policy && at "05 10:00" alice git commit -qam "protect the policy" &&
	push main && cp .gitmodel/policy ../strict.policy &&
	{ echo "policy-approvals = 2 from leads" && policy "metric = auc >= 0.1"; } >.gitmodel/policy &&
	at "06 09:00" alice git commit -qam weaker && push main &&
	model 4 && git add -A && at "06 10:00" alice git commit -qm v4 &&
	push main &&
	at "06 10:01" alice git model register fraud@v4.0.0 &&
	at "06 10:02" alice git model record fraud --metric auc=0.5 &&
	promote 4 06 &&
	cp ../strict.policy .gitmodel/policy &&
	at "06 11:00" alice git commit -qam "as before" && push main &&
	finds "BAD policy .*2026-03-06" "changed without what the policy before it asks for" \
		"ok  promotion .*production#4"
'

test_expect_success 'who approved a change of the policy cannot be told without records' '
	git clone -q weak.git no-records && cd no-records &&
	test_expect_code 3 git model verify >../out &&
	test_grep "  ?  *policy .*2026-03-06" ../out &&
	test_grep "asks for policy-approvals = 2 from leads: there are no records here; git model fetch" ../out &&
	test_grep ! BAD ../out
'

# -- approvals ----------------------------------------------------------------------------

test_expect_success 'promoted against a no, by force and without hooks' '
	attacked forced && model 4 && git add -A &&
	at "05 10:00" alice git commit -qm v4 && push main &&
	at "05 10:01" alice git model register fraud@v4.0.0 &&
	at "05 10:02" alice git model record fraud --metric auc=0.5 &&
	test_expect_code 1 at "05 10:03" alice git model promote fraud@v4.0.0 production &&
	at "05 10:04" alice git model promote --force fraud@v4.0.0 production &&
	push "fraud#production#4" &&
	finds "BAD promotion .*#4" "although the verdict was no; the hooks were skipped"
'

test_expect_success 'the same with a tag that says yes' '
	cd forced && trailers_of "fraud#production#4" |
	sed "s/^Model-Verdict: .*/Model-Verdict: yes/" >../msg &&
	git tag -d "fraud#production#4" &&
	as_tag "fraud#production#4" HEAD alice "05 10:04" ../msg &&
	finds "the verdict is no, but the tag says yes" \
		"metric = auc >= 0.8: expected auc >= 0.8, found auc = 0.5" \
		"approvals = 1 from leads: expected 1 from leads, found 0 of 1"
'

test_expect_success 'a forged approval: carol is no lead, and nobody knows mallory' '
	attacked forged && model 4 && git add -A &&
	at "05 10:00" alice git commit -qm v4 && push main &&
	at "05 10:01" alice git model register fraud@v4.0.0 &&
	at "05 10:02" alice git model record fraud --metric auc=0.95 &&
	at "05 10:03" carol git model approve fraud@v4.0.0 --stage production &&
	git notes --ref=model show $(blob HEAD~1) | grep "approval" >../line &&
	sed "s/\"content\":\"sha256:[0-9a-f]*\"/\"content\":\"$(git show HEAD:models/fraud.bin |
		sed -n "s/^oid //p")\"/" ../line >../line2 &&
	git notes --ref=model append -F ../line2 $(blob) &&
	at "05 10:04" alice git model promote --force fraud@v4.0.0 production &&
	trailers_of "fraud#production#4" | sed "s/^Model-Verdict: .*/Model-Verdict: yes/" >../msg &&
	git tag -d "fraud#production#4" &&
	as_tag "fraud#production#4" HEAD alice "05 10:04" ../msg &&
	finds "BAD promotion .*#4" "carol@example.com (not in the group)" "it cannot be read"
'

test_expect_success 'an approval of ones own promotion' '
	attacked own && model 4 && git add -A &&
	at "05 10:00" alice git commit -qm v4 && push main &&
	at "05 10:01" alice git model register fraud@v4.0.0 &&
	at "05 10:02" alice git model record fraud --metric auc=0.95 &&
	at "05 10:03" alice git model approve fraud@v4.0.0 --stage production &&
	at "05 10:04" alice git model promote --force fraud@v4.0.0 production &&
	trailers_of "fraud#production#4" | sed "s/^Model-Verdict: .*/Model-Verdict: yes/" >../msg &&
	git tag -d "fraud#production#4" &&
	as_tag "fraud#production#4" HEAD alice "05 10:04" ../msg &&
	finds "BAD promotion .*#4" "alice@example.com (it is their own)"
'

test_expect_success 'an approval that had expired; putting the date back does not help' '
	attacked expired && model 4 && git add -A &&
	at "05 10:00" alice git commit -qm v4 && push main &&
	at "05 10:01" alice git model register fraud@v4.0.0 &&
	at "05 10:02" bob git model approve fraud@v4.0.0 --stage production --expires 1d &&
	at "09 10:02" alice git model record fraud --metric auc=0.95 &&
	at "09 10:04" alice git model promote --force fraud@v4.0.0 production &&
	trailers_of "fraud#production#4" | sed "s/^Model-Verdict: .*/Model-Verdict: yes/" >../msg &&
	git tag -d "fraud#production#4" &&
	as_tag "fraud#production#4" HEAD alice "09 10:04" ../msg &&
	finds "BAD promotion .*#4" "bob@example.com (it has expired)\|the evidence has changed since" &&
	git tag -d "fraud#production#4" &&
	as_tag "fraud#production#4" HEAD alice "05 11:00" ../msg &&
	finds "BAD promotion .*#4" "names records of 2026-03-09 .*the date was put back"
'

test_expect_success 'a rejection that was left out by reading older records' '
	attacked leftout && version 4 05 0.95 && notes=$(git rev-parse refs/notes/model) &&
	at "05 11:00" bob git model reject fraud@v4.0.0 --stage production --reason "it is biased" &&
	git update-ref refs/notes/keep refs/notes/model &&
	git update-ref refs/notes/model $notes &&
	at "05 12:00" alice git model promote fraud@v4.0.0 production &&
	git update-ref refs/notes/model refs/notes/keep &&
	finds "BAD promotion .*#4" \
		"decided without what bob@example.com had said on 2026-03-05 11:00:0. UTC (reject: it is biased)"
'

test_expect_success 'a key that was revoked since counts no more, unless somebody saw it in time' '
	attacked revoked && cut -d " " -f 1,2 "$PEOPLE/bob.pub" >.gitmodel/revoked_keys &&
	signers alice carol >.gitmodel/allowed_signers && git add . &&
	at "08 10:00" alice git commit -qm "bobs key was stolen" && push main &&
	finds "BAD promotion .*#3" "rests on a key that was revoked since"
'

test_expect_success 'a key that merely ended since was good then' '
	attacked ended && { signers -o "valid-before=\"20260307\"" bob && signers alice carol; } \
		>.gitmodel/allowed_signers &&
	at "08 10:00" alice git commit -qam "bob left" && push main && holds
'

# -- evidence -------------------------------------------------------------------------------

test_expect_success 'a line of an approval that was edited' '
	attacked edited && note_edit $(blob) "/approval/s/\"payload\":\"..../\"payload\":\"AAAA/" &&
	finds "BAD promotion .*#3" "1 line that it was decided on is not in the records any more" \
		"BAD records" "took 1 line out of the records of $(blob | cut -c 1-10)"
'

test_expect_success 'evidence that was made better, and evidence that was taken away' '
	attacked better && note_edit $(blob HEAD~1) "s/0\\.91/0.99/" &&
	finds "BAD promotion .*#2" "1 line that it was decided on is not" "BAD records" &&
	attacked gone && note_edit $(blob HEAD~2) "/evidence/d" &&
	finds "BAD promotion .*#1" "not in the records any more"
'

test_expect_success 'records that were rewritten: their history is not the one that was decided on' '
	attacked rewritten &&
	git update-ref refs/notes/model refs/notes/model~1 &&
	finds "BAD promotion .*#3" "are not in the history of today.s: notes were rewritten" &&
	test_grep "ok  promotion .*#2" "$TRASH/tmp/out" &&
	attacked made-new && git notes --ref=model show $(blob) >../note &&
	git update-ref -d refs/notes/model && git notes --ref=model add -F ../note $(blob) &&
	finds "BAD promotion .*#1" "BAD promotion .*#2" "BAD promotion .*#3" "notes were rewritten"
'

test_expect_success 'a tag that says other evidence than there was' '
	attacked digest && trailers_of "fraud#production#3" |
	sed "s/^Model-Records: .*/Model-Records: sha256:$(printf %064d 7)/" >../msg &&
	git tag -d "fraud#production#3" &&
	as_tag "fraud#production#3" HEAD alice "04 10:04" ../msg &&
	finds "BAD promotion .*#3" "its evidence was altered"
'

# -- tags --------------------------------------------------------------------------------------

test_expect_success 'a tag that was moved: deleted, and made again somewhere else' '
	attacked moved && trailers_of "fraud#production#3" >../msg &&
	git tag -d "fraud#production#3" &&
	as_tag "fraud#production#3" HEAD~1 alice "04 10:04" ../msg &&
	finds "BAD promotion .*#3" "the content was swapped" "fraud@v3.0.0 is not registered at"
'

test_expect_success 'a good tag object under another name' '
	attacked renamed && retag "fraud#production#1" "fraud#production#4" &&
	finds "BAD promotion .*fraud#production#4" \
		"says that it is .fraud#production#1.: somebody put it under another name"
'

test_expect_success 'a tag without a signature, where one is asked for' '
	attacked unsigned && trailers_of "fraud#production#3" >../msg &&
	git tag -d "fraud#production#3" &&
	at "04 10:04" alice git -c tag.gpgSign=false tag -a --cleanup=verbatim -F ../msg \
		"fraud#production#3" HEAD &&
	finds "BAD promotion .*#3" "require-signature = tag approval: .*found tag: no signature"
'

test_expect_success 'a signed tag of which a byte was changed' '
	attacked byte && retag "fraud#production#3" "fraud#production#3" "s/^Model-From: v2/Model-From: v1/" &&
	finds "BAD promotion .*#3" "v1.0.0 held the stage before, but by the tags that are here v2.0.0 did" \
		"found tag: bad"
'

test_expect_success 'a tag by hand or by GTO, without a record of a decision' '
	attacked gto && at "05 10:00" alice git tag -a -m "Assigning" "fraud#production#4" HEAD~1 &&
	finds "BAD promotion .*#4" "there is no record of a decision in it" &&
	git tag -d "fraud#production#4" &&
	at "05 10:00" alice git tag -a -m "Assigning" "fraud#lab#4" HEAD~1 && holds
'

test_expect_success 'numbers that were left out, and a promotion that was deleted' '
	attacked deleted && git tag -d "fraud#production#2" &&
	finds "  ?  *promotion .*production#3\|BAD promotion .*production#3" \
		"number 2 is missing before it: a tag was deleted" \
		"it says that v2.0.0 held the stage before, but by the tags that are here v1.0.0 did" &&
	attacked skipped && at "05 10:00" alice git tag -a -m "x" "fraud#lab#9" HEAD &&
	test_expect_code 3 git model verify >../out &&
	test_grep "numbers 4..8 are missing before it" ../out
'

test_expect_success 'other content under the same version' '
	attacked swapped && trailers_of fraud@v3.0.0 >../msg && model 9 && git add -A &&
	at "05 10:00" alice git commit -qm "the same, really" && push main &&
	git tag -d fraud@v3.0.0 && as_tag fraud@v3.0.0 HEAD alice "04 10:01" ../msg &&
	finds "BAD registration fraud@v3.0.0" "the content was swapped" \
		"BAD promotion .*#3" "fraud@v3.0.0 is not registered at "
'

test_expect_success 'a policy that was never on the trusted branch' '
	attacked side && git checkout -q -b side && policy >.gitmodel/policy &&
	at "05 10:00" alice git commit -qam "no rules" &&
	model 4 && git add -A && at "05 10:01" alice git commit -qm v4 &&
	at "05 10:02" alice git model register fraud@v4.0.0 &&
	at "05 10:04" alice git model promote --force --policy side -s fraud@v4.0.0 production &&
	finds "BAD promotion .*#4" "decided by the policy of .*, which never was origin/main"
'

test_expect_success 'a date that is still to come' '
	attacked future && trailers_of "fraud#production#3" >../msg &&
	git tag -d "fraud#production#3" &&
	as alice later "@2099-01-01 00:00:00" git tag -s --cleanup=verbatim -F ../msg \
		"fraud#production#3" HEAD &&
	finds "BAD promotion .*#3" "which is still to come"
'

# -- what came after ---------------------------------------------------------------------------

test_expect_success 'a demotion, and a version that was taken back later: what was before holds' '
	attacked later && at "05 10:00" alice git model demote "fraud#production" &&
	at "05 10:01" alice git model deregister fraud@v3.0.0 &&
	holds && test_grep "ok  demotion .*2026-03-05" "$TRASH/tmp/out" &&
	test_grep "ok  promotion .*#3 v3.0.0" "$TRASH/tmp/out" &&
	test_grep "ok  deregistration" "$TRASH/tmp/out"
'

test_expect_success 'a receipt of the server witnesses when it was' '
	attacked witnessed && ssh-keygen -q -t ed25519 -N "" -f ../key -C server </dev/null &&
	printf "server namespaces=\"git-model-receipt@v1\" %s\n" \
		"$(cut -d " " -f 1,2 ../key.pub)" >>.gitmodel/allowed_signers &&
	at "05 08:00" alice git commit -qam "receipts" && push main refs/notes/model --tags &&
	git model install --server ../witnessed.git >../out &&
	git -C ../witnessed.git config model.receiptKey "$TRASH/work/key" &&
	version 4 05 0.95 && promote 4 05 &&
	git model push origin >../out && push refs/notes/model fraud@v4.0.0 &&
	at "05 10:30" alice git push -q --no-verify origin "fraud#production#4" &&
	git fetch -q origin +refs/notes/model:refs/notes/model && holds &&
	test_grep "ok  promotion .*#4 v4.0.0  2026-03-05  alice" "$TRASH/tmp/out" &&
	test_grep "ok  promotion .*#3 v3.0.0  2026-03-04 not witnessed" "$TRASH/tmp/out" &&
	grep -c "not witnessed: no receipt in refs/notes/model names tag object $(git rev-parse fraud#production#3 | cut -c1-10): git model fetch" \
	"$TRASH/tmp/out" && test_grep ! "tag object $(git rev-parse fraud#production#4 | cut -c1-10)" "$TRASH/tmp/out" &&
	git model audit --json >../audit && test_grep "\"action\": \"receipt\"" ../audit &&
	test_grep "\"when\": \"2026-03-05T10:30:0.Z\"" ../audit
'

test_expect_success 'of a server that is on no list it cannot be told whether it is the right one' '
	cd witnessed && listed=$(git log -1 --format=%H --grep=receipts) && git model audit >../told &&
	test_grep "receipt .*  verified" ../told && git model audit --trusted $listed~ >../told &&
	{ git model verify fraud --trusted $listed~ >../said; :; } &&
	test_grep "not witnessed: its receipt is by a key that is on no list; git model install --server says which line .server. needs" ../said &&
	git model verify fraud --trusted $listed~ --json | grep "\"unwitnessed\": \"its receipt is by a key" &&
	test_grep "receipt .*  cannot be told" ../told && test_grep ! "receipt .*DOES NOT HOLD" ../told &&
	test_grep "key SHA256:.* on no list.*git model install --server <folder> prints its line" ../told &&
	git model audit --trusted $listed~ --format csv >../told && test_grep "\"receipt\",.*\"unknown\"" ../told &&
	git model install --server ../witnessed.git >../told 2>&1 && test_grep "^ *server namespaces=.git-model-receipt@v1. ssh-ed25519" ../told
'

test_expect_success 'and then a key that was stolen later does no harm to it' '
	cd witnessed && cut -d " " -f 1,2 "$PEOPLE/bob.pub" >.gitmodel/revoked_keys &&
	git add . && at "08 10:00" alice git commit -qm "bobs key was stolen" && 
	git update-ref refs/remotes/origin/main HEAD &&
	finds "BAD promotion .*#3" "rests on a key that was revoked since" &&
	test_grep "ok  promotion .*#4" "$TRASH/tmp/out"
'

test_expect_success 'a receipt finds the tag that was deleted, or moved, without a hole' '
	attacked nothing && cd .. && cp -r witnessed lost && cd lost &&
	git update-ref refs/remotes/origin/main HEAD~1 &&
	trailers_of "fraud#production#4" >../msg && git tag -d "fraud#production#4" &&
	finds "BAD lost .*v4.0.0" "it was deleted or moved" &&
	as_tag "fraud#production#4" HEAD~1 alice "05 10:04" ../msg &&
	echo "again" >../more && cat ../msg >>../more && git tag -d "fraud#production#4" &&
	as_tag "fraud#production#4" fraud@v4.0.0^{} alice "05 10:20" ../more &&
	finds "BAD lost .*v4.0.0" "the server received tag .*, fraud@v4.0.0 to production, but no tag" &&
	test_grep "ok  promotion .*#4" "$TRASH/tmp/out"
'

test_expect_success 'what was overridden is owed, until somebody makes it good' '
	attacked debt && policy "metric = auc >= 0.8" "approvals = 1 from leads" \
		"override = 1 from leads ttl 48h" >.gitmodel/policy &&
	model 4 && git add -A && at "05 10:00" alice git commit -qm v4 && push main &&
	at "05 10:01" alice git model register fraud@v4.0.0 &&
	at "05 10:02" alice git model record fraud --metric auc=0.9 &&
	at "05 10:03" bob git model override fraud@v4.0.0 --stage production \
		--rules approvals --reason "it burns" &&
	at "05 10:04" alice git model promote fraud@v4.0.0 production &&
	at "06 10:00" alice git model verify >../out &&
	test_grep "ok  promotion .*#4 .*overridden" ../out &&
	test_grep "owed: .*approvals = 1 from leads was overridden and is not made good" ../out &&
	test_expect_code 1 at "09 10:00" alice git model verify >../out &&
	test_grep "overdue: .*its time is up; git model approve fraud@v4.0.0 --stage production" ../out &&
	at "09 11:00" bob git model approve fraud@v4.0.0 --stage production &&
	at "09 12:00" alice git model verify >../out && test_grep ! "owed\|overdue" ../out
'

# -- what is not shown, and what is not here ------------------------------------------

test_expect_success '--since shows less, and says the same' '
	attacked since && git update-ref -d refs/tags/fraud@v1.0.0 && finds "BAD promotion .*#1" &&
	test_expect_code 1 git model verify --since 2026-03-04 >../out 2>../err &&
	test_grep ! "BAD promotion" ../out && test_grep "before --since and not shown" ../err &&
	test_expect_code 1 git model verify --since 2026-03-04 --json >../out &&
	test_grep ! "\"state\": \"bad\"" ../out && test_grep "\"bad\": [1-9]" ../out
'

test_expect_success 'without tags nothing is proved' '
	cd "$TRASH/work" && git clone -q --no-tags server.git untagged && cd untagged &&
	test_expect_code 3 git model verify --all >../out 2>../err &&
	test_grep "nothing was proved" ../err && test_grep ! "all of them hold" ../out &&
	test_expect_code 3 git model verify fraud >../out 2>../err &&
	test_expect_code 3 git model verify --json >../out && test_grep "\"tagless\": true" ../out &&
	git fetch -q origin refs/notes/model:refs/notes/model && git rm -q .gitmodel/policy &&
	git commit -qm "no policy" && test_expect_code 3 git model verify --trusted HEAD >../out 2>../err &&
	test_grep "nothing was proved" ../err
'

test_done
