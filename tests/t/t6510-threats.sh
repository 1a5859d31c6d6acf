#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='the threat table (docs/design/trust.md), carried out against a server'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"

# Each row of the table is an attack that is made in full and must fail. What
# no server can stop is found by `git model verify`: t6300 and t6520.
person alice bob mallory
SERVER="$TRASH/work/srv.git"

# forge <key> <namespace> <payload file>: the line of a statement with these
# bytes, signed by whoever; whatever git model itself would refuse to sign
forge () {
	{
		printf 'DSSEv1 42 application/vnd.git-model.approval.v1+json %d ' \
			"$(wc -c <"$3")" && cat "$3"
	} >"$TRASH/tmp/pae" &&
	ssh-keygen -q -Y sign -n "$2" -f "$PEOPLE/$1" <"$TRASH/tmp/pae" \
		>"$TRASH/tmp/armour" 2>/dev/null &&
	content=$(sed 's/.*"oid":"\([^"]*\)".*/\1/' "$3") &&
	printf '{"t":"2026-01-01T00:00:00.000Z","kind":"approval","content":"%s","payload":"%s","payloadType":"application/vnd.git-model.approval.v1+json","sig":"%s"}\n' \
		"$content" "$(base64 -w 0 <"$3")" \
		"$(sed '1d;$d' "$TRASH/tmp/armour" | tr -d '\n')"
}

# payload_of <revision>: of the last approval in the note of its model
payload_of () {
	git notes --ref=model show "$(git rev-parse "$1:models/fraud.bin")" |
	sed -n 's/.*"kind":"approval".*"payload":"\([^"]*\)".*/\1/p' |
	tail -n 1 | base64 -d
}

# note_add <revision> <file>: lines to the note of its model, as git does it
note_add () {
	git notes --ref=model append -F "$2" \
		"$(git rev-parse "$1:models/fraud.bin")"
}

# back: to what the server has
back () {
	git fetch -q origin && git reset -q --hard origin/main &&
	git update-ref refs/notes/model \
		"$(git --git-dir="$SERVER" rev-parse refs/notes/model)" &&
	git tag -l | xargs -r git tag -d >/dev/null &&
	git fetch -q --tags origin
}

# forced <version> <stage>: the tag of a promotion that nobody allowed
forced () {
	as "${3:-alice}" git model promote --sign --force "fraud@$1" "$2" \
		>"$TRASH/tmp/promote.out" 2>&1
	git tag --points-at "fraud@$1^{commit}" --list "fraud#$2#*" |
	sort -t '#' -k 3 -n | tail -n 1
}

test_expect_success 'the team at work' '
	server srv.git && team work ../srv.git alice bob &&
	tag=$(promoted v1.0.0 staging) && git push -q origin "$tag" &&
	new_version 3 v1.1.0 0.96 && share
'

test_expect_success 'T1 the hook is skipped: stopped by pre-receive' '
	cd work && tag=$(forced v1.0.0 production) && test -n "$tag" &&
	refused "approvals = 1 from leads" "$tag" && back
'

test_expect_success 'T2 policy or signers are changed by who profits: the old policy judges' '
	cd work && sed -i "s/^approvals = 1 from leads/max-size = 1GiB/" \
		.gitmodel/policy && git commit -qam "easier" &&
	tag=$(as alice git model promote --force --policy HEAD fraud@v1.0.0 production |
		grep "^fraud#") && test -n "$tag" &&
	refused "policy-approvals = 1 from leads" main "$tag" && back &&
	signers mallory >>.gitmodel/allowed_signers &&
	sed -i "s/^member = bob.*/member = mallory@example.com/" .gitmodel/policy &&
	git commit -qam "me, too" &&
	{ as mallory git model approve --policy HEAD >../out 2>&1 || :; } &&
	refused "policy-approvals = 1 from leads" main && back
'

test_expect_success 'T2 the policy is put into its place by refs/replace: refused, not looked at' '
	cd work && old=$(git rev-parse origin/main) &&
	git rm -q .gitmodel/policy && git commit -qm "no policy" &&
	new=$(git rev-parse HEAD) && git reset -q --hard origin/main &&
	refused "replacements are not taken here" $new:refs/replace/$old &&
	accepted $new:refs/heads/aside &&
	git --git-dir=../srv.git update-ref refs/replace/$old $new &&
	tag=$(forced v1.0.0 production) &&
	refused "approvals = 1 from leads" "$tag" && back &&
	accepted :refs/replace/$old && accepted :refs/heads/aside
