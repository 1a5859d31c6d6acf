#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='Git LFS objects at an LFS server over HTTP'
. ./lib-test.sh

if ! git lfs version >/dev/null 2>&1
then
	skip_all='git-lfs IS MISSING, nothing of it was tested: make deps'
	test_done
fi
if ! python3 -c "import http.server" 2>/dev/null
then
	skip_all='python3 IS MISSING, nothing of LFS servers was tested: make deps'
	test_done
fi

objects="$TRASH/work/objects"
# The server lives as long as descriptor 8 is open; it says its port first.
mkdir -p "$objects" && mkfifo "$TRASH/stop" || exit 1
python3 "$TEST_DIR/../helper/lfs-server.py" "$objects" \
	<"$TRASH/stop" >"$TRASH/port" &
exec 8>"$TRASH/stop"
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
do
	test -s "$TRASH/port" && break
	sleep 0.2
done
url="http://127.0.0.1:$(cat "$TRASH/port")/repo.git/info/lfs"
git config --global lfs.locksverify false
git config --global filter.lfs.required true
git config --global filter.lfs.process "git-model filter-process --lfs"

oid_of () {
	sha256sum "$1" | cut -d' ' -f1
}
at_server () {
	cmp "$1" "$objects/$(oid_of "$1")"
}
# A PATH without git-lfs: git, and what a shell script needs.
mkdir -p "$TRASH/no-lfs" || exit 1
for tool in git sh cat sed dirname env git-upload-pack git-receive-pack
do
	ln -s "$(command -v $tool)" "$TRASH/no-lfs/$tool" || exit 1
done
without_lfs () {
	PATH="$B:$TRASH/no-lfs" "$@"
}

test_expect_success 'git push uploads, and needs no git-lfs for it' '
	git init -q --bare origin.git && git init -q made && cd made &&
	git model install --lfs --local &&
	git config lfs.url "$url" &&
	echo "*.bin filter=lfs diff=lfs merge=lfs -text" >.gitattributes &&
	mv-test random 9M 1 >l.bin && mv-test random 3000 2 >s.bin &&
	git add . && git commit -q -m one &&
	git remote add origin "file://$TRASH/work/origin.git" &&
	without_lfs git push -q origin main &&
	at_server l.bin && at_server s.bin &&
	test_grep "^verify $(oid_of s.bin)" "$objects/log" &&
	test_path_is_missing ../origin.git/lfs
'

test_expect_success 'a second push uploads nothing again' '
	cd made && : >"$objects/log" && git push -q origin main:again &&
	test_grep ! "^upload" "$objects/log"
'

test_expect_success 'an upload that the server does not take refuses the push' '
	cd made && mv-test random 4000 3 >n.bin && git add n.bin &&
	git commit -q -m new && o=$(oid_of n.bin) && mkdir "$objects/$o.tmp" &&
	test_must_fail git -c lfs.transfer.maxretries=1 push origin main 2>../err &&
	rmdir "$objects/$o.tmp" &&
	test_grep "1 Git LFS object could not be uploaded, the first is $o" ../err &&
	test "$(git -C ../origin.git rev-parse main)" = \
		"$(git rev-parse main~)" &&
	git push -q origin main && at_server n.bin
'

test_expect_success 'where the server is gone, too' '
	cd made && mv-test random 4000 4 >g.bin && git add g.bin &&
	git commit -q -m gone &&
	test_must_fail git -c lfs.url=http://127.0.0.1:1/x \
		-c lfs.transfer.maxretries=1 push origin main 2>../err &&
	test_grep "could not be uploaded: http://127.0.0.1:1: " ../err &&
	test "$(git -C ../origin.git rev-parse main)" = \
		"$(git rev-parse main~)"
'

test_expect_success 'what is neither here nor there is not left behind in silence' '
	cd made && o=$(oid_of g.bin) &&
	mv .git/lfs/objects/$(echo $o | cut -c1-2)/$(echo $o | cut -c3-4)/$o \
		../kept &&
	test_must_fail git push origin main 2>../err &&
	test_grep "neither here nor at the LFS server" ../err &&
	git -c model.allowIncompletePush=true push -q origin main:incomplete &&
	git lfs clean <../kept >/dev/null && git push -q origin main &&
	git model push origin && at_server ../kept
'

test_expect_success 'what the server has need not be here' '
	GIT_LFS_SKIP_SMUDGE=1 git clone -q -c lfs.url="$url" origin.git thin &&
	cd thin && git model install --lfs --local && echo x >x && git add x &&
	git commit -q -m x && git push -q origin HEAD:thin &&
	test_grep "^version" l.bin
'

