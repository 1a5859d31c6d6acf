#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='one grammar: how artifacts, versions and stages are named everywhere'
. ./lib-test.sh

commands=$("$TEST_DIR/../../scripts/commands.sh")

# same <command line> <command line>: both answer, and the same
same () {
	eval "$1" >../one && eval "$2" >../two && test -s ../one && test_cmp ../one ../two
}

# wrong <words> <command>...: a usage error that first says what is wrong
wrong () {
	words=$1 && shift &&
	test_expect_code 129 "$@" >../out 2>../err &&
	test_must_be_empty ../out &&
	sed 1q ../err >../first && test_grep "^error: $words" ../first &&
	test_grep "^usage: git model" ../err
}

test_expect_success 'set up: two versions, of which one holds production' '
	git init -q r && cd r && git model install --local >/dev/null &&
	git model track "*.bin" >/dev/null && mkdir .gitmodel &&
	printf "[artifact \"fraud\"]\npath = m.bin\n" >.gitmodel/config &&
	mv-test random 20K 1 >m.bin && cp m.bin ../v1 && git add . &&
	git commit -qm one && git model register fraud @v1.0.0 &&
	git model promote fraud@v1.0.0 production &&
	mv-test random 20K 2 >m.bin && cp m.bin ../v2 && git commit -qam two &&
	git model record m.bin --metric auc=0.9 --param lr=0.1 &&
	git model register fraud @v2.0.0
'

test_expect_success 'a stage is NAME#STAGE, or two words' '
	cd r &&
	same "git model which fraud#production" "git model which fraud production" &&
	test "$(cat ../one)" = fraud@v1.0.0 &&
	same "git model which --oid fraud#production" \
		"git model which --oid fraud fraud#production" &&
	same "git model show fraud#production" "git model show fraud production" &&
	same "git model log fraud#production" "git model log fraud production" &&
	same "git model lineage fraud#production" "git model lineage fraud production" &&
	git model cat fraud production >../actual && test_cmp ../v1 ../actual
'

test_expect_success 'an option or a format that there is not: the nearest is named' '
	cd r && wrong "unknown option .--params.; did you mean .--params-file.?" git model record fraud --params x.json &&
	wrong "unknown option .--srot.; did you mean .--sort.?" git model compare --srot auc &&
	wrong "unknown option .--colums.; did you mean .--columns.?" git model log --colums auc fraud &&
	wrong "there is no format .jsn. here; did you mean .json.?" git model show --format jsn fraud &&
	wrong "unknown option .--zzzzzzzz.$" git model show --zzzzzzzz fraud
'

test_expect_success 'where a version goes is --stage, a word, or NAME#STAGE' '
	cd r &&
	same "git model check fraud@v2.0.0 --stage production" \
		"git model check fraud@v2.0.0 production" &&
	same "git model check fraud@v2.0.0 --stage production" \
		"git model check fraud@v2.0.0 fraud#production" &&
	git model promote fraud@v2.0.0 fraud#production >../out &&
	test_grep "^fraud#production#2$" ../out &&
	git model rollback fraud#production >../out &&
	test_grep "^fraud#production#3$" ../out &&
	test "$(git model which fraud production)" = fraud@v1.0.0 &&
	git model demote fraud production >../out &&
	test_grep "^fraud#production!#4$" ../out &&
	git model promote fraud@v1.0.0 production
'

test_expect_success 'history and audit take a version or a stage, and show that alone' '
	cd r &&
	git model history --plain fraud#production >../out && test -s ../out && test_grep ! "registration" ../out &&
	git model history --plain fraud@v2.0.0 >../out && test_grep "registration.*v2.0.0" ../out && test_grep ! "v1.0.0" ../out &&
	git model audit fraud#production >../out && test_grep promotion ../out && test_grep ! registration ../out &&
	git model audit fraud@v1.0.0 >../out && test_grep "registration  fraud@v1.0.0" ../out && test_grep ! "v2.0.0" ../out &&
	test_expect_code 1 git model history fraud#nosuch && test_expect_code 128 git model history fraud@one &&
	test_expect_code 128 git model audit froud#production 2>../err && test_grep "did you mean .fraud" ../err
'

