#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='a full disk, a failing one, a read-only one, too many open
files, short reads and writes: a clear error, nothing half-written, nothing
lost, and the same again works. A sample; tests/soak/disk-faults.sh covers
every call.'

. ./lib-test.sh
. "$TEST_DIR/../helper/sweep.sh"
SWEEP_EVERY=3

have_ptrace=yes
mv-fault kill all 0 true 2>/dev/null || have_ptrace=

# faults <title> <scenario> <count of places for each kind>
faults () {
	if test -n "$have_ptrace"
	then
		test_expect_success "$1" "sweep_faults $2 $3 1"
	else
		test_skip "$1" "ptrace is not permitted here"
	fi
}

# -- on a real, full disk: no ptrace needed --

# on_small_disk <folder> <script>: there, 3 MiB are mounted on the folder
on_small_disk () {
	mkdir -p "$1" && cat >script &&
	unshare -rm sh -c '
		mount -t tmpfs -o size=3m tmpfs "$1" && sh -ex ./script "$1"
	' sh "$1"
}

if unshare -rm sh -c 'mount -t tmpfs -o size=1m tmpfs /mnt' 2>/dev/null
then
	test_expect_success 'a store on a full disk: add says so, and goes on when there is room' '
		git init -q full && cd full && git model track "*.bin" &&
		mv-test random 900000 1 >old.bin && mv-test random 4M 2 >big.bin &&
		on_small_disk "$PWD/.git/model" <<-\EOF
			fails () { if "$@"; then exit 9; fi; }
			git model add old.bin
			git commit -q -m old
			fails git model add big.bin 2>err
			grep "$1.*No space left on device" err
			fails git add big.bin 2>err
			grep "$1.*No space left on device" err
			test -z "$(git ls-files big.bin)"
			git model cat :old.bin | cmp - old.bin
			git model fsck
			mount -o remount,size=20m "$1"
			git model add big.bin
			git model cat :big.bin | cmp - big.bin
			git model fsck
		EOF
	'

	test_expect_success 'a work tree on a full disk: the pointer stays, and checkout goes on when there is room' '
		git init -q src && cd src && git model track "*.bin" &&
		mv-test random 400000 1 >a.bin && mv-test random 4M 2 >b.bin &&
		git add . && git commit -q -m one && cd .. &&
		on_small_disk "$PWD/small" <<-\EOF
			git clone -q --separate-git-dir=small.git src "$1" 2>err
			grep "b.bin.*left as a pointer: .*o space left" err
			cmp src/a.bin "$1/a.bin"
			git -C src cat-file -p :b.bin | cmp - "$1/b.bin"
			test -z "$(find "$1" -name ".git-model-*")"
			cd "$1"
			test -z "$(git status --porcelain)"
			code=0
			git model checkout 2>../err || code=$?
			test $code = 1
			grep "b.bin.*o space left" ../err
			code=0
			git model pull 2>../err || code=$?
			test $code = 1
			grep "b.bin.*o space left" ../err
			mount -o remount,size=20m "$1"
			git model checkout
			cmp ../src/b.bin b.bin
			test -z "$(git status --porcelain)"
		EOF
	'

	test_expect_success 'nor is a fetch into a store on a full disk a success' '
		git clone -q src thin && rm -rf thin/.git/model thin/b.bin &&
		git -C thin -c filter.model.process= -c filter.model.required=false \
			checkout -q -f -- b.bin &&
		on_small_disk "$PWD/thin/.git/model" <<-\EOF
			cd thin
			for verb in fetch pull "fetch origin"
			do
				code=0
				git model $verb 2>../err || code=$?
				test $code != 0
				grep "o space left" ../err
			done
			mount -o remount,size=20m "$1"
			git model pull
			cmp ../src/b.bin b.bin
		EOF
	'
else
	test_skip 'a fetch into a store on a full disk' 'no mounts in a user namespace here'
	test_skip 'a store on a full disk' 'no mounts in a user namespace here'
	test_skip 'a work tree on a full disk' 'no mounts in a user namespace here'
fi

faults 'git model add' add 1
faults 'git add' clean 1
faults 'git switch' switch 1
faults 'git model checkout' checkout 1
faults 'git model gc' gc 1
faults 'git model push' push 1
faults 'git model fsck --upgrade' upgrade 1
test -z "$have_ptrace" ||
test_expect_success 'what was answered to git survives, whichever step of publishing it fails' '
	sweep_error clean all rename,renameat2,link EIO "Input/output error" &&
	SWEEP_BELOW=.git/model/packs &&
	test_when_finished "SWEEP_BELOW=" &&
	sweep_error clean all openat EMFILE "Too many open files" &&
	sweep_error clean all fsync EIO "Input/output error"
'
sed 's/^/# /' "$SWEEP/covered"
test_done
