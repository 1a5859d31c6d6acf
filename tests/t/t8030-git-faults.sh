#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='one git process after the other goes wrong: no no becomes a yes, nothing is lost'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"
badgit_every=${BADGIT_EVERY:-11}
. "$TEST_DIR/../helper/badgit.sh"

person alice bob
SERVER="$TRASH/work/srv.git"
ZERO=0000000000000000000000000000000000000000

# What receive-pack does to the hook, without git in between: that would put
# its own git first.
cat >"$TRASH/receive" <<EOT
#!/bin/sh
cd "$SERVER" && GIT_DIR=. exec hooks/pre-receive <"$TRASH/updates"
EOT
chmod +x "$TRASH/receive"

# offer <ref> <new>...: their objects are at the server, as in a quarantine
offer () {
	git --git-dir="$SERVER" fetch -q --no-tags --no-write-fetch-head \
		"$PWD" "+refs/*:refs/offer/*" &&
	git --git-dir="$SERVER" for-each-ref --format="delete %(refname)" \
		refs/offer | git --git-dir="$SERVER" update-ref --stdin &&
	: >"$TRASH/updates" &&
	while test $# -gt 0
	do
		echo "$(git --git-dir="$SERVER" rev-parse -q --verify "$1" ||
			echo $ZERO) $(git rev-parse "$2") $1" \
			>>"$TRASH/updates" || return 1
		shift 2
	done
}

# forced <version> [<person>]: promoted to production whatever the policy says
forced () {
	as "${2:-alice}" git model promote --force "fraud@$1" production \
		2>/dev/null | sed -n "s/^\(fraud#production#[0-9]*\)$/\1/p"
}

refuses () {
	never "the server says yes" "$TRASH/receive"
}

# -- the server ------------------------------------------------------------------------

test_expect_success 'a server that trusts another branch than HEAD names' '
	server srv.git && team work ../srv.git alice bob && approved v1.0.0 &&
	tag=$(promoted v1.0.0 production) && test -n "$tag" &&
	accepted "$tag" refs/notes/model &&
	git push -q origin "$(git commit-tree -m weak \
		"$(git mktree </dev/null)"):refs/heads/weak" &&
	git --git-dir="$SERVER" config model.trustedBranch main &&
	git --git-dir="$SERVER" symbolic-ref HEAD refs/heads/weak
'

test_expect_success 'nobody approved' '
	cd work && new_version 3 v1.1.0 0.97 && share && tag=$(forced v1.1.0) &&
	test -n "$tag" && offer "refs/tags/$tag" "$tag" && refuses &&
	git tag -d "$tag"
'

test_expect_success 'one approved, one rejected' '
	cd work && new_version 4 v1.2.0 0.98 && share && approved v1.2.0 &&
	as bob git model reject fraud@v1.2.0 --stage production --reason no >/dev/null &&
	share && tag=$(forced v1.2.0) && test -n "$tag" &&
	offer "refs/tags/$tag" "$tag" && refuses && git tag -d "$tag"
'

test_expect_success 'content that is not here' '
	cd work && new_version 5 v1.3.0 0.98 && approved v1.3.0 &&
	tag=$(promoted v1.3.0 production) && test -n "$tag" &&
	offer refs/heads/main main refs/tags/fraud@v1.3.0 fraud@v1.3.0 \
		refs/notes/model refs/notes/model "refs/tags/$tag" "$tag" &&
	refuses && git tag -d "$tag" && share
'

test_expect_success 'a protected branch that goes back' '
	cd work && offer refs/heads/main main~1 && refuses
'

test_expect_success 'a weaker policy' '
	cd work && sed -i "s/0.9$/0.1/" .gitmodel/policy &&
	git commit -qam weaker && offer refs/heads/main main && refuses &&
	git reset -q --hard HEAD~1
'

test_expect_success 'notes that lose a line, and lines about nothing' '
	cd work && blob=$(git rev-parse HEAD:models/fraud.bin) &&
	git update-ref refs/notes/kept refs/notes/model &&
	git notes --ref=model show "$blob" | sed 1d >../less &&
	git notes --ref=model add -f -F ../less "$blob" &&
	offer refs/notes/model refs/notes/model && refuses &&
	git update-ref refs/notes/model refs/notes/kept &&
	git notes --ref=model append -m "no record" "$blob" &&
	offer refs/notes/model refs/notes/model && refuses &&
	git update-ref refs/notes/model refs/notes/kept