test_expect_success 'versions, stages and verify take a version or a stage, and answer for that alone' '
	cd r &&
	git model versions --plain fraud#production >../out && test_line_count = 1 ../out && test_grep "v1.0.0" ../out &&
	git model versions --plain fraud@v2.0.0 >../out && test_line_count = 1 ../out && test_grep "v2.0.0" ../out &&
	same "git model versions --plain fraud@v2.0.0" "git model versions --plain fraud@latest" &&
	test_expect_code 1 git model versions fraud#nosuch 2>../err && test_grep "holds the stage .nosuch" ../err &&
	test_expect_code 1 git model versions fraud@v7.0.0 2>../err && test_grep "registered as v7.0.0" ../err &&
	git model stages --plain fraud@v1.0.0 >../out && test_line_count = 1 ../out && test_grep production ../out &&
	test_expect_code 1 git model stages fraud@v2.0.0 2>../err && test_grep "fraud@v2.0.0. holds no stage" ../err &&
	test_expect_code 1 git model stages fraud#nosuch &&
	git model verify fraud#production >../out && test_grep promotion ../out && test_grep ! registration ../out &&
	git model verify fraud@v2.0.0 >../out && test_grep registration ../out && test_grep ! "v1.0.0" ../out &&
	test_expect_code 128 git model verify fraud#nosuch 2>../err && test_grep "known of .fraud#nosuch" ../err
'

test_expect_success 'two words are one name in every command, also among several' '
	cd r &&
	for c in versions stages verify history audit show log lineage
	do
		same "git model $c fraud#production" "git model $c fraud production" || return 1
		test $c != stages || continue
		same "git model $c fraud@v2.0.0" "git model $c fraud v2.0.0" &&
		same "git model $c fraud@v2.0.0" "git model $c fraud @v2.0.0" &&
		same "git model $c fraud@latest" "git model $c fraud @latest" || return 1
	done &&
	same "git model plot --over versions --json fraud@v1.0.0 fraud@v2.0.0" \
		"git model plot --over versions --json fraud production fraud v2.0.0" &&
	git model checkout fraud production && test_cmp ../v1 m.bin &&
	git model checkout fraud @v2.0.0 && test_cmp ../v2 m.bin &&
	git model record fraud production m.bin --metric f1=0.5 &&
	git model show --json fraud#production >../out && test_grep "\"f1\": 0.5" ../out &&
	git model show --json m.bin >../out && test_grep "\"f1\": 0.5" ../out
'

test_expect_success 'a file of that name is a file: two words stay two' '
	cd r && mv-test random 20K 9 >production && git model track production >/dev/null &&
	git model add production && rm production &&
	test_expect_code 129 git model checkout -f production fraud#production 2>../err &&
	test_grep "exclude each other" ../err &&
	test_expect_code 128 git model checkout -f fraud production && test_path_is_missing production &&
	git model checkout -f production && test_path_is_file production &&
	git model record fraud production --metric f1=0.7 && git model show --json production >../out &&
	test_grep "\"f1\": 0.7" ../out && git rm -qf --cached production && rm production
'

test_expect_success 'diff and report compare with what holds a stage' '
	cd r && git commit -qam three --allow-empty &&
	git model diff fraud#production >../out && test_grep "^fraud#production (" ../out && test_grep "auc" ../out &&
	git model diff fraud#production..fraud@latest >../out && test_grep "^fraud#production (.*fraud@latest" ../out &&
	git model report --format md fraud#production HEAD >../out && test_grep auc ../out &&
	test_expect_code 128 git model diff fraud#nosuch 2>../err && test_grep "holds the stage .nosuch" ../err &&
	git branch "fraud#nosuch" HEAD~1 && git model diff "fraud#nosuch" && git branch -qD "fraud#nosuch"
'

test_expect_success 'cat takes every name that show takes' '
	cd r &&
	for what in fraud m.bin fraud@v2.0.0 fraud@latest HEAD:m.bin :m.bin \
		m.bin@HEAD fraud@HEAD "$(git model which --oid fraud@v2.0.0)"
	do
		git model show "$what" >../out && git model cat "$what" >../actual &&
		test_cmp ../v2 ../actual || return 1
	done &&
	oid=$(git model which --oid fraud@v2.0.0) &&
	git model cat "sha256:$oid" | cmp - ../v2 &&
	git model cat "$(echo $oid | cut -c 1-9)" | cmp - ../v2 &&
	git model cat :0:m.bin | cmp - ../v2
'

