#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='make demo shows the main job, and notices when it is wrong'
. ./lib-test.sh

demo="$TEST_DIR/../../scripts/demo.sh"

test_expect_success 'the demo runs to its end' '
	DEMO="$TRASH" sh "$demo" >out 2>err &&
	tail -n 1 out >last &&
	test_grep "^demo: [1-9][0-9]* checks passed; look around in /" last &&
	n=$(grep -c "^  ok: " out) &&
	test_grep "^demo: $n checks" last
'

# Is each of these in a command that was shown?
shows_all () {
	for word
	do
		test_grep "^\\$ .*$word" out || return 1
	done
}

test_expect_success 'each command is shown, without colours' '
	shows_all install track add commit switch "git push" "git clone" \
		"model status" "model ls" "model du" "model inspect" \
		"model fsck" sha256sum &&
	escape=$(printf "\033") &&
	test_grep ! "$escape" out &&
	test_grep ! "$escape" err
'

test_expect_success 'nothing is written into the HOME of the user' '
	HOME="$TRASH/tmp/home" DEMO="$TRASH" sh "$demo" >out 2>err &&
	test_path_is_missing "$TRASH/tmp/home"
'

# Does the demo fail with a git-model whose <command> does nothing?
fails_without () {
	rm -rf wrong && mkdir wrong || return 1
	printf '#!/bin/sh\ntest "$1" != %s || exit 0\nexec "%s" "$@"\n' \
		"$1" "$B/git-model" >wrong/git-model
	chmod +x wrong/git-model
	echo "without $1:"
	test_must_fail env B="$(pwd)/wrong" DEMO="$TRASH" \
		sh "$demo" >out 2>err &&
	test_grep ! "checks passed" out &&
	test_grep "^demo: " err
}

for command in install track add status ls du inspect hook fsck
do
	test_expect_success "the demo fails when $command does nothing" "
		fails_without $command
	"
done

test_done
