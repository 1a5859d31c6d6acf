#!/bin/sh

test_description='a thousand small files and a few large ones (in the soak three thousand)'

. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

git config --global model.smudgeLimit 1m || exit 1

files=$(test_few 1000 3000)
all=$((files + 3))

# Not a measure: only what is quadratic, or starts a program for each file,
# takes longer than this.
in_time () {
	timeout 120 "$@"
}

test_expect_success 'make them' '
	git init -q r && cd r && git model track "data/**" "*.bin" &&
	mkdir data && for d in 0 1 2 3 4 5 6 7 8 9
	do
		mkdir data/$d || return 1
	done &&
	perl -e "for my \$i (1 .. $files) {
		open my \$f, q(>), sprintf(q(data/%d/f%04d.dat), \$i % 10, \$i);
		print \$f qq(number \$i\n) x (20 + \$i % 200);
	}" &&
	for i in 1 2 3
	do
		mv-test random 3m $i >$i.bin || return 1
	done &&
	find data *.bin -type f -exec sha256sum {} + | sort >../sums &&
	test_line_count = $all ../sums
'

test_expect_success 'git add and git model add: the same' '
	cd r && in_time git add . && git ls-files -s data "*.bin" >../by-git &&
	git rm -r -q --cached . && rm -rf .git/model .git/model-stat &&
	in_time git model add . && git ls-files -s data "*.bin" >../by-us &&
	test_line_count = $all ../by-us && test_cmp ../by-git ../by-us &&
	test_tick && git commit -q -m many
'

test_expect_success 'few packs, and few objects' '
	cd r && find .git/model/packs -name "*.pack" >../packs &&
	test_line_count -lt 100 ../packs &&
	find .git/objects -type f >../objects
'

test_expect_success 'status: nothing changed, and nothing is asked in the end' '
	cd r && in_time git status --porcelain >../status &&
	test_must_be_empty ../status && in_time git model status >../status &&
	test_grep "$all of $all unchanged" ../status &&
	git ls-files -z data "*.bin" | xargs -0 touch -d "2 minutes ago" &&
	sleep 1.1 && in_time git model add . && filter_log git status --porcelain >../status &&
	test_must_be_empty ../status && test_must_be_empty "$TRASH/requests"
'

test_expect_success 'all removed, all come back' '
	cd r && rm -rf data *.bin && in_time git checkout -q -- . &&
	sha256sum --quiet -c ../sums && in_time git status --porcelain >../status &&
	test_must_be_empty ../status && no_temporaries
'

test_expect_success 'all as pointers, written by git model checkout' '
	cd r && rm -rf data *.bin &&
	mkdir -p .git/info && echo "* !filter" >.git/info/attributes &&
	in_time git checkout -q -- . && rm .git/info/attributes &&
	is_pointer data/0/f0010.dat && is_pointer 1.bin &&
	in_time git model status >../status &&
	test $(grep -c "^pointer" ../status) = $all &&
	in_time git model checkout && sha256sum --quiet -c ../sums &&
	in_time git status --porcelain >../status &&
	test_must_be_empty ../status && nothing_is_read
'

test_expect_success 'another branch, and back' '
	cd r && git switch -q -c other && git rm -r -q data/1 &&
	perl -e "for my \$i (1 .. $files) {
		next if \$i % 10 == 1;
		open my \$f, q(>>), sprintf(q(data/%d/f%04d.dat), \$i % 10, \$i);
		print \$f q(more);
	}" &&
	in_time git model add . && test_tick && git commit -q -m other &&
	in_time git switch -q main && sha256sum --quiet -c ../sums &&
	in_time git switch -q other && in_time git status --porcelain >../status &&
	test_must_be_empty ../status && test_path_is_missing data/1 &&
	in_time git switch -q main && sha256sum --quiet -c ../sums
'

test_expect_success 'a clone, and its gc and fsck' '
	in_time git clone -q r clone && cd clone && sha256sum --quiet -c ../sums &&
	in_time git model fsck && in_time git model gc --grace 0s &&
	in_time git model fsck && rm -rf data && in_time git checkout -q -- data &&
	sha256sum --quiet -c ../sums
'

test_expect_success 'what no branch has goes, the rest stays' '
	cd r && git branch -q -D other && git reflog expire --expire=now --all &&
	git gc -q --prune=now && in_time git model gc --grace 0s >out 2>&1 &&
	test_grep "freed" out && rm out && in_time git model fsck &&
	rm -rf data *.bin .git/model-stat && in_time git checkout -q -- . &&
	sha256sum --quiet -c ../sums
'

test_done
