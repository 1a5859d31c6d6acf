#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='git-lfs and git-model work on the same repositories'
. ./lib-test.sh

if ! git lfs version >/dev/null 2>&1
then
	skip_all='git-lfs IS MISSING, nothing of it was tested: make deps'
	test_done
fi

lfs_version='https://git-lfs.github.com/spec/v1'

# Who serves filter=lfs from now on?
use_lfs () {
	git model uninstall --lfs --local &&
	git lfs install --local --force &&
	test "$(git config filter.lfs.process)" = 'git-lfs filter-process'
}
use_model () {
	git model install --lfs --local &&
	git config filter.lfs.process | grep "git-model.* filter-process --lfs"
}
is_clean () {
	touch *.bin && git status --porcelain >../status &&
	test_must_be_empty ../status
}
# The staged pointer of each file is canonical for git-lfs.
canonical () {
	for file
	do
		git cat-file -p ":$file" >../pointer &&
		git lfs pointer --check --strict --file=../pointer &&
		git lfs pointer --file="$file" 2>/dev/null >../expected &&
		test_cmp ../expected ../pointer || return 1
	done
}

test_expect_success 'a repository of git-lfs, pushed by git-lfs' '
	git init -q --bare lfs.git &&
	git init -q made &&
	cd made &&
	git lfs install --local &&
	git lfs track "*.bin" &&
	mv-test random 200000 1 >small.bin &&
	mv-test random 9000000 2 >large.bin &&
	: >empty.bin &&
	git add . &&
	git commit -q -m "by git-lfs" &&
	git remote add origin "file://$TRASH/work/lfs.git" &&
	git push -q origin main &&
	cp -R ../made ../original
'

test_expect_success 'cloned with our filter, the files are real' '
	git clone -q -c filter.lfs.process="git-model filter-process --lfs" \
		-c filter.lfs.required=true "file://$TRASH/work/lfs.git" ours &&
	cmp made/small.bin ours/small.bin &&
	cmp made/large.bin ours/large.bin &&
	test_must_be_empty ours/empty.bin &&
	git -C ours status --porcelain >status &&
	test_must_be_empty status
'

test_expect_success 'cloned without content, git model pull gets it' '
	GIT_LFS_SKIP_SMUDGE=1 git clone -q \
		-c filter.lfs.process="git-lfs filter-process" \
		-c filter.lfs.required=true \
		"file://$TRASH/work/lfs.git" pulled &&
	cd pulled &&
	test_grep "^version $lfs_version" large.bin &&
	use_model &&
	git model pull &&
	cmp ../made/small.bin small.bin &&
	cmp ../made/large.bin large.bin &&
	git status --porcelain >../status &&
	test_must_be_empty ../status
'

test_expect_success 'when we take over, nothing changes' '
	cd made &&
	git ls-files -s >../before &&
	use_model &&
	is_clean &&
	git add -A -- "*.bin" &&
	git ls-files -s >../after &&
	test_cmp ../before ../after
'

test_expect_success 'pointers that git add writes are canonical' '
	cd made &&
	mv-test edit large.bin 5000000 1000 3 &&
	mv-test random 300000 4 >"new file.bin" &&
	git add -- *.bin &&
	canonical large.bin small.bin "new file.bin" &&
	git cat-file -p :empty.bin >../empty &&
	test_must_be_empty ../empty
'

test_expect_success 'pointers that git model add writes, too' '
	cd made &&
	mv-test random 9100000 5 >fast.bin &&
	mv-test random 1000 6 >tiny.bin &&
	git model add fast.bin tiny.bin &&
	canonical fast.bin tiny.bin &&
	git commit -q -m "by git-model"
'

test_expect_success 'git-lfs finds all content that we stored' '
	cd made &&
	git lfs fsck >../out &&
	test_grep "Git LFS fsck OK" ../out &&
	git lfs ls-files >../out &&
	test_line_count = 5 ../out &&
	test_grep " \* fast.bin" ../out &&
	test_grep " \* new file.bin" ../out &&
	test_grep ! " - " ../out &&
	git cat-file -p HEAD:fast.bin | git lfs smudge | cmp - fast.bin
'

