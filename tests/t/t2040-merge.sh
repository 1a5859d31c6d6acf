#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='merging pointers: a clear result, or ours and the others
beside it'

. ./lib-test.sh

# What a conflict left behind is gone for the next test.
clean_up () {
	git -C repo merge --abort 2>/dev/null
	git -C repo rebase --abort 2>/dev/null
	git -C repo cherry-pick --abort 2>/dev/null
	git -C repo checkout -q -f main &&
	git -C repo clean -q -f -d
}

is_pointer () {
	test_file_size "$1" >size && test $(cat size) -lt 200
}

# conflict_is <ours> <theirs> <base> <path>
conflict_is () {
	cmp "$1" "repo/$4" &&
	cmp "$2" "repo/.git/model-conflict/$4.theirs" &&
	cmp "$3" "repo/.git/model-conflict/$4.base" &&
	test_path_is_missing "repo/$4.theirs" &&
	test_path_is_missing "repo/$4.base" &&
	test_grep ! "<<<<<<<" "repo/$4"
}

conflict_is_in_git_dir () {
	test -s repo/.git/model-conflict/small.bin.theirs &&
	test -s repo/.git/model-conflict/d/big.bin.base
}

test_expect_success 'set up' '
	git init -q repo &&
	(cd repo && git model install && git model track "*.bin") &&
	mkdir repo/d &&
	for v in base ours theirs
	do
		mv-test random 9M $((n += 1)) >big.$v &&
		mv-test random 50000 $((n += 1)) >small.$v || return 1
	done &&
	cp big.base repo/d/big.bin &&
	cp small.base repo/small.bin &&
	echo text >repo/text &&
	git -C repo add . &&
	git -C repo commit -q -m base &&
	git -C repo switch -q -c theirs &&
	cp big.theirs repo/d/big.bin &&
	cp small.theirs repo/small.bin &&
	git -C repo commit -q -a -m theirs &&
	git -C repo switch -q main &&
	cp big.ours repo/d/big.bin &&
	cp small.ours repo/small.bin &&
	git -C repo commit -q -a -m ours
'

test_expect_success 'both changed it: ours stays, the others can be had' '
	test_when_finished clean_up &&
	test_expect_code 1 git -C repo merge theirs >out 2>err &&
	conflict_is big.ours big.theirs big.base d/big.bin &&
	conflict_is small.ours small.theirs small.base small.bin &&
	git -C repo status --porcelain --untracked-files=no >actual &&
	printf "%s\n" "UU d/big.bin" "UU small.bin" >expect &&
	test_cmp expect actual &&
	test_grep "theirs is in .*/model-conflict/d/big.bin.theirs" err &&
	test_grep "checkout --theirs .d/big.bin." err
'

test_expect_success 'keeping ours' '
	test_when_finished clean_up &&
	test_expect_code 1 git -C repo merge theirs &&
	git -C repo rev-parse HEAD:small.bin HEAD:d/big.bin >expect &&
	git -C repo add small.bin d/big.bin &&
	git -C repo rev-parse :small.bin :d/big.bin >actual &&
	test_cmp expect actual &&
	git -C repo commit -q -m merged &&
	test_when_finished "git -C repo reset -q --hard HEAD~1" &&
	git -C repo status --porcelain --untracked-files=no >actual &&
	test_must_be_empty actual
'

test_expect_success 'taking theirs, as the message says' '
	test_when_finished clean_up &&
	test_expect_code 1 git -C repo merge theirs &&
	git -C repo checkout --theirs small.bin d/big.bin &&
	cmp small.theirs repo/small.bin &&
	cmp big.theirs repo/d/big.bin &&
	git -C repo add small.bin d/big.bin &&
	git -C repo rev-parse theirs:small.bin theirs:d/big.bin >expect &&
	git -C repo rev-parse :small.bin :d/big.bin >actual &&
	test_cmp expect actual
'

test_expect_success 'a result of one'\''s own' '
	test_when_finished clean_up &&
	test_expect_code 1 git -C repo merge theirs &&
	mv-test random 60000 77 >repo/small.bin &&
	git -C repo checkout --ours d/big.bin &&
	git -C repo add small.bin d/big.bin &&
	git -C repo cat-file -p :small.bin >actual &&
	test_grep "^size 60000" actual
'

test_expect_success 'rebase: ours is what it is rebased onto' '
	test_when_finished clean_up &&
	test_must_fail git -C repo rebase theirs &&
	conflict_is big.theirs big.ours big.base d/big.bin &&
	conflict_is small.theirs small.ours small.base small.bin
'

