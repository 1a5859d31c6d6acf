#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='two people, a server and a policy: the walk of the README'
. ./lib-test.sh

walk="$TEST_DIR/../../scripts/walk.sh"

test_expect_success 'refused before it is approved, gone through afterwards' '
	HOME="$TRASH/tmp/home" DEMO="$TRASH" sh "$walk" >both 2>&1 &&
	tail -n 1 both >last &&
	test_grep "^walk: [1-9][0-9]* checks passed; the pages are in /" last &&
	sed -nE "s/^no: promote.*/no/p
		s/^remote: error: .*approvals.*/server: no/p
		s/^bo@example.com approved.*/approved/p
		s/^yes: promote.*/yes/p
		s/^yes: rollback.*/yes, back/p
		s/.*verified, all of them hold\$/holds/p" both >actual &&
	printf "%s\n" no "server: no" approved yes yes approved yes "yes, back" \
		holds >expected &&
	test_cmp expected actual
'

test_expect_success 'nothing is written into the HOME of the user' '
	test_grep "^walk: .* checks passed" both &&
	test_path_is_missing "$TRASH/tmp/home"
'

# Does the walk fail with a git-model whose <command> does nothing?
fails_without () {
	rm -rf wrong && mkdir wrong || return 1
	printf '#!/bin/sh\ntest "$1" != %s || exit 0\nexec "%s" "$@"\n' \
		"$1" "$B/git-model" >wrong/git-model
	chmod +x wrong/git-model
	test_must_fail env B="$(pwd)/wrong" DEMO="$TRASH" \
		sh "$walk" >out 2>err &&
	test_grep ! "checks passed" out &&
	test_grep "^walk: " err
}

for command in promote approve rollback
do
	test_expect_success "the walk fails when $command does nothing" "
		fails_without $command
	"
done

test_done