'

test_expect_success 'approved with a key that was revoked' '
	cd work && new_version 6 v1.4.0 0.99 && approved v1.4.0 && share &&
	cut -d " " -f 1,2 "$PEOPLE/alice.pub" >.gitmodel/revoked_keys &&
	git add .gitmodel && by_dora git commit -qm "a key that is lost" &&
	as bob git model approve --policy HEAD >/dev/null &&
	accepted main refs/notes/model && git fetch -q &&
	tag=$(forced v1.4.0 bob) && test -n "$tag" &&
	offer "refs/tags/$tag" "$tag" && refuses && git tag -d "$tag"
'

# Every fifth process of git (in the soak each one), in turn, says nothing and
# that all is well.
test_expect_success 'nothing said is no yes, either' '
	cd work && git reset -q --hard origin/main && mute=$badgit_every how=$badgit_how &&
	badgit_how=mute && { test $mute = 1 || badgit_every=5; } && tag=$(forced v1.1.0) && test -n "$tag" &&
	offer "refs/tags/$tag" "$tag" && refuses && git tag -d "$tag" &&
	sed -i "s/0.9$/0.1/" .gitmodel/policy && git commit -qam weaker &&
	offer refs/heads/main main && refuses && git reset -q --hard HEAD~1 &&
	offer refs/heads/main main~1 && refuses && git remote set-head origin main &&
	never "check says yes" git-model check fraud@v1.1.0 production &&
	tag=$(forced v1.1.0) && never "verify says yes" git-model verify --all && git tag -d "$tag" &&
	git commit -q --allow-empty -m one && sed -i "s/0.9$/0.1/" .gitmodel/policy && git commit -qam weaker &&
	never "verify says yes" git-model verify --trusted HEAD && git reset -q --hard origin/main &&
	git update-ref refs/notes/kept refs/notes/model && note=$(git rev-parse HEAD:models/fraud.bin) &&
	git notes --ref=model show $note >../all && sed 1d ../all >../less &&
	git notes --ref=model add -f -F ../less $note && git notes --ref=model add -f -F ../all $note &&
	never "verify says yes" git-model verify --all && offer refs/notes/model refs/notes/model && refuses &&
	git update-ref refs/notes/model refs/notes/kept &&
	badgit_every=$mute badgit_how=$how
'

# -- who looks ---------------------------------------------------------------------------

test_expect_success 'check: what is not allowed, and a branch with a bad change' '
	cd work && git reset -q --hard origin/main &&
	git remote set-head origin main &&
	never "check says yes" git-model check fraud@v1.1.0 production &&
	git checkout -q -b topic && mv-test random 2M 9 >models/fraud.bin &&
	by_dora git commit -qam big &&
	never "check says yes" git-model check origin/main..topic --branch main &&
	git checkout -q main
'

test_expect_success 'verify: a promotion that nobody allowed' '
	cd work && tag=$(forced v1.1.0) && test -n "$tag" &&
	never "verify says yes" git-model verify --all &&
	git tag -d "$tag"
'

told () {
	test $1 != 0 || test_cmp "$TRASH/tmp/truth" "$TRASH/tmp/badgit.out"
}

test_expect_success 'which: the holder or an error, never another one' '
	cd work && git-model which "fraud#production" >"$TRASH/tmp/truth" &&
	test_grep v1.0.0 "$TRASH/tmp/truth" &&
	always told : git-model which "fraud#production"
'

# -- who keeps, moves and drops content ----------------------------------------------------

client () {
	git init -q "$1" && cd "$1" && git model install --local >/dev/null &&
	git config model.store "$TRASH/work/team" &&
	git model track "*.bin" && git add . && git commit -qm track
}

# Nothing may be where nobody configured it: $1 is the git folder.
no_store () {
	! test -e "$1/model/packs" && ! test -e "$1/model/format" &&
	! test -e "$1/model/index"
}

add_again () {
	git read-tree HEAD && rm -rf ../team .git/model-store && mv-test random 60K 7 >a.bin
}