test_expect_success 'cherry-pick' '
	test_when_finished clean_up &&
	test_must_fail git -C repo cherry-pick theirs &&
	conflict_is big.ours big.theirs big.base d/big.bin &&
	conflict_is small.ours small.theirs small.base small.bin
'

test_expect_success 'stash pop' '
	test_when_finished clean_up &&
	cp big.theirs repo/d/big.bin &&
	git -C repo stash -q &&
	test_when_finished "git -C repo stash drop -q" &&
	git -C repo switch -q --detach HEAD~1 &&
	cp big.base other && mv-test edit other 5 100 8 &&
	cp other repo/d/big.bin &&
	git -C repo commit -q -a -m other &&
	test_must_fail git -C repo stash pop &&
	conflict_is other big.theirs big.ours d/big.bin
'

# nothing_is_left: neither in git nor in the work tree nor beside
nothing_is_left () {
	test_path_is_missing repo/.git/model-conflict &&
	git -C repo status --porcelain >actual && test_must_be_empty actual
}

test_expect_success 'add -A and rebase --continue take none of it' '
	test_when_finished clean_up &&
	git -C repo switch -q -c rebased main &&
	test_must_fail git -C repo rebase theirs &&
	conflict_is_in_git_dir &&
	git -C repo add -A && git -C repo rebase --continue &&
	git -C repo ls-tree -r --name-only HEAD >actual &&
	printf "%s\n" .gitattributes d/big.bin small.bin text \
		>expect &&
	test_cmp expect actual && nothing_is_left
'

test_expect_success 'merge --abort leaves nothing, at the latest with the next command' '
	test_when_finished clean_up &&
	test_expect_code 1 git -C repo merge theirs &&
	conflict_is_in_git_dir && git -C repo status >out &&
	(cd repo && git model add small.bin) &&
	test_path_is_missing repo/.git/model-conflict/small.bin.theirs &&
	cmp big.theirs repo/.git/model-conflict/d/big.bin.theirs &&
	git -C repo merge --abort && (cd repo && git model add .) &&
	nothing_is_left
'

test_expect_success '-X ours and -X theirs' '
	test_when_finished clean_up &&
	git -C repo switch -q -c favor main &&
	git -C repo merge -q -X theirs -m m theirs && nothing_is_left &&
	cmp big.theirs repo/d/big.bin && cmp small.theirs repo/small.bin &&
	git -C repo reset -q --hard main &&
	git -C repo merge -q --strategy-option=ours -m m theirs &&
	cmp big.ours repo/d/big.bin && cmp small.ours repo/small.bin &&
	git -C repo reset -q --hard main &&
	git -C repo rebase -q -X theirs theirs &&
	cmp big.ours repo/d/big.bin && cmp small.ours repo/small.bin &&
	git -C repo reset -q --hard main &&
	git -C repo cherry-pick -X theirs theirs &&
	cmp big.theirs repo/d/big.bin && nothing_is_left
'

test_expect_success 'content that is not here: its pointer is offered' '
	test_when_finished clean_up &&
	git clone -q --no-local repo clone 2>/dev/null &&
	git -C clone fetch -q origin theirs:theirs &&
	mv repo/.git/model away &&
	test_when_finished "mv away repo/.git/model" &&
	test_expect_code 1 git -C clone merge theirs 2>err &&
	cmp small.ours clone/small.bin &&
	cmp big.ours clone/d/big.bin &&
	is_pointer clone/.git/model-conflict/small.bin.theirs &&
	test_grep "oid sha256:$(sha256sum <small.theirs | cut -c 1-64)" \
		clone/.git/model-conflict/small.bin.theirs &&
	test_grep "git model fetch" err
'

test_expect_success 'one side changed it: no question' '
	test_when_finished clean_up &&
	git -C repo switch -q -c one-sided HEAD~1 &&
	echo other >repo/text &&
	git -C repo commit -q -a -m text &&
	git -C repo merge -q -m merged theirs 2>err &&
	cmp big.theirs repo/d/big.bin &&
	cmp small.theirs repo/small.bin &&
	git -C repo status --porcelain >actual &&
	test_must_be_empty actual
'

test_expect_success 'they have the bytes themselves: those are offered' '
	test_when_finished clean_up &&
	git -C repo switch -q -c bytes HEAD~1 &&
	blob=$(git -C repo hash-object -w --no-filters ../small.theirs) &&
	git -C repo update-index --cacheinfo 100644,$blob,small.bin &&
	git -C repo commit -q --no-verify -m raw &&
	git -C repo checkout -q -f main &&
	test_expect_code 1 git -C repo merge bytes &&
	conflict_is small.ours small.theirs small.base small.bin
'