'

test_expect_success 'T3 an approval is forged: the signature or the signer is no good' '
	cd work && approved v1.1.0 && payload_of HEAD >../good &&
	sed "s/v1\.1\.0/v9.9.9/" ../good >../changed && back &&
	forge mallory git-model-approval@v1 ../good >../line && note_add HEAD ../line &&
	refused "approve of alice@example.com v1.1.0: unknown signer" \
		refs/notes/model && back &&
	forge alice git ../good >../line && note_add HEAD ../line &&
	refused "bad signature (made for something else" refs/notes/model && back &&
	forge alice git-model-approval@v1 ../good >../line &&
	sed "s|\"payload\":\"[^\"]*\"|\"payload\":\"$(base64 -w 0 <../changed)\"|" \
		../line >../moved && note_add HEAD ../moved &&
	refused "approve of alice@example.com v9.9.9: bad signature" \
		refs/notes/model && back
'

test_expect_success 'T3 what is signed by nobody, or in another form, does not come in' '
	cd work && forge alice git-model-approval@v1 ../good >../line &&
	sed "s/,\"sig\":.*/,\"sig\":\"\"}/" ../line >../bad && note_add HEAD ../bad &&
	refused "no signature" refs/notes/model && back &&
	sed "s/,\"sig\"/,\"seen\":1,\"sig\"/" ../line >../bad &&
	note_add HEAD ../bad && refused "cannot be read" refs/notes/model && back &&
	echo "approved, honestly" >../bad && note_add HEAD ../bad &&
	refused "a line that is no record" refs/notes/model && back &&
	note_add HEAD ../line && accepted refs/notes/model
'

test_expect_success 'T4 an approval is used for another content, stage or version: bindings' '
	cd work && forge alice git-model-approval@v1 ../good >../line &&
	note_add "fraud@v1.0.0" ../line &&
	refused "a statement about another content" refs/notes/model && back &&
	new_version 4 v1.2.0 0.97 && share &&
	as alice git model approve fraud@v1.2.0 --stage staging >/dev/null &&
	tag=$(forced v1.2.0 production) &&
	refused "approvals = 1 from leads" "$tag" refs/notes/model && back &&
	git commit -qm again --allow-empty && git model register fraud @v1.2.1 \
		>/dev/null 2>&1 && approved v1.2.0 && tag=$(forced v1.2.1 production) &&
	refused "approvals = 1 from leads" main "fraud@v1.2.1" "$tag" \
		refs/notes/model && back
'

test_expect_success 'T5 notes are deleted, rolled back, or lose a line: they only grow' '
	cd work && as bob git model reject fraud@v1.1.0 --stage production >/dev/null &&
	accepted refs/notes/model && refused "not deleted" :refs/notes/model &&
	refused "does not come after" -f refs/notes/model~1:refs/notes/model &&
	blob=$(git rev-parse "fraud@v1.1.0:models/fraud.bin") &&
	git notes --ref=model show $blob | grep -v "\"kind\":\"approval\"" >../less &&
	git notes --ref=model add -f -F ../less $blob 2>/dev/null &&
	refused "lost [0-9]* lines*: notes only grow" refs/notes/model &&
	git notes --ref=model remove $blob 2>/dev/null &&
	refused "lost [0-9]* lines*: notes only grow" refs/notes/model && back &&
	refused "would stand in the way" HEAD:refs/notes/model/x
'

test_expect_success 'T5 the rejection counts, though there is an approval' '
	cd work && back && tag=$(forced v1.1.0 production) &&
	refused "production\]" "$tag" && back
'

test_expect_success 'T6 a tag is moved or deleted: what was decided stays' '
	cd work && git tag -f -a -m x "fraud@v1.0.0" HEAD >/dev/null 2>&1 &&
	refused "fraud@v1.0.0 does not move" -f "fraud@v1.0.0" && back &&
	refused "fraud@v1.0.0 is not deleted" :refs/tags/fraud@v1.0.0 &&
	refused "fraud#staging#1 is not deleted" ":refs/tags/fraud#staging#1" &&
	git tag -a -m x "fraud@v1.0.0#2" HEAD &&
	refused "v1.0.0 is registered already" "fraud@v1.0.0#2" && back &&
	object=$(git rev-parse "fraud#staging#1") &&
	git update-ref "refs/tags/fraud#production#2" $object &&
	refused "calls itself .fraud#staging#1." "fraud#production#2" && back