added () {
	no_store .git && { test $1 != 0 ||
		{ git cat-file -p :a.bin | grep -q "^oid sha256:" &&
		  ls ../team/packs/*.pack >/dev/null 2>&1; }; }
}

test_expect_success 'add: into the configured store, or an error' '
	client add && always added add_again git-model add a.bin &&
	git model add a.bin && git commit -qm a
'

pushed_away () {
	rm -rf ../away.git && cp -r ../away.orig ../away.git
}

# Of a success, the remote has it; never did it make a store elsewhere.
pushed () {
	no_store ../away.git && { test $1 != 0 ||
		test "$(ls ../away-store/packs/*.pack 2>/dev/null | wc -l)" = 1; } &&
	rm -rf ../away-store
}

test_expect_success 'push: to the store that the remote says it has, or an error' '
	git init -q --bare away.orig &&
	git --git-dir=away.orig config model.store "$TRASH/work/away-store" &&
	cd add && git remote add origin ../away.git &&
	always pushed pushed_away git-model push origin
'

cat >"$TRASH/pre-push" <<'EOT'
#!/bin/sh
h=$(git rev-parse HEAD)
echo "refs/heads/main $h refs/heads/main 0000000000000000000000000000000000000000" |
exec .git/hooks/pre-push origin ../away.git
EOT
chmod +x "$TRASH/pre-push"

test_expect_success 'pre-push: the content is there, or git does not go on' '
	cd add && always pushed pushed_away "$TRASH/pre-push"
'

fetch_again () {
	rm -rf ../mine .git/model-store .git/model && mkdir ../mine
}

fetched () {
	no_store .git && { test $1 != 0 ||
		git model cat HEAD:a.bin 2>/dev/null | cmp -s - ../add/a.bin; }
}

test_expect_success 'fetch: into the configured store, all of it, or an error' '
	(cd add && rm -rf ../away-store && pushed_away && git model push origin &&
	 git push -q --no-verify origin main) &&
	GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=filter.model.smudge \
	GIT_CONFIG_VALUE_0=cat git -c filter.model.process= \
		-c filter.model.required=false clone -q away.git got &&
	cd got && git model install --local >/dev/null &&
	git config model.store "$TRASH/work/mine" &&
	always fetched fetch_again git-model fetch origin
'

checkout_again () {
	rm -f a.bin && git cat-file blob HEAD:a.bin >a.bin
}

checked_out () {
	if test $1 = 0
	then
		cmp -s a.bin ../add/a.bin
	else
		cmp -s a.bin ../add/a.bin ||
		git cat-file blob HEAD:a.bin | cmp -s - a.bin
	fi && no_store .git
}

test_expect_success 'checkout: the content, or an error and what was there' '
	cd got && git model fetch origin &&
	always checked_out checkout_again git-model checkout
'

# Every content that any ref, record or index names is still whole.
gc_again () {
	rm -rf ../gc && cp -r ../gc.orig ../gc
}

collected () {
	rm -rf ../gc.look && cp -r ../gc ../gc.look &&
	git --git-dir=../gc.look/.git --work-tree=../gc.look \
		model fsck >"$TRASH/tmp/fsck" 2>&1 || {
		cat "$TRASH/tmp/fsck"
		return 1
	}
}

test_expect_success 'gc: what is named is kept, by branches, the index, records and notes' '
	git init -q gc.orig && (
		cd gc.orig && git model install --local >/dev/null &&
		git model track "*.bin" && mv-test random 50K 1 >a.bin &&
		git add . && git commit -qm one && git branch old &&
		mv-test random 50K 2 >a.bin && git commit -qam two &&
		mv-test random 50K 3 >b.bin && git add b.bin &&
		printf "step,loss\n1,2\n2,1\n" >loss.csv &&
		git model record a.bin --metric auc=0.9 --curves loss.csv &&
		mv-test random 50K 4 >c.bin && git add c.bin &&
		git rm -q --cached c.bin && rm c.bin &&
		git reflog expire --expire=now --all && git gc -q --prune=now
	) && mkdir -p run && cd run && gc_again &&
	printf "cd ../gc && exec git-model gc --grace 0\n" >../gc.sh &&
	always collected gc_again sh ../gc.sh
'

test_done