test_expect_success 'the same content, as bytes and as a pointer: the pointer' '
	test_when_finished clean_up &&
	git -C repo switch -q -c same theirs &&
	git -C repo merge -q -m merged bytes &&
	git -C repo rev-parse theirs:small.bin >expect &&
	git -C repo rev-parse HEAD:small.bin >actual &&
	test_cmp expect actual &&
	cmp small.theirs repo/small.bin &&
	git -C repo merge-tree --write-tree bytes theirs >tree &&
	git -C repo rev-parse $(cat tree):small.bin >actual &&
	test_cmp expect actual
'

test_expect_success 'who only turned a pointer into bytes changed nothing' '
	test_when_finished clean_up &&
	git -C repo switch -q -c as-bytes theirs~1 &&
	blob=$(git -C repo hash-object -w --no-filters ../small.base) &&
	git -C repo update-index --cacheinfo 100644,$blob,small.bin &&
	git -C repo commit -q --no-verify -m raw &&
	git -C repo rev-parse theirs:small.bin >expect &&
	git -C repo merge-tree --write-tree as-bytes theirs >tree &&
	git -C repo rev-parse $(cat tree):small.bin >actual &&
	test_cmp expect actual &&
	git -C repo merge-tree --write-tree theirs as-bytes >tree &&
	git -C repo rev-parse $(cat tree):small.bin >actual &&
	test_cmp expect actual
'

test_expect_success 'added on both sides: there is no base' '
	test_when_finished clean_up &&
	git -C repo switch -q -c add-one main &&
	cp big.theirs repo/new.bin &&
	git -C repo add new.bin &&
	git -C repo commit -q -m one &&
	git -C repo switch -q -c add-two main &&
	cp big.ours repo/new.bin &&
	git -C repo add new.bin &&
	git -C repo commit -q -m two &&
	test_expect_code 1 git -C repo merge add-one &&
	cmp big.ours repo/new.bin &&
	cmp big.theirs repo/.git/model-conflict/new.bin.theirs &&
	test_path_is_missing repo/.git/model-conflict/new.bin.base
'

test_expect_success 'deleted here, changed there' '
	test_when_finished clean_up &&
	git -C repo switch -q -c deleted main~1 &&
	git -C repo rm -q d/big.bin small.bin &&
	git -C repo commit -q -m deleted &&
	test_expect_code 1 git -C repo merge theirs &&
	cmp big.theirs repo/d/big.bin &&
	cmp small.theirs repo/small.bin &&
	git -C repo rev-parse theirs:d/big.bin >expect &&
	git -C repo add d/big.bin &&
	git -C repo rev-parse :d/big.bin >actual &&
	test_cmp expect actual
'

test_expect_success 'changed here, deleted there' '
	test_when_finished clean_up &&
	test_expect_code 1 git -C repo merge deleted &&
	cmp big.ours repo/d/big.bin &&
	cmp small.ours repo/small.bin
'

test_expect_success 'renamed there, changed on both sides' '
	test_when_finished clean_up &&
	git -C repo switch -q -c renamed theirs &&
	git -C repo mv small.bin "another name.bin" &&
	git -C repo commit -q -m renamed &&
	git -C repo checkout -q main &&
	test_expect_code 1 git -C repo merge renamed >out 2>&1 &&
	test_grep CONFLICT out &&
	cmp small.ours repo/small.bin &&
	! grep -r "<<<<<<<" repo --include="*.bin*"
'

test_expect_success 'between the bases of a criss-cross nobody is asked' '
	test_when_finished clean_up &&
	git -C repo switch -q -c left main &&
	git -C repo merge -q -s ours -m left theirs &&
	git -C repo switch -q -c right theirs &&
	git -C repo merge -q -s ours -m right main &&
	mv-test random 50000 91 >repo/small.bin &&
	git -C repo commit -q -a -m right2 &&
	git -C repo switch -q left &&
	mv-test random 50000 90 >repo/small.bin &&
	cp repo/small.bin left &&
	git -C repo commit -q -a -m left2 &&
	test_must_fail git -C repo merge right 2>err &&
	cmp left repo/small.bin &&
	grep -c "small.bin. was changed" err >count &&
	test $(cat count) = 1
'

test_expect_success 'a merge that writes no work tree offers nothing' '
	test_expect_code 1 git -C repo merge-tree --write-tree main theirs >out 2>err &&
	git -C repo status --porcelain >actual &&
	test_must_be_empty actual
'

test_expect_success 'called wrongly' '
	(cd repo && test_expect_code 129 git-model merge-driver a b c) &&
	(cd repo && test_expect_code 128 git-model merge-driver no no no 7 x \
		2>../err) &&
	test_grep "no" err
'

test_done
