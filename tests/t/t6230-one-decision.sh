#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='promotions: one decision, one set of facts; what is empty or unknown is no'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"

# says <status> <words>: check of the promotion to production
says () {
	test_expect_code "$1" git model check fraud@v1.0.0 --stage production >../out 2>&1 &&
	test_grep "$2" ../out
}

# -- the model card -----------------------------------------------------------------

test_expect_success 'a heading with nothing but blanks or comments below it is no section' '
	person alice bob && governed card alice bob <<-\EOT &&
	[stage "production"]
	card = CARD.md sections intended-use limits
	EOT
	printf "## Intended Use\n \n\t \n\n## Limits\n\ntext\n" >CARD.md && git add . &&
	by_dora git commit -qm card && git model register fraud@v1.0.0 && says 1 "intended-use" &&
	for text in "" "  " "\302\240\n" "<!-- say what it is for\n\nand what not -->\n" "&nbsp; \n" "<!-- no end\n"
	do
		printf "# Card\n## Intended Use\n$text" >CARD.md && git add . &&
		git commit -q --amend -m card --allow-empty &&
		git tag -d fraud@v1.0.0 && git model register fraud@v1.0.0 &&
		says 1 "intended-use" || return 1
	done &&
	for text in "for scoring\n" "<!-- hint -->\nscoring" "* one"
	do
		printf "# Card\n## Limits\n a\n## Intended Use\n\n$text" >CARD.md && git add . &&
		git commit -q --amend -m card && git tag -d fraud@v1.0.0 && git model register fraud@v1.0.0 &&
		says 0 "yes" || return 1
	done
'

# -- who promotes ---------------------------------------------------------------------

# both <status> <words of check> ...: check and promote answer the same
both () {
	both_status=$1 && shift &&
	test_expect_code "$both_status" as alice git model check "$V" --stage production >../check 2>&1 &&
	test_expect_code "$both_status" as alice git model promote "$V" production >../promote 2>&1 &&
	for words
	do
		test_grep "$words" ../check && test_grep "$words" ../promote || return 1
	done
}

# only <namespaces> <name>: the line of one who may sign nothing else
only () {
	printf "%s@example.com namespaces=\"%s\" %s\n" "$2" "$1" "$(cut -d " " -f 1,2 "$PEOPLE/$2.pub")"
}

team () {
	governed "$1" alice bob <<-\EOT &&
	[group "leads"]
	member = alice@example.com
	member = bob@example.com
	[stage "production"]
	approvals = 1 from leads
	forbid-self-approval = promoter
	EOT
	git model register fraud@v1.0.0 && V=fraud@v1.0.0
}

test_expect_success 'a key that may not sign tags: check and promote say the same, and what is missing' '
	team ns && { only git-model-approval@v1 alice && signers bob; } >.gitmodel/allowed_signers &&
	by_dora git commit -qam "approvals only" &&
	as bob git model approve $V --stage production &&
	both 1 "0 of 1" "it is not known whose own this is" "do: .*\"git\" added to namespaces= of the line of alice@example.com" &&
	test_grep ! "git model approve" ../check && test -z "$(git tag --list "fraud#*")" &&
	signers alice bob >.gitmodel/allowed_signers && by_dora git commit -qam "tags, too" && both 0 "1 of 1\|^yes"
'

test_expect_success 'a key that nobody knows, and one that has ended' '
	team unknown && signers bob >.gitmodel/allowed_signers && by_dora git commit -qam "without alice" &&
	as bob git model approve $V --stage production &&
	both 1 "0 of 1" "have the key SHA256:.* that signs the tag added" &&
	{ signers -o "valid-before=\"20200101\"" alice && signers bob; } >.gitmodel/allowed_signers &&
	by_dora git commit -qam "alice ended" && both 1 "0 of 1" "the tag needs another key: that of alice@example.com"
'

test_expect_success 'whose key it is says the list, and not the address that git is told' '
	team names && as bob git model approve $V --stage production &&
	test_expect_code 1 as bob git -c user.email=alice@example.com model check $V --stage production >../out &&
	test_grep "bob@example.com (it is their own)" ../out &&
	test_expect_code 1 as bob git -c user.email=alice@example.com model promote $V production >../out 2>../err &&
	test_grep "bob@example.com (it is their own)" ../out &&
	test_grep "do: .*somebody else of leads must approve: git model approve $V" ../out &&
	as alice git model check $V --stage production --promoter carol@example.com &&
	test_expect_code 1 as alice git model check $V --stage production --promoter bob@example.com
'

test_expect_success 'who cannot approve is not told to, and one person is named once' '
	team stranger && person eve && V=fraud@v1.0.0 &&
	test_expect_code 1 as eve git model check $V --stage production >../out &&
	sed -i "/forbid-self/d" .gitmodel/policy && by_dora git commit -qam "own approvals" &&
	test_expect_code 1 as eve git model check $V --stage production >../out &&
	test_grep "do: *somebody else of leads must approve: git model approve $V" ../out &&
	test_expect_code 1 as alice git model check $V --stage production >../out &&
	test_grep "do: *git model approve $V" ../out &&
	for i in 1 2 3
	do
		as bob git model approve $V --stage production || return 1
	done &&
	git model record fraud --metric more=1 &&
	test_expect_code 1 as eve git model check $V --stage production >../out &&
	test $(grep -o "not counted: bob@example.com" ../out | wc -l) = 1
'

test_expect_success 'an approval that another holder has overtaken: who it was given against, and to give it again' '
	team holder && as bob git model approve $V --stage production &&
	mv-test random 100K 9 >models/fraud.bin && git commit -qam two && git model register fraud@v1.1.0 &&
	as bob git model approve fraud@v1.1.0 --stage production &&
	as alice git model promote fraud@v1.1.0 production &&
	both 1 "another version holds the stage now" "do: .*git model approve $V --stage production (again: the stage changed after the approval was given)"
'

test_expect_success 'show says of an approval whose it is, and whether its signature is good' '
	cd holder && git checkout -q $V -- models && git model show $V >../out &&
	test_grep "approve of $V for production by bob@example.com, 20.*, good signature" ../out &&
	test_grep ! "nobody named\|not verified here" ../out &&
	signers alice >.gitmodel/allowed_signers && git commit -qm "without bob" -- .gitmodel &&
	git model show $V >../out && test_grep "by bob@example.com, 20.*, unknown signer" ../out &&
	git reset -q --hard HEAD~1
'

# -- stages that nobody knows -----------------------------------------------------------

test_expect_success 'a stage that neither the policy nor a tag knows is refused, with the nearest name' '
	cd holder && test_expect_code 128 as alice git model promote $V produciton 2>../err &&
	test_grep "knows no stage .produciton.; did you mean .production.?" ../err && test_grep "new-stage" ../err &&
	test -z "$(git tag --list "fraud#produciton*")" &&
	test_expect_code 128 git model check $V --stage Production 2>../err && test_grep "did you mean .production.?" ../err &&
	test_expect_code 128 as bob git model approve $V --stage prodcution 2>../err && test_grep "did you mean" ../err &&
	test_expect_code 128 as alice git model promote $V xyz 2>../err && test_grep ! "did you mean" ../err &&
	as alice git model promote --new-stage $V lab && as alice git model promote fraud@v1.1.0 lab &&
	test_expect_code 128 as alice git model promote $V labs 2>../err && test_grep "did you mean .lab.?" ../err
'

test_expect_success 'where no policy names a stage there is nothing to be known' '
	governed free alice </dev/null && git model register fraud@v1.0.0 && git model promote fraud@v1.0.0 anything
'

test_done
