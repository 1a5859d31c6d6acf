#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='repositories that several people share, and stores that one may
only read'

. ./lib-test.sh

mode () { stat -c %a "$1"; }

make_repo () {
	git init -q "$1" &&
	echo "*.bin filter=model diff=model merge=model -text" \
		>"$1/.gitattributes" &&
	mv-test random 20000 "${2:-1}" >"$1/a.bin" &&
	mv-test random 9M "${2:-1}" >"$1/big.bin" &&
	git -C "$1" add . && git -C "$1" commit -q -m one
}

test_expect_success 'init --shared=group and umask 022: the group may go on' '
	git model install && git init -q --bare --shared=group g.git &&
	make_repo r 1 && git -C r push -q ../g.git main &&
	for d in . packs index tmp
	do
		test "$(mode g.git/model/$d)" = 2775 || { mode g.git/model/$d; return 1; }
	done &&
	test "$(mode g.git/model/lock)" = 664 &&
	for f in g.git/model/packs/*.pack g.git/model/index/*.idx
	do
		test "$(mode "$f")" = 444 || return 1
	done
'

test_expect_success 'world, and a mode: 0640 lets the group read and nobody write' '
	git init -q --bare --shared=world w.git && git -C r push -q ../w.git main &&
	test "$(mode w.git/model/tmp)" = 2775 &&
	(umask 077 && git init -q --bare --shared=0640 m.git &&
	 git -C r push -q ../m.git main) &&
	test "$(mode m.git/model/packs)" = 2750 &&
	test "$(mode "$(ls m.git/model/packs/*.pack)")" = 440
'

test_expect_success 'a store made before the repository was shared is opened by its owner' '
	git init -q --bare late.git && git -C r push -q ../late.git main &&
	test "$(mode late.git/model/tmp)" = 755 &&
	git -C late.git config core.sharedRepository group &&
	mv-test random 20000 2 >r/a.bin && git -C r commit -q -a -m two &&
	git -C r push -q ../late.git main &&
	test "$(mode late.git/model/tmp)" = 2775 &&
	test "$(mode late.git/model/packs)" = 2775
'

test_expect_success 'a value that makes no sense stops it' '
	git init -q --bare odd.git && git -C odd.git config core.sharedRepository perhaps &&
	(cd r && test_must_fail git model push ../odd.git) 2>err &&
	test_grep "core.sharedRepository is .perhaps." err
'

if test "$(id -u)" = 0 && setpriv --reuid=1001 --regid=2001 --clear-groups true 2>/dev/null
then
	# as <uid> <script>: of group 2001, with umask 022
	as () {
		setpriv --reuid="$1" --regid=2001 --clear-groups env HOME="$PWD/home$1" TMPDIR=/tmp \
			sh -ec "umask 022; $2"
	}
	test_expect_success 'two people of a group push and clean, in turn' '
		chmod 755 "$TRASH" "$TRASH/work" && mkdir team && cd team && chmod 777 . &&
		for u in 1001 1002; do
			mkdir home$u && cp "$HOME/.gitconfig" home$u &&
			git config -f home$u/.gitconfig safe.directory "*" &&
			chown -R $u:2001 home$u || return 1
		done &&
		as 1001 "git init -q --bare --shared=group s.git" &&
		cp -R ../r one && cp -R ../r two && chown -R 1001:2001 one &&
		chown -R 1002:2001 two &&
		as 1001 "git -C one push -q ../s.git main" &&
		as 1002 "mv-test random 20000 5 >two/a.bin; git -C two commit -q -a -m 5
			git -C two push -q ../s.git main:two" &&
		as 1001 "mv-test random 20000 6 >one/a.bin; git -C one commit -q -a -m 6
			git -C one push -q ../s.git main" &&
		as 1002 "cd s.git; git model gc --grace 0; git model fsck" &&
		as 1001 "git clone -q s.git got; cmp got/a.bin one/a.bin"
	'
	test_expect_success 'what root does in it stays theirs' '
		cd team && git init -q --bare other.git && chown -R 1001:2001 other.git &&
		git config --global safe.directory "*" &&
		test_when_finished "git config --global --unset safe.directory" &&
		git -C one push -q ../other.git main &&
		test "$(stat -c %u:%g other.git/model/packs)" = 1001:2001 &&
		test "$(stat -c %u:%g "$(ls other.git/model/packs/*.pack | head -n 1)")" = 1001:2001
	'
	test_expect_success 'a shared store that one may only read: look, and write nothing' '
		cd team && as 1001 "git clone -q -c model.store=$PWD/store s.git owner" &&
		chmod -R go-w store &&
		as 1002 "git clone -q -c model.store=$PWD/store s.git reader
			cd reader; cmp a.bin ../owner/a.bin; cmp big.bin ../owner/big.bin
			git model status; git model ls -l; test -z \"\$(git status --porcelain)\"
			touch a.bin big.bin; test -z \"\$(git status --porcelain)\"
			echo x >>a.bin; git diff >../diff-out; git status --porcelain >../st-out
			git model cat HEAD:a.bin | cmp - ../owner/a.bin" &&
		test_grep "20002" diff-out && test_grep "M a.bin" st-out &&
		test -z "$(find store -user 1002)" &&
		: "to record it is another thing" &&
		test_must_fail as 1002 "cd reader; git add a.bin" 2>err
	'
else
	test_skip 'two people' 'only root can be two people'
fi

if unshare -rm sh -c 'mount -t tmpfs -o size=1m tmpfs /mnt && mount -o remount,ro /mnt' 2>/dev/null
then
	test_expect_success 'a read-only mount: look, and write nothing' '
		git clone -q g.git frozen && cd frozen && touch a.bin big.bin && cd .. &&
		cat >script <<-\EOF &&
		mount --bind frozen frozen && mount -o remount,bind,ro frozen
		cd frozen
		git status --porcelain >../out
		git diff >>../out
		git model status >../st
		git model ls -l >>../st
		git model cat HEAD:a.bin | cmp - a.bin
		git model show a.bin >>../st
		EOF
		unshare -rm sh -e ./script 2>err && test_must_be_empty out &&
		test_grep ! "rror" err
	'
else
	test_skip 'a read-only mount' 'no mounts in a user namespace here'
fi

test_done
