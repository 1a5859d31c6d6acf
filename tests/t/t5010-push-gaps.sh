#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='a push brings its content: to the place where it goes, whatever
refs say is there, and what earlier pushes have left behind'

. ./lib-test.sh

# make_repo <name>: with a.bin in a commit, small enough to be quick
make_repo () {
	git init -q "$1" &&
	echo "*.bin filter=model diff=model merge=model -text" \
		>"$1/.gitattributes" &&
	mv-test random 20000 "${2:-1}" >"$1/a.bin" &&
	git -C "$1" add . &&
	git -C "$1" commit -q -m one
}

# next <repo> <seed>: another version of it
next () {
	mv-test random 20000 "$2" >"$1/a.bin" &&
	git -C "$1" commit -q -a -m "version $2"
}

# A clone of <bare> has the bytes of <repo>.
arrived () {
	rm -rf probe &&
	git clone -q "$1" probe 2>clone-err &&
	cmp probe/a.bin "$2/a.bin"
}

test_expect_success 'set up' '
	git model install &&
	git init -q --bare s.git &&
	make_repo r 1 &&
	git -C r remote add origin ../s.git &&
	git -C r push -q -u origin main &&
	next r 2 && git -C r push -q origin main &&
	arrived s.git r
'

test_expect_success 'the repository of the server is replaced by an empty one' '
	rm -rf s.git && git init -q --bare s.git &&
	git -C r push -q origin main 2>err &&
	test_grep "uploaded 2 contents" err &&
	arrived s.git r
'

test_expect_success 'its content is lost, its refs are not: the next push heals' '
	rm -rf s.git/model &&
	echo text >r/text && git -C r add text && git -C r commit -q -m text &&
	git -C r push -q origin main 2>err &&
	test_grep "uploaded 2 contents" err &&
	arrived s.git r
'

test_expect_success 'so does one with nothing to push' '
	rm -rf s.git/model &&
	git -C r push -q origin main 2>err &&
	test_grep "uploaded 2 contents" err &&
	arrived s.git r &&
	git -C r push -q origin main 2>err && test_must_be_empty err
'

test_expect_success 'one push --no-verify: doctor sees it, the next push mends it' '
	next r 3 && git -C r push -q --no-verify origin main &&
	test_must_fail arrived s.git r &&
	(cd r && test_expect_code 1 git model doctor >../out) &&
	test_grep "^bad  remote: 1 content of what .origin. has is not in its store.*mend: git model push" out &&
	echo more >>r/text && git -C r commit -q -a -m more &&
	git -C r push -q origin main 2>err &&
	test_grep "uploaded 1 content" err &&
	arrived s.git r &&
	(cd r && git model doctor >../out) && test_grep ! "^bad" out
'

test_expect_success 'what doctor says mends it, too' '
	next r 4 && git -C r push -q --no-verify origin main &&
	(cd r && test_expect_code 1 git model doctor >../out) &&
	(cd r && git model push --all) &&
	(cd r && git model doctor) && arrived s.git r
'

test_expect_success 'two URLs to push to, both get the content' '
	git init -q --bare one.git && git init -q --bare two.git &&
	git clone -q s.git twice && cd twice &&
	git remote set-url --push origin ../one.git &&
	git remote set-url --push --add origin ../two.git &&
	next . 5 && git push -q origin main 2>err &&
	test_grep "uploaded" err && cd .. &&
	arrived one.git twice && arrived two.git twice &&
	rm -rf one.git/model two.git/model &&
	(cd twice && git model push origin) &&
	arrived one.git twice && arrived two.git twice
'

test_expect_success 'a pushurl that is another place than the URL' '
	git init -q --bare else.git &&
	git clone -q s.git differ && cd differ &&
	git config remote.origin.pushurl ../else.git &&
	next . 6 && git push -q origin main 2>err && cd .. &&
	arrived else.git differ &&
	: "and what only lies there is found again" &&
	rm -rf differ/.git/model differ/a.bin &&
	git -C differ checkout -q a.bin &&
	test $(test_file_size differ/a.bin) = 20000