'

test_expect_success 'T6 a name is taken back and given to another content: that held nothing' '
	cd work && git init -q --bare ../srv6.git && SERVER="$TRASH/work/srv6.git" &&
	cd .. && git model install --server srv6.git >/dev/null &&
	printf "%s\n" "[stage \"production\"]" "require-stage = staging" \
		"[stage \"staging\"]" "metric = auc >= 0.5" >policy6 &&
	governed work6 alice <policy6 && git remote add origin ../srv6.git &&
	git push -q origin main && git fetch -q && new_version 2 v1.0.0 0.95 &&
	share && tag=$(promoted v1.0.0 staging) && accepted "$tag" &&
	as alice git model demote "fraud#staging" >/dev/null &&
	accepted "fraud#staging!#2" &&
	git model deregister fraud@v1.0.0 >/dev/null && accepted --tags &&
	mv-test random 100K 3 >models/fraud.bin && by_dora git commit -qam worse &&
	git tag -a -m again "fraud@v1.0.0#4" && accepted main "fraud@v1.0.0#4" &&
	git model push origin >/dev/null 2>&1 &&
	as alice git model promote --force fraud@v1.0.0 production >/dev/null &&
	refused "require-stage = staging: it never held the stage" \
		"fraud#production#5"
'
SERVER="$TRASH/work/srv.git"

test_expect_success 'T7 a merge brings it in: judged like any push (no hook, no judge: verify)' '
	cd work && git checkout -q -b side && mv-test random 2M 9 >models/fraud.bin &&
	by_dora git commit -qam big && git checkout -q main &&
	git merge -q --no-ff -m merge side && refused "max-size" main &&
	back && git branch -D side >/dev/null
'

test_expect_success 'T8 A is approved, B is pushed: content is what counts' '
	cd work && new_version 5 v1.3.0 0.98 && approved v1.3.0 && back &&
	new_version 6 v1.3.0 0.99 && git model push origin >/dev/null 2>&1 &&
	tag=$(forced v1.3.0 production) &&
	refused "approvals = 1 from leads" main "fraud@v1.3.0" "$tag" \
		refs/notes/model && back
'

test_expect_success 'T8 two decide at once: one of them decides again' '
	cd work && one=$(promoted v1.1.0 staging) && test -n "$one" &&
	git clone -q ../srv.git ../other 2>/dev/null && cd ../other &&
	git model install --local >/dev/null && git model pull >/dev/null 2>&1 &&
	git fetch -q --tags && two=$(promoted v1.2.0 staging) &&
	test "$one" = "$two" && accepted "$two" && cd ../work &&
	server_refs >../before && test_must_fail git push --no-verify origin "$one" &&
	test_must_fail git push --no-verify -f origin "$one" 2>../err &&
	test_grep "does not move" ../err && server_refs >../after &&
	test_cmp ../before ../after && back
'

test_expect_success 'T9 the content is nowhere: no promotion' '
	cd work && new_version 7 v1.4.0 0.98 && approved v1.4.0 &&
	tag=$(promoted v1.4.0 production) && test -n "$tag" &&
	refused "1 content of 1 is not here" main "fraud@v1.4.0" "$tag" \
		refs/notes/model && back
'

test_expect_success 'T10 a model that runs code: its bytes say what it is, not its name' '
	cd work && sed -i "/^\[stage \"staging\"\]/a forbid-format = pickle" \
		.gitmodel/policy && git commit -qam "no pickles" &&
	as alice git model approve --policy HEAD >/dev/null &&
	accepted main refs/notes/model && git fetch -q &&
	{ printf "\200\004\225"; mv-test random 1000 8; } >models/fraud.bin &&
	by_dora git commit -qam pickle && git model register fraud @v1.5.0 \
		>/dev/null 2>&1 && git model record fraud --metric auc=0.99 &&
	share && tag=$(forced v1.5.0 staging) &&
	refused "forbid-format = pickle" "$tag" refs/notes/model && back
'

