#!/bin/sh

test_description='signing and fetching end, where nobody is there to wait for'

. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

# within <seconds> <command>...: at no terminal
within () {
	within_from=$(date +%s) && within_most=$1 && shift
	setsid -w "$@" 2>err
	within_got=$?
	test $(($(date +%s) - within_from)) -lt $within_most || {
		echo "took too long: $*" >&7
		return 1
	}
	return $within_got
}

test_expect_success 'a key that nobody unlocks, without a terminal: no tag, and why' '
	git init -q r && cd r && git model track "*.st" && mv-test random 3000 1 >m.st && git add . &&
	git model register fraud m.st && git add . && git commit -qm one &&
	printf "#!/bin/sh\nexec sleep 20\n" >../pinentry && chmod +x ../pinentry &&
	git config gpg.program "$PWD/../pinentry" && git config user.signingkey me && git config model.signTimeout 1s &&
	test_expect_code 128 within 15 git model register -s fraud &&
	test_grep "git tag was stopped after 1 seconds (model.signTimeout)" err && git tag >out && test_must_be_empty out &&
	git model register fraud && git tag >out && test_line_count = 1 out
'

test_expect_success 'at a terminal there is no limit' '
	cd r && printf "#!/bin/sh\nsleep 1.5\nexit 1\n" >../pinentry && git commit -q --allow-empty -m two &&
	test_must_fail script -qec "git model register -s fraud" /dev/null >out 2>&1 </dev/null &&
	test_grep ! "signTimeout" out && git tag >out && test_line_count = 1 out
'

test_expect_success 'a server that says nothing: the fetch ends' '
	cd r && printf "#!/bin/sh\nexec sleep 20\n" >../ssh && chmod +x ../ssh &&
	git remote add origin ssh://nobody@nowhere.example/x && git config model.remoteTimeout 1s && git config model.fetchTimeout 1s &&
	GIT_SSH_COMMAND="$PWD/../ssh" && export GIT_SSH_COMMAND && test_when_finished "unset GIT_SSH_COMMAND" &&
	test_expect_code 128 within 15 git model ci fetch && test_grep "stopped" err &&
	test_must_fail within 15 git model fetch && test_grep "stopped" err
'

test_expect_success 'the speed is looked at, unless somebody has set it' '
	git init -q --bare hub.git && cd r && git remote set-url origin ../hub.git && git config model.fetchTimeout 10m &&
	git config model.remoteTimeout 10m && git push -q origin main && git push -q origin --tags && git clone -q ../hub.git ../c 2>err &&
	cd ../c && git tag -d fraud@v0.0.1 && GIT_TRACE2_EVENT="$TRASH/trace" git model fetch &&
	test_grep "\"http.lowSpeedLimit=1\",\"-c\",\"http.lowSpeedTime=60\",\"fetch\"" "$TRASH/trace" && git tag >out && test_line_count = 1 out &&
	git tag -d fraud@v0.0.1 && rm "$TRASH/trace" && git config http.lowSpeedTime 5 &&
	GIT_TRACE2_EVENT="$TRASH/trace" git model fetch && test_grep ! "lowSpeedTime=60" "$TRASH/trace" && git tag >out && test_line_count = 1 out
'

test_done
