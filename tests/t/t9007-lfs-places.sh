#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='Git LFS objects where remotes are paths: several of them, and
a repository of many people. git-lfs itself is not needed for any of this.'

. ./lib-test.sh

git model install --lfs --skip-repo >/dev/null || exit 1

# make_repo <name>: with files of Git LFS and nothing else of ours
make_repo () {
	git init -q "$1" &&
	echo "*.bin filter=lfs diff=lfs merge=lfs -text" >"$1/.gitattributes" &&
	next "$1" "$2" && git -C "$1" add . && git -C "$1" commit -q -m one
}
next () {
	mv-test random 3000 "$2" >"$1/a.bin" && git -C "$1" commit -q -a -m "$2" ||
	:
}
# object <repository's lfs folder> <file>
object () {
	oid=$(sha256sum "$2" | cut -d" " -f1) &&
	echo "$1/objects/$(echo "$oid" | cut -c1-2)/$(echo "$oid" | cut -c3-4)/$oid"
}
arrived () {
	cmp "$2" "$(object "$1/lfs" "$2")"
}

test_expect_success 'two URLs to push to, both get the objects at the first push' '
	git init -q --bare one.git && git init -q --bare two.git &&
	make_repo twice 1 && cd twice &&
	git remote add origin ../one.git &&
	git remote set-url --push origin ../one.git &&
	git remote set-url --push --add origin ../two.git &&
	git push -q origin main && cd .. &&
	arrived one.git twice/a.bin && arrived two.git twice/a.bin &&
	next twice 2 && git -C twice push -q origin main &&
	arrived one.git twice/a.bin && arrived two.git twice/a.bin
'

test_expect_success 'what a push --no-verify has left behind goes with the next' '
	next twice 3 && git -C twice push -q --no-verify origin main &&
	cp twice/a.bin third && next twice 4 &&
	git -C twice push -q origin main &&
	arrived one.git third && arrived two.git third &&
	arrived two.git twice/a.bin
'

test_expect_success 'a remote whose objects are lost has them again' '
	rm -rf two.git/lfs && git -C twice push -q origin main 2>err &&
	arrived two.git third && arrived two.git twice/a.bin
'

# lose <repository>: a new commit there, of an object that is gone
lose () {
	next "$1" "$2" && mv "$1/a.bin" lost &&
	rm -f "$(object "$1/.git/lfs" lost)"
}

test_expect_success 'what is neither here nor there is not left behind in silence' '
	lose twice 5 && test_must_fail git -C twice push -q origin main 2>err &&
	test_grep "1 Git LFS object is neither here nor" err &&
	test_must_fail git -C one.git cat-file -e $(git -C twice rev-parse main)
'

test_expect_success 'unless somebody says so, in either of two words' '
	git -C twice config lfs.allowincompletepush true &&
	git -C twice push -q origin main:refs/heads/one &&
	git -C twice config --unset lfs.allowincompletepush &&
	git -C twice config model.allowIncompletePush true &&
	git -C twice push -q origin main:refs/heads/two &&
	git -C twice config --unset model.allowIncompletePush
'

test_expect_success 'what was left behind long ago refuses nothing new' '
	next twice 6 && git -C twice push -q origin main &&
	arrived one.git twice/a.bin && arrived two.git twice/a.bin
'

test_expect_success 'what another remote has is brought along' '
	make_repo from 7 && git clone -q from via &&
	git init -q --bare to.git && git -C via remote add to ../to.git &&
	rm -rf via/.git/lfs && git -C via push -q to main &&
	arrived to.git from/a.bin
'

test_expect_success 'the objects of a fork and of where it came from' '
	git init -q --bare up.git && git init -q --bare fork.git &&
	make_repo work 8 && git -C work push -q ../fork.git main &&
	next work 9 && git -C work push -q ../up.git main &&
	git clone -q fork.git mine && git -C mine remote add up ../up.git &&
	git -C mine fetch -q up && git -C mine switch -q -c new up/main &&
	cmp work/a.bin mine/a.bin &&
	: "and of no remote at all" &&
	git clone -q fork.git other && git -C other pull -q ../up.git main &&
	cmp work/a.bin other/a.bin
'