test_expect_success 'T11 a key that has expired or was revoked: by the clock and list of the server' '
	cd work && { signers alice && signers bob; } |
	sed "/^bob/s/ namespaces/ valid-before=\"20250101\",namespaces/" >.gitmodel/allowed_signers &&
	git commit -qam "bob has left" &&
	as alice git model approve --policy HEAD >/dev/null &&
	accepted main refs/notes/model && git fetch -q &&
	sed "s/alice@/bob@/" ../good >../bobs &&
	forge bob git-model-approval@v1 ../bobs >../line && note_add "fraud@v1.1.0" ../line &&
	refused "key not valid at that moment" refs/notes/model && back &&
	cut -d " " -f 1,2 "$PEOPLE/alice.pub" >.gitmodel/revoked_keys &&
	signers bob >>.gitmodel/allowed_signers &&
	sed -i "/20250101/d" .gitmodel/allowed_signers && git add . &&
	git commit -qam "alice lost her laptop" &&
	as alice git model approve --policy HEAD >/dev/null &&
	accepted main refs/notes/model && git fetch -q &&
	sed "s/nonce\":\"../nonce\":\"ff/" ../good >../late &&
	forge alice git-model-approval@v1 ../late >../line &&
	note_add "fraud@v1.1.0" ../line &&
	refused "revoked key" refs/notes/model && back
'

test_expect_success 'T12 one person in two roles, or under two names' '
	cd work && git init -q --bare ../srv12.git &&
	team_policy | sed "s/^approvals = 1 from leads/approvals = 2 from leads\nforbid-self-approval = author/;1s/.*/policy-approvals = 1 from leads/" \
		>../policy12 && SERVER="$TRASH/work/srv12.git" &&
	cd .. && git model install --server srv12.git >/dev/null &&
	governed work12 alice bob <policy12 && git remote add origin ../srv12.git &&
	git push -q origin main && git fetch -q && new_version 2 v1.0.0 0.95 &&
	share && as alice git model approve fraud@v1.0.0 --stage production >/dev/null &&
	as alice git model approve fraud@v1.0.0 --stage production >/dev/null &&
	tag=$(forced v1.0.0 production) &&
	refused "approvals = 2 from leads" "$tag" refs/notes/model &&
	printf "%s\n" "mallory@example.com namespaces=\"git-model-approval@v1\" \
$(cut -d " " -f 1,2 "$PEOPLE/alice.pub")" >>.gitmodel/allowed_signers &&
	git commit -qam "a second name" &&
	as bob git model approve --policy HEAD >/dev/null &&
	refused "for somebody else" main refs/notes/model &&
	echo "*@example.com namespaces=\"git\" $(cut -d " " -f 1,2 "$PEOPLE/bob.pub")" \
		>.gitmodel/allowed_signers && git commit -qam "everybody" &&
	as bob git model approve --policy HEAD >/dev/null &&
	refused "wildcards" main refs/notes/model
'

test_expect_success 'T12 who wrote it does not approve it' '
	cd work12 && SERVER="$TRASH/work/srv12.git" && back &&
	mv-test random 100K 3 >models/fraud.bin && as alice git commit -qam mine &&
	git model register fraud @v1.1.0 >/dev/null 2>&1 &&
	git model record fraud --metric auc=0.95 && share &&
	as alice git model approve fraud@v1.1.0 --stage production >/dev/null &&
	as bob git model approve fraud@v1.1.0 --stage production >/dev/null &&
	tag=$(forced v1.1.0 production bob) &&
	refused "approvals = 2 from leads" "$tag" refs/notes/model
'
SERVER="$TRASH/work/srv.git"

test_expect_success 'T13 the tag says that all was well: the server looks itself' '
	cd work && new_version 11 v1.6.0 0.1 && share &&
	git tag -a -m "promoted

Model-Version: v1.6.0
Model-Verdict: yes sha256:$(printf "%064d" 0)" "fraud#production#3" "fraud@v1.6.0^{}" &&
	refused "metric = auc >= 0.9" "fraud#production#3" && back
'

test_expect_success 'T13 the tag says nothing of how it was decided: nobody could prove it' '
	cd work && git tag -a -m again "fraud#staging#3" "fraud@v1.0.0^{}" &&
	refused "does not say Model-Artifact.*Model-Policy-Commit, .*delete the tag, git fetch, and decide again by git model promote" \
		"fraud#staging#3" && back
'

test_expect_success 'an artifact is not deprecated while it holds a stage that the policy guards' '
	cd work && test_must_fail git model deprecate fraud && git model deprecate --force fraud >/dev/null &&
	refused "fraud holds staging: demote it first" "fraud@deprecated#3" &&
	back
'