test_expect_success 'git-lfs pushes what we stored, and checks it out' '
	cd made &&
	git lfs push --all origin &&
	git push -q --no-verify origin main &&
	git clone -q -c filter.lfs.process="git-lfs filter-process" \
		-c filter.lfs.required=true "file://$TRASH/work/lfs.git" \
		../theirs &&
	cmp fast.bin ../theirs/fast.bin &&
	cmp tiny.bin ../theirs/tiny.bin &&
	cmp large.bin ../theirs/large.bin &&
	cmp "new file.bin" "../theirs/new file.bin" &&
	git -C ../theirs lfs fsck
'

test_expect_success 'git push uploads it through our hook and that of git-lfs' '
	cd made &&
	mv-test random 250000 7 >hooked.bin &&
	git add hooked.bin && git commit -q -m hooked &&
	git push -q origin main &&
	object=$(sha256sum <hooked.bin |
		sed "s|^\(..\)\(..\)\([0-9a-f]*\).*|\1/\2/\1\2\3|") &&
	cmp hooked.bin ../lfs.git/lfs/objects/$object
'

test_expect_success 'versions of both are switched by both' '
	cd made &&
	use_lfs &&
	is_clean &&
	mv-test edit large.bin 0 500 8 &&
	git add large.bin && git commit -q -m "by git-lfs again" &&
	cp large.bin ../third &&
	git switch -q --detach HEAD~3 &&
	cmp ../original/large.bin large.bin &&
	is_clean &&
	use_model &&
	git switch -q main &&
	cmp ../third large.bin &&
	is_clean &&
	git switch -q --detach HEAD~3 &&
	cmp ../original/large.bin large.bin &&
	is_clean &&
	git switch -q main
'

# -- native pointers where git-lfs is at home ---------------------------------

test_expect_success 'native files beside those of git-lfs' '
	cd made &&
	use_lfs &&
	git model install --local &&
	git config filter.lfs.process >../out &&
	test_grep "git-lfs filter-process" ../out &&
	git model track "*.safetensors" &&
	mv-test safetensors small.safetensors bf16 300000 9 &&
	mv-test safetensors large.safetensors bf16 9M 10 &&
	git add .gitattributes "*.safetensors" &&
	git commit -q -m native &&
	git cat-file -p HEAD:large.safetensors >../native &&
	test_grep "^git-model/1" ../native
'

test_expect_success 'git-lfs takes no native pointer for its own' '
	cd made &&
	test_must_fail git lfs pointer --check --file=../native &&
	git lfs ls-files --all >../out &&
	test_grep ! safetensors ../out &&
	test_grep large.bin ../out &&
	git lfs fsck >../out &&
	test_grep "Git LFS fsck OK" ../out
'

test_expect_success 'git push with the hooks of both' '
	cd made &&
	git lfs install --local --force &&
	git model install --local &&
	git push origin main 2>../out &&
	test_grep ! -i "missing\|error" ../out &&
	git rev-parse main >../expected &&
	git -C ../lfs.git rev-parse main >../out &&
	test_cmp ../expected ../out
'

same_in () {
	one=$1 other=$2 && shift 2
	for file
	do
		cmp "$one/$file" "$other/$file" || return 1
	done
}

test_expect_success 'a clone with both filters has all files' '
	git clone -q -c filter.lfs.process="git-lfs filter-process" \
		-c filter.lfs.required=true \
		-c filter.model.process="git-model filter-process" \
		-c filter.model.required=true \
		"file://$TRASH/work/lfs.git" both &&
	same_in made both small.bin large.bin small.safetensors \
		large.safetensors &&
	git -C both status --porcelain >status &&
	test_must_be_empty status
'

test_expect_success 'git push by the hook of git-lfs alone is not hindered' '
	cd both &&
	git lfs install --local --force &&
	printf "#!/bin/sh\nexec git lfs pre-push \"\$@\"\n" \
		>.git/hooks/pre-push &&
	chmod +x .git/hooks/pre-push &&
	mv-test random 260000 11 >more.bin &&
	git add more.bin && git commit -q -m more &&
	git push -q origin HEAD:refs/heads/more 2>../out &&
	git -C ../lfs.git rev-parse more &&
	git lfs push --dry-run --all origin >../out &&
	test_grep ! safetensors ../out
'

test_done
