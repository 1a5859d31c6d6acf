#!/bin/sh

test_description='variables that tell git how to read pathspecs'

. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

# one <folder>: a clone's work tree with a committed artifact and one to come.
one () {
	git init -q "$1" && cd "$1" && git model install --local >../out 2>&1 &&
	git model track "*.bin" >../out && mv-test random 100000 1 >a.bin &&
	git add . && git commit -qm one && mv-test random 100000 2 >b.bin
}

for how in LITERAL GLOB NOGLOB ICASE
do
	test_expect_success "GIT_${how}_PATHSPECS stops none of our own questions" '
		mkdir "$how" && cd "$how" && one work &&
		(
			eval "GIT_${how}_PATHSPECS=1" && export "GIT_${how}_PATHSPECS" &&
			mv-test random 100000 3 >"c[d].dat" && echo text >c.txt &&
			git model add b.bin "c[d].dat" >../out &&
			git model status >../status && git model ls >../ls &&
			rm a.bin && git model checkout --force a.bin >../out 2>&1 &&
			git model doctor >../doctor 2>&1 &&
			git add . && git commit -qm two && git model verify >../verify 2>&1
		) &&
		test_grep "b.bin" ../ls && test_path_is_file a.bin &&
		git cat-file -p "HEAD:c[d].dat" >../pointer &&
		test_grep "^git-model/1" ../pointer &&
		! grep -i "fatal\|magic" ../status ../doctor ../verify
	'
done

test_expect_success 'a hook of ours runs under git --literal-pathspecs' '
	one hooks && cp b.bin "*.bin" && git --literal-pathspecs add "*.bin" &&
	git --literal-pathspecs commit -qm two -- "*.bin" &&
	git ls-tree --name-only HEAD >../names && test_grep -F "*.bin" ../names &&
	test_grep ! "^b.bin" ../names
'

test_expect_success 'what a person types is read as git reads it' '
	one typed && git model add b.bin && git commit -qm two &&
	rm a.bin b.bin &&
	GIT_LITERAL_PATHSPECS=1 test_expect_code 128 git model checkout --force \
		"*.bin" 2>../err && test_grep "did not match" ../err &&
	GIT_ICASE_PATHSPECS=1 git model checkout --force B.BIN &&
	test_path_is_file b.bin && test_path_is_missing a.bin &&
	GIT_LITERAL_PATHSPECS=1 git model checkout --force a.bin &&
	test_path_is_file a.bin
'

test_done
