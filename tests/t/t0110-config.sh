#!/bin/sh

test_description='.gitmodel/config: read as data, wrong lines named'

. ./lib-test.sh

# write_config: stdin becomes the team's configuration
write_config () { mkdir -p r/.gitmodel && cat >r/.gitmodel/config; }

# checkout_again: the two files leave and come back through the filter
checkout_again () {
	(cd r && rm -f a.bin b.bin &&
	 GIT_TRACE_PACKET=1 git checkout -q -- a.bin b.bin) 2>err
}

test_expect_success 'a repository' '
	git config --global filter.model.process "git-model filter-process" &&
	git config --global filter.model.required true &&
	git init -q r &&
	(cd r && git model track "*.bin" &&
	 mv-test random 100000 1 >a.bin && mv-test random 3000 2 >b.bin &&
	 git add "*.bin" .gitattributes && git commit -q -m one)
'

test_expect_success 'smudge-limit decides what goes through git' '
	printf "[filter]\nsmudge-limit = 50k\n" | write_config &&
	checkout_again && test_must_fail grep warning: err &&
	test $(wc -c <r/a.bin) = 100000 && test $(wc -c <r/b.bin) = 3000 &&
	git -C r status --porcelain -uno >out && test_must_fail test -s out
'

test_expect_success 'an unknown key is a warning with its line' '
	printf "[filter]\nsmudge-limit = 50k\nsmudge-limt = 1\n" |
		write_config &&
	printf "[artifact \"a\"]\npaht = a.bin\n" >>r/.gitmodel/config &&
	checkout_again &&
	grep "gitmodel/config:3: unknown key .smudge-limt." err &&
	grep "gitmodel/config:5: unknown key .paht. in .artifact" err &&
	test $(wc -c <r/a.bin) = 100000
'

test_expect_success 'what other parts read is no surprise' '
	printf "[repository]\nid = x\n[artifact \"a\"]\npath = a.bin\n" |
		write_config &&
	printf "[metric \"loss\"]\ndirection = down\n" >>r/.gitmodel/config &&
	checkout_again && test_must_fail grep warning: err
'

test_expect_success 'a broken line is named, and the checkout works' '
	printf "# team\n[filter\nsmudge-limit = 50k\n" | write_config &&
	checkout_again &&
	grep "gitmodel/config:2" err &&
	test $(wc -c <r/a.bin) = 100000
'

test_expect_success 'a value that is no size is named' '
	printf "[filter]\nsmudge-limit = eight\n" | write_config &&
	checkout_again &&
	grep "gitmodel/config:2: smudge-limit" err
'

test_expect_success 'a repository does not decide where content goes' '
	printf "[remote \"origin\"]\nurl = /elsewhere\n" | write_config &&
	checkout_again &&
	grep "gitmodel/config:2: where content goes" err &&
	(cd r && git model remote >out && test_must_fail grep elsewhere out)
'

test_expect_success 'a symlink in its place is not followed' '
	printf "[filter]\nsmudge-limit = broken\n" >outside &&
	rm r/.gitmodel/config && ln -s ../../outside r/.gitmodel/config &&
	checkout_again && test_must_fail grep "smudge-limit" err &&
	test $(wc -c <r/a.bin) = 100000
'

test_expect_success 'wrong git configuration names the key' '
	rm r/.gitmodel/config && rm r/a.bin &&
	test_must_fail git -C r -c model.smudgeLimit=lots checkout -- a.bin 2>err &&
	grep -i "model.smudgelimit" err &&
	test_must_fail git -C r -c model.threads=many model fsck 2>err &&
	grep -i "model.threads" err
'

test_expect_success 'git config writes a file of a team' '
	git init -q team && mkdir team/.gitmodel &&
	git config -f team/.gitmodel/config artifact.fraud.path fraud.st &&
	git config -f team/.gitmodel/config metric.loss.direction down &&
	grep -q "^	path" team/.gitmodel/config &&
	(cd team && git model install --local && git model track "*.st") &&
	echo x >team/fraud.st &&
	(cd team && git model add --metric loss=1 fraud.st) &&
	git -C team commit -q -m one &&
	git -C team model show fraud >actual &&
	test_grep "^fraud  fraud.st" actual
'

test_done
