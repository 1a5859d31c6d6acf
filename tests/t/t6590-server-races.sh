#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='two pushes at once: the second one is judged on what the first one makes'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"

person alice bob
SERVER="$TRASH/work/srv.git"

srv () {
	git --git-dir="$SERVER" "$@"
}

# held <push arguments>...: pushed in the background; judged it has been, and
# no ref of it is there yet
held () {
	rm -f "$TRASH/tmp/reached" && : >"$SERVER/hold" && : >"$SERVER/held" || return 1
	git push --no-verify origin "$@" >"$TRASH/tmp/held" 2>&1 &
	held_pid=$!
	until test -s "$TRASH/tmp/reached"
	do
		kill -0 $held_pid 2>/dev/null || { cat "$TRASH/tmp/held"; return 1; }
		sleep 0.02
	done
}

# let_go: it goes on, and comes to an end
let_go () {
	rm "$SERVER/held" && wait $held_pid
}

# meanwhile <words> <push arguments>...: begun while the other one is held,
# it is judged when that one has ended, and refused
meanwhile () {
	meanwhile_words=$1 && shift || return 1
	git push --no-verify origin "$@" >"$TRASH/tmp/push" 2>&1 &
	meanwhile_pid=$!
	waits "$meanwhile_pid" || { let_go && cat "$TRASH/tmp/push" && return 1; }
	let_go && ! wait $meanwhile_pid && cat "$TRASH/tmp/push" &&
	test_grep "remote: .*$meanwhile_words" "$TRASH/tmp/push"
}

# waits <pid>: a push that has come to where it waits for its turn: one process
# has the lock, and another one wants it
waits () {
	until test "$(find /proc/[0-9]*/fd -lname "$SERVER/model/receive.lock" 2>/dev/null |
		wc -l)" -ge 2
	do
		kill -0 "$1" 2>/dev/null || return 1
		sleep 0.02
	done
}

test_expect_success 'a team, and a server that can be held where refs begin to move' '
	server srv.git && team work ../srv.git alice bob &&
	cat >../srv.git/hooks/update <<-EOT && chmod +x ../srv.git/hooks/update
	#!/bin/sh
	test -e "$SERVER/hold" || exit 0
	rm "$SERVER/hold"
	echo \$PPID >"$TRASH/tmp/reached"
	i=0
	while test -e "$SERVER/held" && test \$((i += 1)) -lt 1000
	do
		sleep 0.02
	done
	EOT
'

# by_hand <name> <commit> <trailer>...: a tag of the registry
by_hand () {
	hand_name=$1 hand_commit=$2 && shift 2 &&
	{ echo by hand && echo && printf '%s\n' "Model-Artifact: fraud" "$@"; } |
	git tag -a -F - "$hand_name" "$hand_commit^{commit}"
}

test_expect_success 'a promotion, while its version is taken back' '
	cd work && new_version 3 v2.0.0 0.95 && share &&
	tag=$(promoted v2.0.0 staging) && test "$tag" = "fraud#staging#1" &&
	by_hand "fraud@v2.0.0!#1" fraud@v2.0.0 "Model-Version: v2.0.0" &&
	held "$tag" &&
	meanwhile "the next counter of fraud is 2" "fraud@v2.0.0!#1" &&
	srv show-ref --verify -q "refs/tags/$tag" &&
	! srv show-ref --verify -q "refs/tags/fraud@v2.0.0!#1"
'

test_expect_success 'both by hand on the server: verify says what they do to each other' '
	cd work && test_expect_code 1 git model verify --all >../out && cat ../out &&
	test_grep "takes away what .fraud#staging#1. of the same number gave" ../out &&
	test_grep ".fraud@v2.0.0!#1. of the same number takes away what it gave" ../out &&
	git tag -d "fraud@v2.0.0!#1" && git model verify --all
'

test_expect_success 'of one stage: one gives it, the other one takes it away' '
	cd work && as alice git model demote fraud staging >../out 2>&1 &&
	away="fraud#staging!#2" && mine=$(git rev-parse "refs/tags/$away") &&
	git update-ref -d "refs/tags/$away" && tag=$(promoted v1.0.0 staging) &&
	test "$tag" = "fraud#staging#2" && git update-ref "refs/tags/$away" $mine &&
	held "$away" && meanwhile "the next counter of fraud is 3" "$tag" &&
	test_expect_code 1 git model verify --all >../out &&
	test_grep "same number" ../out && git tag -d "$tag" && git model verify --all
'

test_expect_success 'who waits too long is told so, and is refused' '
	cd work && srv config model.receiveTimeout 1 && git commit -q --allow-empty -m next &&
	held main:refs/heads/topic && refused "another push is being judged here.*push again" main &&
	let_go && accepted main && srv config --unset model.receiveTimeout
'

test_expect_success 'a push that is killed leaves the server open' '
	cd work && git commit -q --allow-empty -m next && held main:refs/heads/killed &&
	kill -9 "$(cat "$TRASH/tmp/reached")" && accepted main && rm ../srv.git/held &&
	! wait $held_pid && ! srv show-ref --verify -q refs/heads/killed
'

test_expect_success 'one that comes to no end is ended, and nothing of it comes later' '
	cd work && git commit -q --allow-empty -m next && srv config model.receiveLanding 1 &&
	held main:refs/heads/slow main:refs/heads/slower && accepted main &&
	rm ../srv.git/held && ! wait $held_pid && srv config --unset model.receiveLanding &&
	! srv show-ref --verify -q refs/heads/slow && ! srv show-ref --verify -q refs/heads/slower
'

test_expect_success 'a hook of post-receive may push to the same repository' '
	cd work && printf "%s\n" "#!/bin/sh" "git push -q . HEAD:refs/heads/again" \
		>../srv.git/hooks/post-receive.model-chained &&
	chmod +x ../srv.git/hooks/post-receive.model-chained &&
	git commit -q --allow-empty -m next && srv config model.receiveTimeout 5 &&
	accepted main && test_grep ! "refuses" "$TRASH/tmp/push" &&
	test "$(srv rev-parse again)" = "$(git rev-parse main)" &&
	rm ../srv.git/hooks/post-receive.model-chained
'

test_done