test_expect_success 'fsck knows of them, too' '
	git clone -q fork.git look && git -C look remote add up ../up.git &&
	git -C look fetch -q up && rm -rf look/.git/lfs &&
	git -C look model fsck >out && test_grep ! damaged out &&
	test_grep "not here but at a remote" out
'

test_expect_success 'what lfs.fetchexclude leaves out: no advice that does nothing' '
	git init -q two-files && cd two-files && cp ../work/.gitattributes . &&
	mv-test random 3000 50 >a.bin && mv-test random 3000 51 >b.bin &&
	git add . && git commit -q -m two && cd .. &&
	git clone -q -c lfs.fetchexclude=a.bin two-files some && cd some &&
	cmp ../two-files/b.bin b.bin && git model status >../out 2>../err &&
	test_grep "^missing *a.bin" ../out && test_grep ! "git model pull" ../err &&
	test_grep "1 left out by .*git model checkout <path>" ../err &&
	git model doctor >../out && test_grep ! "the content of" ../out &&
	git model checkout a.bin && cmp ../two-files/a.bin a.bin &&
	rm -rf .git/lfs b.bin && git show :b.bin >b.bin &&
	git model status 2>../err && test_grep "git model pull" ../err
'

test_expect_success 'what a sparse checkout leaves out is not fetched' '
	git init -q wide && cd wide && mkdir in out &&
	echo "*.st filter=model" >>../work/.gitattributes &&
	cp ../work/.gitattributes . && for d in in out; do
		mv-test random 3000 6${#d} >$d/a.bin &&
		mv-test random 3000 7${#d} >$d/a.st || return 1
	done && git add . && git commit -q -m wide && cd .. &&
	git clone -q --sparse wide narrow && cd narrow &&
	git sparse-checkout set in && rm -rf .git/model .git/lfs &&
	git model fetch --json >../out &&
	test_grep "\"downloaded\": 2" ../out && test_grep "\"missing\": 0" ../out &&
	git sparse-checkout disable && cmp ../wide/out/a.bin out/a.bin &&
	cmp ../wide/out/a.st out/a.st && cmp ../wide/in/a.st in/a.st
'

# modes <folder>: of all folders in it, each once
modes () {
	find "$1" -type d -exec stat -c %A {} + | sort -u
}

test_expect_success 'a shared repository: the group may go on in its LFS folder' '
	(umask 022 && git init -q --bare --shared=group g.git &&
	git -C work push -q ../g.git main) &&
	modes g.git/lfs >modes &&
	echo drwxrwsr-x >expected && test_cmp expected modes &&
	stat -c %g g.git/lfs/tmp >group && stat -c %g g.git >expected &&
	test_cmp expected group &&
	(umask 022 && git init -q --shared=group own && cd own &&
	cp ../work/.gitattributes ../work/a.bin . && git add .) &&
	modes own/.git/lfs >modes &&
	echo drwxrwsr-x >expected && test_cmp expected modes
'

test_expect_success 'one that is not shared is not opened to anybody' '
	(umask 022 && git init -q --bare p.git && git -C work push -q ../p.git main) &&
	modes p.git/lfs >modes &&
	echo drwxr-xr-x >expected && test_cmp expected modes &&
	(umask 077 && git init -q --bare q.git && git -C work push -q ../q.git main) &&
	modes q.git/lfs >modes &&
	echo drwx------ >expected && test_cmp expected modes &&
	mkdir sticky && chmod 1777 sticky &&
	(umask 022 && git -C work -c lfs.storage="$PWD/sticky/l" add --renormalize . &&
	cd work && mv-test random 3000 77 >b.bin &&
	git -c lfs.storage="$PWD/../sticky/l" add b.bin) &&
	modes sticky/l >modes &&
	echo drwxr-xr-x >expected && test_cmp expected modes
'

test_expect_success 'what root puts there is its owner'"'"'s' '
	if test "$(id -u)" = 0
	then
		git init -q --bare r.git && chown -R 1001:1002 r.git &&
		git config --global safe.directory "*" &&
		git -C work push -q ../r.git main &&
		find r.git/lfs ! -uid 1001 -o ! -gid 1002 >found &&
		test_must_be_empty found
	fi
'

test_done