test_expect_success 'a clone has the files' '
	: >"$objects/log" &&
	git clone -q -c lfs.url="$url" origin.git cloned && cd cloned &&
	cmp l.bin ../made/l.bin && cmp s.bin ../made/s.bin &&
	cmp n.bin ../made/n.bin &&
	git status --porcelain >../out && test_must_be_empty ../out &&
	grep -c "^batch download" "$objects/log" >../count &&
	test "$(cat ../count)" = 1 && git lfs fsck && git model fsck
'

test_expect_success 'the url may come from .lfsconfig' '
	cd made && git config --unset lfs.url &&
	git config --file .lfsconfig lfs.url "$url" && git add .lfsconfig &&
	mv-test random 5000 5 >c.bin && git add c.bin && git commit -q -m c &&
	git push -q origin main && at_server c.bin &&
	git clone -q ../origin.git ../cloned2 && cmp c.bin ../cloned2/c.bin
'

test_expect_success 'switch, git model pull and cat get what is missing' '
	cd cloned2 && git model install --lfs --local &&
	rm -rf .git/lfs && git checkout -q HEAD~ &&
	GIT_LFS_SKIP_SMUDGE=1 git checkout -q main && rm -rf .git/lfs *.bin &&
	GIT_LFS_SKIP_SMUDGE=1 git checkout -q -- . && test_grep "^version" l.bin &&
	git model pull && cmp l.bin ../made/l.bin && cmp s.bin ../made/s.bin &&
	rm -rf .git/lfs && git model cat HEAD:l.bin | cmp - l.bin &&
	rm -rf .git/lfs && git model fetch origin && git lfs fsck
'

test_expect_success 'lfs.fetchexclude keeps pull from fetching' '
	cd cloned2 && rm -rf .git/lfs l.bin s.bin &&
	git config lfs.fetchexclude l.bin && git checkout -q -- . &&
	cmp s.bin ../made/s.bin && test_grep "^version" l.bin &&
	: >"$objects/log" && git model pull && test_grep "^version" l.bin &&
	test_grep ! "$(oid_of ../made/l.bin)" "$objects/log" &&
	git config --unset lfs.fetchexclude && git model pull &&
	cmp l.bin ../made/l.bin
'

locked () {
	printf "%s\n" "$@" >"$objects/locks"
}

test_expect_success 'what somebody else has locked is not pushed' '
	cd made && git lfs version && test_when_finished "rm -f \"$objects/locks\"" &&
	git switch -q -c locks && mv-test random 3000 40 >s.bin &&
	git commit -q -a -m "somebody works on it" && locked s.bin &&
	: "by default git-lfs only speaks of it; locksverify is false here" &&
	git config lfs.locksverify true &&
	test_must_fail git push -q origin locks 2>../err &&
	test_grep "git-lfs refuses this push.*s.bin.*ann" ../err &&
	test_grep ! "no-verify" ../err &&
	test_must_fail git -C ../origin.git rev-parse --verify -q locks &&
	: "said for the server alone, or by the team" &&
	git config --unset lfs.locksverify &&
	git config --global --unset lfs.locksverify &&
	git config "lfs.$url.locksverify" true &&
	test_must_fail git push -q origin locks 2>../err &&
	test_grep "refuses this push" ../err &&
	git config --unset "lfs.$url.locksverify" &&
	git config -f .lfsconfig lfs.locksverify true &&
	test_must_fail git push -q origin locks 2>../err &&
	test_grep "refuses this push" ../err &&
	git config -f .lfsconfig --unset lfs.locksverify &&
	git config --global lfs.locksverify false &&
	git push -q origin locks
'

test_expect_success 'what others have locked elsewhere stops nothing' '
	cd made && test_when_finished "rm -f \"$objects/locks\"" &&
	locked l.bin other.bin && git config lfs.locksverify true &&
	mv-test random 3000 41 >s.bin && git commit -q -a -m mine &&
	git push -q origin locks && at_server s.bin &&
	git config --unset lfs.locksverify
'

test_expect_success 'without git-lfs nobody can ask for locks, and that is said' '
	cd made && git config lfs.locksverify true &&
	git commit -q --allow-empty -m nothing &&
	without_lfs git push -q origin locks 2>../err &&
	test_grep "nobody looked whether others have locked" ../err &&
	git config --unset lfs.locksverify
'

test_expect_success 'a clone without git-lfs has the files, too' '
	without_lfs git clone -q origin.git poor &&
	cmp poor/l.bin made/l.bin && cd poor &&
	git model install --lfs --local && rm -rf .git/lfs l.bin &&
	GIT_LFS_SKIP_SMUDGE=1 git checkout -q l.bin && test_grep "^version" l.bin &&
	without_lfs git model pull && cmp l.bin ../made/l.bin
'

