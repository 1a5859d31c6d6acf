#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='what one remote has is passed on to another: by mirrors, with what
records have attached, and to every path that git takes'

. ./lib-test.sh

# has <bare> <file>: its bytes are in the store there
has () {
	(cd $1 && git model cat "$(sha256sum <"$2" | cut -c 1-64)") >got &&
	cmp got "$2"
}

# curves <repo>: what its record has attached can be had
curves () {
	(cd $1 && git model fetch && git model plot a.bin --json) >out &&
	test_grep 0.5 out
}

test_expect_success 'set up' '
	git model install && git init -q --bare t.git && git init -q r && cd r &&
	git model track "*.bin" && mv-test random 20000 1 >a.bin && cp a.bin ../one &&
	git add . && git commit -q -m one && printf "step,loss\n0,1\n1,0.5\n" >c.csv &&
	git model record a.bin --curves c.csv && git remote add origin ../t.git &&
	git push -q origin main && cd .. && has t.git "$PWD/one"
'

test_expect_success 'a mirror passes on what records have attached' '
	git clone -q --mirror t.git m.git && (cd m.git && git model install) &&
	git init -q --bare x.git && git -C m.git push -q --mirror ../x.git 2>err &&
	test_grep ! warning err && git clone -q x.git x && curves x
'

test_expect_success 'so does a clone that has the records only' '
	git clone -q -c "remote.origin.fetch=+refs/notes/*:refs/notes/*" t.git n &&
	git -C n remote add u ../u.git && git init -q --bare u.git &&
	git -C n push -q u main refs/notes/model 2>err && test_grep ! warning err &&
	git clone -q u.git u && curves u
'

test_expect_success 'what is attached and nowhere is 1, of a push and of a fetch' '
	git init -q --bare w.git && git -C n push -q --no-verify ../w.git main \
		refs/notes/model && git clone -q w.git w 2>err && cd w &&
	test_expect_code 1 git model fetch 2>err && test_grep "not to be had" err &&
	git init -q --bare ../v.git && cd ../n && git remote remove origin &&
	rm -rf .git/model .git/FETCH_HEAD && git remote remove u &&
	test_expect_code 1 git model push ../v.git 2>err &&
	test_grep "attached is neither here nor" err
'

test_expect_success 'a mirror that was pushed before there were hooks is mended' '
	git clone -q --mirror t.git late.git && git init -q --bare y.git &&
	git -C late.git push -q --mirror ../y.git && test_path_is_missing y.git/model &&
	(cd late.git && git model install) &&
	git -C late.git push -q --mirror ../y.git && has y.git "$PWD/one" &&
	git clone -q y.git y && curves y &&
	rm -rf y.git/model late.git/model &&
	(cd late.git && git model push --all ../y.git) && has y.git "$PWD/one"
'

test_expect_success 'from a work tree, too, to a URL and to a path' '
	for to in ../z.git "file://$PWD/z.git"
	do
		rm -rf z.git && git init -q --bare z.git &&
		git -C r push -q --no-verify "$to" main &&
		git -C r push -q "$to" main && has z.git "$PWD/one" || return 1
	done && rm -rf z.git/model &&
	git -C z.git config receive.denyDeleteCurrent ignore && git -C r push -q ../z.git --delete main &&
	test_path_is_missing z.git/model
'

test_expect_success 'relative paths, as git takes them' '
	git init -q --bare p1.git && git init -q --bare p2.git &&
	git --git-dir=r/.git --work-tree=r push -q p1.git main &&
	has p1.git "$PWD/one" &&
	git --git-dir=m.git push -q p2.git main && has p2.git "$PWD/one" &&
	git init -q --bare r/p3.git && mkdir r/sub &&
	git -C r/sub push -q p3.git main && has r/p3.git "$PWD/one" &&
	git init -q --bare p4.git && git -C r push -q ../p4// main &&
	has p4.git "$PWD/one"
'

test_expect_success 'a path from home' '
	git init -q --bare ~/h.git && git -C r push -q "~/h.git" main &&
	has ~/h.git "$PWD/one" && git init -q --bare "r/~x.git" &&
	test_must_fail git -C r push -q "~x.git" main
'

test_expect_success 'the only remote is meant, whatever it is called' '
	git init -q --bare firm.git && git clone -q -o firm firm.git other 2>err && cd other &&
	git model install --local >/dev/null && git model track "*.bin" &&
	mv-test random 9000 77 >a.bin && git add . && git commit -q -m one &&
	git model push >../out && test_grep "uploaded 1 content" ../out && git push -q firm main &&
	git model doctor >../out && test_grep "remote: .*firm.git/model" ../out &&
	mkdir .gitmodel && printf "[artifact \"a\"]\npath = a.bin\n" >.gitmodel/config &&
	git add . && git commit -q -m config && git model register a 2>../err &&
	test_grep "git push firm a@v" ../err
'

test_done