'

test_expect_success 'a path without a slash, as git takes it' '
	cd r && git init -q --bare bare1 && git push -q bare1 main 2>err &&
	test_grep "uploaded 4 contents" err && cd .. &&
	arrived r/bare1 r && rm -rf r/bare1/model &&
	(cd r && git model push bare1 main) &&
	arrived r/bare1 r && rm -rf r/bare1
'

test_expect_success 'a push to a path or URL says what it uploaded, and nothing else' '
	git clone -q s.git urls && for n in 1 2 3; do
		git init -q --bare url$n.git || return 1
	done && next urls 30 &&
	for url in ../url1.git "$PWD/url2.git" "file://$PWD/url3.git"; do
		git -C urls push -q "$url" main 2>err &&
		test_line_count = 1 err && test_grep "^git-model: uploaded" err ||
		return 1
	done && arrived url3.git urls
'

test_expect_success 'insteadOf and pushInsteadOf' '
	git init -q --bare short.git && cd r &&
	git config "url.$PWD/../.pushInsteadOf" "team:" &&
	git remote add team team:short.git &&
	git push -q team main 2>err && test_grep "uploaded" err && cd .. &&
	arrived short.git r && git -C r remote remove team
'

test_expect_success 'a mirror, and a push --mirror of it' '
	git clone -q --mirror s.git mirror.git &&
	(cd mirror.git && git model install) &&
	git init -q --bare copy.git &&
	git -C mirror.git push -q --mirror "$PWD/copy.git" 2>err &&
	test_grep "uploaded 4 contents" err &&
	arrived copy.git r &&
	next r 7 && git -C r push -q origin main &&
	git -C mirror.git remote update >out 2>&1 &&
	git -C mirror.git push -q --mirror "$PWD/copy.git" 2>err &&
	test_grep "uploaded 1 content," err && arrived copy.git r
'

test_expect_success 'git model fetch gives a bare clone its hooks' '
	git clone -q --bare s.git bare.git &&
	test_path_is_missing bare.git/hooks/pre-push &&
	(cd bare.git && git model fetch --all) &&
	{ test -x bare.git/hooks/pre-push ||
		git config hook.git-model-pre-push.command; } &&
	git init -q --bare later.git &&
	git -C bare.git push -q "$PWD/later.git" main 2>err &&
	test_grep "uploaded 5 contents" err && arrived later.git r
'

test_expect_success 'git model push: one content that is nowhere keeps no other' '
	make_repo hole 20 && cp -R hole/.git/model with-hole &&
	next hole 21 && next hole 22 &&
	: "the first version is gone, here and everywhere" &&
	rm -rf hole/.git/model && git -C hole init -q &&
	mv-test random 20000 21 >hole/x && mv-test random 20000 22 >hole/y &&
	for f in x y; do
		git -C hole hash-object -w --path=a.bin $f || return 1
	done >out && rm hole/x hole/y &&
	git init -q --bare hole.git && git -C hole remote add origin ../hole.git &&
	(cd hole && test_expect_code 1 git model push >../out 2>../err) &&
	test_grep "uploaded 2 contents" out &&
	test_grep "1 content is neither here nor at the remote" err
'

test_expect_success 'git push refuses what would be new there, and only that' '
	test_must_fail git -C hole push -q origin main 2>err &&
	test_grep "1 content is neither here nor" err &&
	git -C hole -c model.allowIncompletePush=true push -q origin main &&
	next hole 23 && git -C hole push -q origin main 2>err &&
	test_grep "uploaded 1 content" err && arrived hole.git hole &&
	git -C hole branch other && git -C hole push -q origin other &&
	: "another repository in its place has not seen it" &&
	rm -rf hole.git && git init -q --bare hole.git &&
	test_must_fail git -C hole push -q origin main 2>err &&
	test_grep "1 content is neither here nor" err
'