test_expect_success 'T14 what a remote or cache hands out is not what its name says: found by the hash' '
	cd work && git clone -q ../srv.git ../victim 2>/dev/null && cd ../victim &&
	git model install --local >/dev/null && cp -r ../srv.git/model ../kept &&
	for pack in ../srv.git/model/packs/*
	do
		chmod u+w "$pack" &&
		printf "XXXXXXXX" | dd of="$pack" bs=1 seek=600 conv=notrunc \
			2>/dev/null || return 1
	done &&
	oid=$(git model which --oid fraud#staging) &&
	{ git model pull >../out 2>&1 || :; } &&
	{ git model cat sha256:${oid#sha256:} >../bytes 2>../err || :; } &&
	{ ! test -s ../bytes || test "$(sha256sum <../bytes | cut -c 1-64)" = "${oid#sha256:}"; } &&
	rm -rf ../srv.git/model && mv ../kept ../srv.git/model
'

test_expect_success 'T15 a hostile clone is looked at: nothing is run, nothing is written' '
	git clone -q srv.git hostile 2>/dev/null && cd hostile &&
	git fetch -q origin refs/notes/model:refs/notes/model &&
	cat >>.gitmodel/config <<-EOT && git commit -qam "obey me" &&
	[model]
	store = $TRASH/work/pwned
	[filter "model"]
	process = touch $TRASH/work/pwned
	[remote "x"]
	url = ext::touch $TRASH/work/pwned
	EOT
	find . -type f | sort | xargs sha256sum >../before &&
	{ git model verify --all >../out 2>&1 || :; } &&
	{ git model check --stage production fraud@v1.0.0 >../out 2>&1 || :; } &&
	! test -e ../pwned &&
	find . -type f ! -path "./.git/model/*" | sort | xargs sha256sum >../after &&
	test_cmp ../before ../after
'

test_expect_success 'T16 notes too large, too long, too many: refused' '
	cd work && blob=$(git rev-parse "fraud@v1.0.0:models/fraud.bin") &&
	{ git notes --ref=model show $blob && head -c 1100000 /dev/zero | tr "\0" x; } >../big &&
	git notes --ref=model add -f -F ../big $blob 2>/dev/null &&
	refused "$blob.*larger\|$blob" refs/notes/model && back &&
	{ git notes --ref=model show $blob &&
	  seq 1 10001 | sed "s/.*/{\"t\":\"2026-01-01T00:00:00.000Z\",\"kind\":\"x\",\"id\":\"&\"}/"; } >../long &&
	git notes --ref=model add -f -F ../long $blob 2>/dev/null &&
	refused "more than 10000 lines" refs/notes/model && back &&
	git --git-dir=../srv.git config model.receiveNotes 1 &&
	for i in 1 2 3
	do
		echo "{\"t\":\"2026-01-01T00:00:00.000Z\",\"kind\":\"x\"}" >../line &&
		git notes --ref=model add -F ../line $(echo $i | git hash-object -w --stdin) ||
		return 1
	done &&
	refused "3 notes at once" refs/notes/model &&
	git --git-dir=../srv.git config --unset model.receiveNotes &&
	accepted refs/notes/model
'

test_expect_success 'notes that only move into other folders have not changed' '
	cd work && back && git ls-tree refs/notes/model >../flat &&
	export GIT_INDEX_FILE=../notes.index && git read-tree refs/notes/model &&
	sed "s/^\(.*\t\)\(..\)\(.*\)/\1\2\/\3/" ../flat >../folders &&
	git rm -q -r --cached . && git update-index --index-info <../folders &&
	tree=$(git write-tree) && unset GIT_INDEX_FILE &&
	git update-ref refs/notes/model \
		$(git commit-tree -p refs/notes/model -m folders $tree) &&
	git ls-tree refs/notes/model | grep -q " tree " && accepted refs/notes/model
'

test_expect_success 'the bytes themselves in the place of the pointer are no way around a branch' '
	cd work && back && mv-test random 2M 12 >models/fraud.bin &&
	blob=$(git hash-object -w --no-filters models/fraud.bin) &&
	git update-index --cacheinfo 100644,$blob,models/fraud.bin &&
	git commit -q --no-verify -m raw && refused "main\]" main && back
'

test_expect_success 'a variable in the environment does not switch the judge off' '
	cd work && back && tag=$(forced v1.0.0 production) &&
	GIT_MODEL_HOOK="pre-receive:0" && export GIT_MODEL_HOOK &&
	refused "approvals = 1 from leads" "$tag" && unset GIT_MODEL_HOOK
'

test_done
