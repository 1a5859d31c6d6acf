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

test_done