test_expect_success 'the disk of a remote is not mounted: no second store' '
	mkdir disk && (cd r && git model remote add away ../disk/store) &&
	git -C r config model.remote away &&
	test_when_finished "git -C r config --unset model.remote" &&
	git -C r push -q origin main && test_path_is_dir disk/store/packs &&
	mv disk disk.away && mkdir disk &&
	next r 8 && test_must_fail git -C r push -q origin main 2>err &&
	test_grep "no store at .*is its disk mounted" err &&
	test_must_fail git -C r model push 2>err &&
	test_path_is_missing disk/store &&
	mkdir disk/store &&
	test_must_fail git -C r push -q origin main &&
	test -z "$(ls disk/store)" &&
	rm -rf disk && mv disk.away disk &&
	git -C r push -q origin main 2>err && test_grep "uploaded" err
'

test_expect_success 'nor where the server names a store outside' '
	git init -q --bare out.git && git -C out.git config model.store "$PWD/srv" &&
	git -C r push -q "$PWD/out.git" main &&
	test_path_is_dir srv/packs && test_path_is_missing out.git/model &&
	git -C r push -q origin main 2>err && test_grep "uploaded" err &&
	mv srv srv.away && mkdir srv && next r 9 &&
	test_must_fail git -C r push -q "$PWD/out.git" main 2>err &&
	test_grep "was there before and is not now" err &&
	test -z "$(ls srv)" && rmdir srv &&
	test_must_fail git -C r push -q "$PWD/out.git" main 2>err &&
	test_path_is_missing srv && mv srv.away srv &&
	git -C r push -q "$PWD/out.git" main && arrived out.git r
'

test_expect_success 'nor for the store of ones own' '
	git init -q mine && git -C mine config model.store "$PWD/own" &&
	cp r/.gitattributes mine && mv-test random 20000 30 >mine/a.bin &&
	git -C mine add . && git -C mine commit -q -m one &&
	mv own own.away && mkdir own &&
	mv-test random 20000 31 >mine/a.bin &&
	test_must_fail git -C mine add a.bin 2>err &&
	test_grep "was there before and is not now" err &&
	test -z "$(ls own)" && rmdir own && mv own.away own &&
	git -C mine add a.bin
'

test_expect_success 'a bare repository as content remote means its own store' '
	git init -q --bare content.git && git init -q --bare refs.git &&
	make_repo split 40 && cd split && git remote add origin ../refs.git &&
	git model remote add origin ../content.git &&
	git push -q origin main && cd .. &&
	test_path_is_missing content.git/packs &&
	test_path_is_missing refs.git/model &&
	test_path_is_dir content.git/model/packs &&
	git -C split push -q --no-verify ../content.git main &&
	arrived content.git split
'

test_expect_success 'file: URLs are decoded, for git remotes and for ours' '
	git init -q --bare "with blank.git" && make_repo url 41 && cd url &&
	git remote add origin "file://$TRASH/work/with%20blank.git" &&
	git push -q origin main 2>err && test_grep "uploaded" err && cd .. &&
	test_path_is_dir "with blank.git/model" && arrived "with blank.git" url &&
	cd url && git model remote add store "file://$TRASH/work/a%20store" &&
	git model push store && cd .. &&
	test_path_is_dir "a store/packs" && test_path_is_missing "a%20store" &&
	: "a path is a path" &&
	(cd url && git model remote add plain "../b%20store") &&
	test_path_is_dir "b%20store/packs"
'

test_expect_success 'git pull PATH: the content is where the commits came from' '
	git init -q none && cd none &&
	git pull -q ../s.git main 2>err && cd .. &&
	arrived s.git none &&
	git init -q some && cd some && git fetch -q ../s.git main &&
	git checkout -q FETCH_HEAD && test $(test_file_size a.bin) = 20000
'

test_expect_success 'fetch and pull without a remote say what they have loaded' '
	git clone -q s.git count && cd count &&
	rm -rf .git/model && git model fetch --json >json &&
	test_grep ! "\"bytes\": 0" json && test_grep "\"downloaded\": 1" json &&
	rm -rf .git/model && git model pull >out &&
	test_grep "downloaded 1 content.* (19\.[0-9] KiB in 1 new chunk" out
'

test_done