test_expect_success 'cat of what is not there says so, and of a folder too' '
	cd r &&
	test_expect_code 128 git model cat fruad >../out 2>../err &&
	test_must_be_empty ../out && test_grep "did you mean .fraud.?" ../err &&
	mkdir -p d && cp m.bin d/a.bin && git add d &&
	test_expect_code 128 git model cat d >../out 2>../err &&
	test_must_be_empty ../out && test_grep "a folder of 1 file" ../err
'

test_expect_success 'arguments: what is missing or too many is said before the usage' '
	cd r &&
	wrong "an argument is missing" git model which &&
	wrong "the stage is missing after .fraud@v1.0.0." \
		git model promote fraud@v1.0.0 &&
	wrong ".fraud. names no version" git model promote fraud production &&
	wrong ".churn#production. is a stage of another" \
		git model promote fraud@v1.0.0 churn#production &&
	wrong ".extra. is one argument too many" \
		git model check fraud@v1.0.0 production extra &&
	wrong ".extra. is one argument too many" \
		git model which fraud production extra &&
	wrong "no argument is expected, not .extra." git model gc extra &&
	wrong ".production. is one argument too many" \
		git model approve fraud@v1.0.0 --stage production production &&
	wrong ".fraud@v1.0.0. is a version" git model rollback fraud@v1.0.0 prod &&
	wrong "either --branches or --all" git model compare --all --branches &&
	wrong "one of --oid" git model which --oid --path fraud#production &&
	wrong ".nonsense. is neither add nor remove" git model remote nonsense &&
	wrong ".nonsense. is none of" git model policy nonsense &&
	wrong ".circleci. is none of" git model ci init circleci
'

test_expect_success 'no command answers too many arguments with usage alone' '
	cd r &&
	for c in $commands
	do
		case "$c" in
		# These take as many as there are.
		add|checkout|import|plot|record|run|status|track|untrack|verify) continue ;;
		fetch|push) continue ;;
		esac
		test_expect_code 129 git model $c a b c d e f >../out 2>../err || {
			echo "$c: other exit code"
			return 1
		}
		sed 1q ../err >../first && test_grep "^error: " ../first || return 1
	done
'

test_expect_success 'a key that no version has is an error, with the nearest' '
	cd r &&
	test_expect_code 128 git model compare fraud --sort -acu 2>../err &&
	test_grep "tag .acu.; did you mean .auc.?" ../err &&
	test_expect_code 128 git model compare fraud --columns auc,rl 2>../err &&
	test_grep "tag .rl.; did you mean .lr.?" ../err &&
	test_expect_code 128 git model compare fraud --where "versoin = v1" 2>../err &&
	test_grep "tag .versoin.; did you mean .version.?" ../err &&
	test_expect_code 128 git model log fraud --columns zzzz 2>../err &&
	test_grep "tag .zzzz.$" ../err &&
	git model compare fraud --sort -auc,date,params.lr --columns auc,lr \
		--where "auc > 5 or stage = x" &&
	git model log fraud --columns metrics.auc
'

test_expect_success 'a hint comes behind its result, also in one file' '
	cd r && git model register --force fraud @v9.0.0 >../both 2>&1 &&
	sed 1q ../both >../first && test_grep "^fraud@v9.0.0$" ../first &&
	test_grep "^hint: " ../both
'

# -- help -------------------------------------------------------------------------------

test_expect_success '-h says what a command is for, and shows examples' '
	cd r &&
	for c in $commands
	do
		git model $c -h >../out && sed 1q ../out >../first &&
		test_grep "^git model $c: [a-z]" ../first &&
		sed "1,/^examples:$/d" ../out >../lines && test -s ../lines &&
		test_grep "^    git model $c" ../lines || return 1
	done
'

test_expect_success '--help shows the manual where there is one' '
	cd r &&
	mkdir bin && cat >bin/man <<-\EOT &&
	#!/bin/sh
	test "$1" != -w || { test "$2" = git-model-add; exit; }
	echo "the manual $*"
	EOT
	chmod +x bin/man &&
	PATH="$PWD/bin:$PATH" git model add --help >../out &&
	echo "the manual git-model-add" >../expect && test_cmp ../expect ../out &&
	PATH="$PWD/bin:$PATH" git model help add >../out && test_cmp ../expect ../out &&
	git model gc -h >../expect &&
	PATH="$PWD/bin:$PATH" git model gc --help >../out && test_cmp ../expect ../out &&
	PATH="$PWD/bin:$PATH" git model add -h >../out && test_grep "^usage:" ../out
'

test_done