test_expect_success 'a server that is gone: said, nothing else breaks, pull makes it good' '
	without_lfs git -c lfs.url=http://127.0.0.1:1/x clone -q \
		-c lfs.transfer.maxretries=1 origin.git later 2>err &&
	test_grep "Git LFS objects could not be fetched: http://127.0.0.1:1: " err &&
	test_grep "^version" later/l.bin && cd later && git model pull &&
	cmp l.bin ../made/l.bin
'

test_expect_success 'an object that the server lost is said to be lost, others come' '
	o=$(oid_of made/n.bin) && mv "$objects/$o" kept-n &&
	git clone -q origin.git partly 2>err && mv kept-n "$objects/$o" &&
	test_grep "1 Git LFS object has not come.*$o.*has none of it" err &&
	cmp partly/l.bin made/l.bin && test_grep "^version" partly/n.bin
'

test_expect_success 'other bytes of the right length get no name' '
	o=$(oid_of made/n.bin) && cp "$objects/$o" kept-n &&
	mv-test random $(stat -c %s kept-n) 99 >"$objects/$o" &&
	git clone -q origin.git lied 2>err && mv kept-n "$objects/$o" &&
	test_grep "other bytes than its name says" err &&
	test_grep "^version" lied/n.bin &&
	find lied/.git/lfs -type f -name "*$o*" >found && test_must_be_empty found &&
	cd lied && git model pull && cmp n.bin ../made/n.bin
'

test_expect_success 'fsck of a fresh clone without the files finds no damage' '
	GIT_LFS_SKIP_SMUDGE=1 git clone -q origin.git fresh && cd fresh &&
	git model fsck >../out 2>&1 && test_grep "not here but at a remote" ../out &&
	git model fsck --repair && git model fsck >../out &&
	test_grep ! "not here" ../out && git status --porcelain >../out && test_must_be_empty ../out
'

# -- beside git-lfs, in every order --------------------------------------------------

pushes_both () {
	mv-test random 6000 "$1" >p.bin && mv-test random 6000 "$1"7 >p.model &&
	git add . && git commit -q -m "$1" && git push -q origin HEAD:"p$1" &&
	at_server p.bin && git clone -q -b "p$1" ../origin.git "../clone$1" &&
	cmp p.model "../clone$1/p.model" && cmp p.bin "../clone$1/p.bin"
}

test_expect_success 'our hook first, then git lfs install' '
	git config --global filter.model.process "git-model filter-process" &&
	git config --global filter.model.required true &&
	git clone -q origin.git first && cd first && git model install --local &&
	git model track "*.model" &&
	{ git lfs install --local >../out 2>&1 || :; } &&
	pushes_both 11
'

test_expect_success 'git lfs install first, then ours' '
	git clone -q origin.git second && cd second && rm -f .git/hooks/* &&
	git lfs install --local && git model install --local &&
	git model track "*.model" && pushes_both 12
'

test_expect_success 'git lfs install --force over ours, and git model install again' '
	git clone -q origin.git third && cd third && git model install --local &&
	git lfs install --local --force && git model install --local &&
	git model track "*.model" && pushes_both 13
'

# -- remotes that are paths ------------------------------------------------------------

test_expect_success 'lfs.storage of the remote is where its objects are' '
	git init -q --bare moved.git && git -C moved.git config lfs.storage big &&
	git init -q here && cd here && git model install --lfs --local &&
	echo "*.bin filter=lfs -text" >.gitattributes &&
	mv-test random 7000 21 >a.bin && git add . && git commit -q -m a &&
	git remote add origin "$TRASH/work/moved.git" &&
	git push -q origin main && o=$(oid_of a.bin) &&
	cmp a.bin ../moved.git/big/objects/$(echo $o | cut -c1-2)/$(
		echo $o | cut -c3-4)/$o &&
	test_path_is_missing ../moved.git/lfs &&
	git clone -q ../moved.git ../there && cmp a.bin ../there/a.bin
'

test_expect_success 'fsck of a clone whose remote is a path, the same' '
	GIT_LFS_SKIP_SMUDGE=1 git clone -q moved.git fresh2 && cd fresh2 &&
	git model fsck >../out && test_grep "not here but at a remote" ../out &&
	rm -rf ../moved.git/big/objects/$(oid_of ../here/a.bin | cut -c1-2) &&
	test_expect_code 1 git model fsck && cd ../here &&
	git model push origin && cd ../fresh2 && git model fsck
'

test_expect_success 'one question about the remote, however many are missing' '
	cd here && for i in 1 2 3 4 5 6 7 8 9
	do
		mv-test random 3000 3$i >m$i.bin || return 1
	done &&
	git add . && git commit -q -m many && git push -q origin main &&
	GIT_TRACE="$TRASH/trace" git clone -q ../moved.git ../many &&
	cmp m9.bin ../many/m9.bin &&
	grep "git remote get-url" "$TRASH/trace" >../asked &&
	test_line_count -le 4 ../asked
'

exec 8>&-
test_done
