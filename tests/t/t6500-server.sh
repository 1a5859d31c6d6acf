#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='a server that judges: git model install --server, pre-receive, post-receive'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"

person alice bob mallory
SERVER="$TRASH/work/srv.git"

# -- setting up ----------------------------------------------------------------------

test_expect_success 'install --server writes both hooks and says what it protects' '
	git init -q --bare srv.git &&
	git model install --no-receipt-key --server srv.git >out 2>err &&
	test -x srv.git/hooks/pre-receive && test -x srv.git/hooks/post-receive &&
	test "$(git -C srv.git config receive.fsckObjects)" = true &&
	test "$(git -C srv.git config model.server)" = true &&
	test_grep "only grow" out && test_grep "update-ref" out &&
	test_grep "github.com" out &&
	cp srv.git/hooks/pre-receive before &&
	git model install --no-receipt-key --server srv.git >out &&
	test_cmp before srv.git/hooks/pre-receive
'

test_expect_success 'a server that is not there is said in plain words' '
	test_expect_code 128 git model install --server nosuch 2>err &&
	test_grep "cannot enter .nosuch.: No such file" err
'

test_expect_success 'a policy that cannot be read is said before it refuses every push' '
	git init -q --bare unread.git && git init -q unread && cd unread && mkdir .gitmodel &&
	printf "[branch \"main\"]\napprovals = 1 from leads\n" >.gitmodel/policy && git add . && git commit -qm bad &&
	git push -q ../unread.git HEAD:main && git --git-dir=../unread.git symbolic-ref HEAD refs/heads/main &&
	test_expect_code 128 git model install --no-receipt-key --server ../unread.git >../out 2>../err &&
	test_grep ".gitmodel/policy:2: .*nobody could push any more, so mend that first" ../err &&
	test_must_be_empty ../out && ! test -e ../unread.git/hooks/pre-receive && ! git --git-dir=../unread.git config model.server &&
	echo "[stage \"production\"]" >.gitmodel/policy && git commit -qam mended && git push -q ../unread.git HEAD:main &&
	git model install --no-receipt-key --server ../unread.git && git push ../unread.git HEAD:other
'

test_expect_success 'a hook that was there before runs first, and its no is final' '
	git init -q --bare own.git &&
	printf "#!/bin/sh\necho own hook >&2; cat >seen; exit 1\n" \
		>own.git/hooks/pre-receive && chmod +x own.git/hooks/pre-receive &&
	git model install --server own.git >out &&
	test -x own.git/hooks/pre-receive.model-chained &&
	git init -q c && cd c && git commit -qm c --allow-empty &&
	test_must_fail git push ../own.git main 2>../err &&
	test_grep "own hook" ../err && test_grep refs/heads/main ../own.git/seen
'

test_expect_success 'where its hooks cannot be installed nothing is said to be judged' '
	for how in "printf \"#!/bin/sh\\r\\nexit 0\\r\\n\" >stuck.git/hooks/HOOK" "mkdir stuck.git/hooks/HOOK" \
		"cp stuck.git/hooks/HOOK.model-chained stuck.git/hooks/HOOK"
	do
		for hook in pre-receive post-receive
		do
			rm -rf stuck.git && git init -q --bare stuck.git && echo "#!/bin/sh" >stuck.git/hooks/$hook.model-chained &&
			echo "$how && chmod +x stuck.git/hooks/HOOK" | sed "s/HOOK/$hook/g" >make && sh ./make &&
			{ test -d stuck.git/hooks/$hook || echo "# other" >>stuck.git/hooks/$hook; } &&
			test_expect_code 128 git model install --server stuck.git >out 2>err &&
			test_grep "$hook hook not installed" err && test_grep "hooks/$hook. does not call git-model" err &&
			test_grep ! "judged now" out || return 1
		done
	done && rm -rf stuck.git/hooks/* && git model install --server stuck.git >out && test_grep "judged now" out
'

test_expect_success 'uninstall --server takes the hooks away, and gives back what was there' '
	git model uninstall --server own.git >out &&
	test_grep "own hook" own.git/hooks/pre-receive &&
	! test -e own.git/hooks/post-receive &&
	! git -C own.git config model.server
'

test_expect_success 'a policy that cannot be read is refused before it counts' '
	git init -q --bare boot.git && echo "[stage" >bad &&
	test_expect_code 128 git model install --server boot.git --policy bad &&
	! test -e boot.git/hooks/pre-receive &&
	test_expect_code 129 git model install --policy bad
'

test_expect_success 'doctor knows a server by its hooks' '
	cd srv.git && { git model doctor >../out || :; } &&
	test_grep "hooks: pre-receive" ../out && ! grep -q pre-push ../out &&
	mv hooks/post-receive ../kept && test_expect_code 1 git model doctor >../out &&
	test_grep "install --server" ../out && mv ../kept hooks/post-receive
'

# -- without a policy ------------------------------------------------------------------

test_expect_success 'everything is taken as long as there is no policy; the first one comes in' '
	team work ../srv.git alice bob &&
	git --git-dir=../srv.git rev-parse --verify -q "refs/tags/fraud@v1.0.0" &&
	git --git-dir=../srv.git rev-parse --verify -q refs/notes/model
'

# -- stages ----------------------------------------------------------------------------

test_expect_success 'what the policy allows is taken' '
	cd work && tag=$(promoted v1.0.0 staging) && test -n "$tag" &&
	git push -q origin "$tag"
'

test_expect_success 'an unapproved promotion is refused, with the reasons' '
	cd work && as alice git model promote --force fraud@v1.0.0 production \
		>../out 2>&1 &&
	refused "approvals = 1 from leads" "fraud#production#2" &&
	test_grep "git-model refuses this push" "$TRASH/tmp/push"
'

test_expect_success 'with the approval in the same push it is taken: one state, judged as a whole' '
	cd work && git tag -d "fraud#production#2" >/dev/null && approved v1.0.0 &&
	tag=$(promoted v1.0.0 production) && test -n "$tag" &&
	refused "approvals = 1 from leads" "$tag" &&
	test_grep "the notes that it was decided on are not here" \
		"$TRASH/tmp/push" &&
	accepted "$tag" refs/notes/model
'

test_expect_success 'a counter that is not the next one is refused' '
	cd work && git tag -a -m x "fraud#staging#9" &&
	refused "the next counter of fraud is 3" "fraud#staging#9" &&
	git tag -a -m x "fraud#staging#02" &&
	refused "another way to write" "fraud#staging#02" &&
	git tag -a -m x "fraud#staging" &&
	refused "needs a counter" "fraud#staging" &&
	git tag -a -m x "fraud#staging#99999999999999999999" &&
	refused "is none" "fraud#staging#99999999999999999999" &&
	git tag "fraud#staging#3" &&
	refused "not an annotated tag" "fraud#staging#3" &&
	git tag -d "fraud#staging#3" "fraud#staging#9" "fraud#staging#02" \
		"fraud#staging" "fraud#staging#99999999999999999999" >/dev/null
'

test_expect_success 'several events in one push are judged in their order' '
	cd work && new_version 3 v1.1.0 0.97 && git model push origin >/dev/null &&
	approved v1.1.0 && one=$(promoted v1.1.0 staging) &&
	two=$(promoted v1.1.0 production) && test -n "$one" && test -n "$two" &&
	accepted main "fraud@v1.1.0" "$two" "$one" refs/notes/model
'

test_expect_success 'a version that holds a stage is not deregistered' '
	cd work && as alice git model deregister --force fraud@v1.1.0 >../out 2>&1 &&
	tag=$(git tag --list "fraud@v1.1.0!*") &&
	refused "holds production: demote it first" "$tag" &&
	git tag -d "$tag"
'

test_expect_success 'content that nobody has is no promotion' '
	cd work && new_version 4 v1.2.0 0.98 && approved v1.2.0 &&
	tag=$(promoted v1.2.0 production) && test -n "$tag" &&
	refused "1 content of 1 is not here" main "fraud@v1.2.0" "$tag" \
		refs/notes/model &&
	git model push origin >/dev/null &&
	accepted main "fraud@v1.2.0" "$tag" refs/notes/model
'

test_expect_success 'a registration that says another content is refused' '
	cd work && git tag -a -m "x

Model-Content: sha256:$(printf "%064d" 1)" "fraud@v9.0.0" &&
	refused "fraud@v9.0.0 says sha256:0000" "fraud@v9.0.0" &&
	git tag -d "fraud@v9.0.0"
'

# -- branches ------------------------------------------------------------------------------

test_expect_success 'a protected branch goes forward only, and what it brings is judged' '
	cd work && refused "only goes forward" -f HEAD~1:main &&
	refused "not deleted" :main &&
	mv-test random 2M 9 >models/fraud.bin && by_dora git commit -qam big &&
	refused "max-size" main && accepted main:big &&
	git reset -q --hard HEAD~1
'

test_expect_success 'other branches, tags and notes are none of our business' '
	cd work && git checkout -q -b topic && git commit -qm x --allow-empty &&
	accepted topic && git commit -q --amend -m y --allow-empty &&
	accepted -f topic && accepted :topic && git tag release-1 &&
	accepted release-1 && accepted :release-1 &&
	git notes --ref=other add -m x HEAD && accepted refs/notes/other &&
	accepted :refs/notes/other && git checkout -q main
'

test_expect_success 'the policy is changed by who the old policy names' '
	cd work && sed -i "s/0.9$/0.1/" .gitmodel/policy &&
	git commit -qam "weaker" && refused "policy-approvals" main &&
	as bob git model approve --policy HEAD >/dev/null &&
	accepted main refs/notes/model
'

# -- receipts ---------------------------------------------------------------------------------

test_expect_success 'the server signs a receipt for what it let through' '
	cd work && ssh-keygen -q -t ed25519 -N "" -f ../receipts -C server &&
	printf "server namespaces=\"git-model-receipt@v1\" %s\n" \
		"$(cut -d " " -f 1,2 ../receipts.pub)" >>.gitmodel/allowed_signers &&
	git commit -qam "the server signs receipts" &&
	as bob git model approve --policy HEAD >/dev/null &&
	accepted main refs/notes/model && git fetch -q &&
	git --git-dir=../srv.git config model.receiptKey "$TRASH/work/receipts" &&
	new_version 5 v1.3.0 0.99 && git model push origin >/dev/null &&
	git push -q origin "fraud@v1.3.0" && tag=$(promoted v1.3.0 staging) &&
	accepted "$tag" && ! grep -q "no receipt" "$TRASH/tmp/push" &&
	git model pull >/dev/null 2>&1 &&
	blob=$(git rev-parse HEAD:models/fraud.bin) &&
	git notes --ref=model show $blob >../note &&
	test_grep "\"kind\":\"receipt\"" ../note &&
	sed -n "/receipt/s/.*\"payload\":\"\([^\"]*\)\".*/\1/p" ../note |
	base64 -d >../payload &&
	test_grep "\"tag\":\"$(git rev-parse "$tag")\"" ../payload &&
	test_grep "\"rules\":\"yes\"" ../payload
'

test_expect_success 'a receipt that cannot be written does not undo the push' '
	cd work && git --git-dir=../srv.git config model.receiptKey /nowhere &&
	new_version 6 v1.4.0 0.99 && git model push origin >/dev/null &&
	git push -q origin "fraud@v1.4.0" && tag=$(promoted v1.4.0 staging) && back=$(promoted v1.3.0 staging) &&
	accepted "$tag" "$back" && for t in "$tag" "$back"
	do
		test_grep "$t: no receipt was written" "$TRASH/tmp/push" || return 1
	done &&
	git --git-dir=../srv.git rev-parse --verify -q "refs/tags/$tag" &&
	git --git-dir=../srv.git config --unset model.receiptKey
'

# -- errors are a no ---------------------------------------------------------------------------

test_expect_success 'an unreadable policy refuses everything' '
	git init -q --bare bad.git && git init -q b && cd b && mkdir .gitmodel &&
	echo "[stage" >.gitmodel/policy && git add . && git commit -qm x &&
	git model install --server ../bad.git >/dev/null &&
	git -C ../bad.git fetch -q ../b main:main &&
	git checkout -q -b topic &&
	test_must_fail git push ../bad.git topic 2>../err &&
	test_grep "main.*policy:1" ../err
'

test_expect_success 'a HEAD that names no branch is warned of' '
	git init -q --bare -b master odd.git &&
	git model install --server odd.git >out 2>err &&
	test_grep "refs/heads/master is not there yet" err &&
	cd c && git push -q ../odd.git main 2>../err && test_must_be_empty ../err &&
	git push ../odd.git main:other 2>../err &&
	test_grep "no policy counts here: refs/heads/master" ../err
'

test_expect_success 'so one that cannot be read does not come in' '
	git init -q --bare new.git && git model install --server new.git >/dev/null &&
	cd b && test_must_fail git push ../new.git main 2>../err &&
	test_grep "remote: .*nobody could push any more.*policy:1" ../err &&
	test -z "$(git --git-dir=../new.git for-each-ref)"
'

test_expect_success 'without the program nothing gets in' '
	git init -q --bare lost.git && git model install --server lost.git >/dev/null &&
	sed -i "s|$B/git-model|/nowhere/git-model|g" lost.git/hooks/pre-receive &&
	cd c && test_must_fail git push ../lost.git main 2>../err &&
	test -z "$(git --git-dir=../lost.git for-each-ref)"
'

test_expect_success 'too late is a no' '
	cd work && git --git-dir=../srv.git config model.receiveTimeout 0 &&
	git commit -qm x --allow-empty && accepted main &&
	git --git-dir=../srv.git config --unset model.receiveTimeout
'

test_expect_success 'standard input that git does not write is refused' '
	cd srv.git && zero=$(printf "%040d" 0) && head=$(git rev-parse main) &&
	for line in "" "x" "$zero $head" "$zero $head heads/x" \
		"$zero $head refs/heads/x more" "$zero $head  refs/heads/x" \
		"$zero ${head}0 refs/heads/x" "$zero HEAD refs/heads/x"
	do
		printf "%s\n" "$line" >../in &&
		test_expect_code 1 git model hook pre-receive <../in 2>../err ||
		return 1
	done &&
	printf "%s" "$zero $head refs/heads/x" |
	test_expect_code 1 git model hook pre-receive &&
	printf "%s\n" "$zero $head refs/heads/x" "$zero $zero refs/heads/x" |
	test_expect_code 1 git model hook pre-receive 2>../err &&
	test_grep "there twice" ../err &&
	echo "$zero $head refs/heads/x" | git model hook pre-receive
'

# -- the client's advice ----------------------------------------------------------------------

test_expect_success 'pre-push gives the reasons before anything is uploaded' '
	cd work && git fetch -q && new_version 7 v1.5.0 0.05 &&
	git model push origin >/dev/null && git push -q origin "fraud@v1.5.0" &&
	as alice git model promote --force fraud@v1.5.0 production >../out 2>&1 &&
	tag=$(git tag --list "fraud#production#*" | sort -t "#" -k 3 -n | tail -n 1) &&
	test_must_fail git push origin "$tag" 2>../err &&
	test_grep "approvals = 1 from leads" ../err &&
	test_grep "the server decides" ../err && test_grep ! "no-verify" ../err &&
	test_grep "remote: .*approvals = 1 from leads" ../err &&
	refused "approvals = 1 from leads" "$tag" && git tag -d "$tag"
'

test_expect_success 'pre-push only advises: where no server refuses, the push goes on with its content' '
	git clone -q --bare srv.git nobody.git && rm -f nobody.git/hooks/* && cp -r work free && cd free &&
	git remote set-url origin ../nobody.git && mv-test random 60K 77 >models/fraud.bin &&
	git commit -qam "bad" && as alice git model register fraud@v1.6.0 &&
	test_must_fail as alice git model promote fraud@v1.6.0 production 2>../err &&
	as alice git model promote --force fraud@v1.6.0 production >../out 2>&1 &&
	tag=$(git tag --list "fraud#production#*" | sort -t "#" -k 3 -n | tail -n 1) &&
	git push origin main fraud@v1.6.0 "$tag" 2>../err &&
	test_grep "approvals = 1 from leads" ../err && test_grep "the server decides" ../err &&
	test_grep "uploaded [0-9]* contents" ../err && test_grep ! "no-verify" ../err
'

test_expect_success 'pre-push judges what a push brings, and says what it did not look at' '
	cp -r work moves && cd moves && git tag -l "fraud#staging#*" >../tags && test -s ../tags &&
	sed "s/auc >= 0.5/auc >= 0.999/" .gitmodel/policy >p && mv p .gitmodel/policy && git commit -qam "stricter" &&
	git init -q --bare ../plain.git && git remote add plain ../plain.git && git push -q plain main 2>../err && test_grep ! "error:" ../err &&
	git push plain --tags 2>../err && test_grep ! "error:" ../err &&
	test_grep "not looked at: [0-9]* decisions by another policy than main has there, fraud#" ../err &&
	git init -q --bare ../other.git && git remote set-url origin ../other.git &&
	git push origin main --tags 2>../err && test_grep ! "error:" ../err &&
	test_grep "was not looked at: main is new there" ../err
'

test_expect_success 'pre-push leaves pushes alone that touch nothing of ours' '
	cd work && git checkout -q -b feature && git commit -qm x --allow-empty &&
	git push -q origin feature 2>../err && test_must_be_empty ../err &&
	git checkout -q main && git commit -qm y --allow-empty &&
	git push -q origin main 2>../err && test_must_be_empty ../err
'

# -- other ways to the same place ----------------------------------------------------------------

cat >"$TRASH/tmp/cgi.server" <<\EOT
import http.server, os, socketserver, sys
class Handler(http.server.CGIHTTPRequestHandler):
    cgi_directories, have_fork = ["/cgi-bin"], False  # else it becomes nobody
    def log_message(self, *args): pass
os.chdir(sys.argv[1])
with http.server.HTTPServer(("127.0.0.1", 0), Handler) as s:
    with open("port", "w") as f: f.write(str(s.server_port))
    s.serve_forever()
EOT
http_stop () {
	test -z "$http_pid" || kill "$http_pid"
}
http_start () {
	mkdir -p www/cgi-bin && cat >www/cgi-bin/git <<-EOT &&
	#!/bin/sh
	GIT_PROJECT_ROOT="$TRASH/work" GIT_HTTP_EXPORT_ALL=1 REMOTE_USER=dave
	export GIT_PROJECT_ROOT GIT_HTTP_EXPORT_ALL REMOTE_USER
	exec "$(git --exec-path)/git-http-backend"
	EOT
	chmod +x www/cgi-bin/git &&
	{ python3 "$TRASH/tmp/cgi.server" www >/dev/null 2>&1 & http_pid=$!; } &&
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
	do
		test -s www/port && return 0
		sleep 0.2
	done
	return 1
}

if python3 -c "import http.server; http.server.CGIHTTPRequestHandler" 2>/dev/null
then
	test_expect_success 'over http, by git http-backend' '
		test_when_finished http_stop && http_start &&
		git --git-dir=srv.git config http.receivepack true && cd work &&
		git remote add web "http://127.0.0.1:$(cat ../www/port)/cgi-bin/git/srv.git" &&
		git commit -qm web --allow-empty && git push -q --no-verify web main &&
		server_refs >../before &&
		test_must_fail git push --no-verify web -f HEAD~1:main 2>../err &&
		test_grep "remote: .*only goes forward" ../err &&
		server_refs >../after && test_cmp ../before ../after
	'
else
	test_skip 'over http, by git http-backend' 'there is no python3 with http.server'
fi

SSHD=$(PATH="$PATH:/usr/sbin:/sbin" command -v sshd)
ssh_stop () {
	test ! -s "$TRASH/work/ssh/pid" || kill "$(cat "$TRASH/work/ssh/pid")"
}
ssh_start () {
	mkdir -p ssh && chmod 700 ssh &&
	ssh-keygen -q -t ed25519 -N '' -f ssh/host &&
	cp "$PEOPLE/alice.pub" ssh/keys && chmod 600 ssh/keys &&
	port=$((20000 + $$ % 20000)) && cat >ssh/config <<-EOT &&
	Port $port
	ListenAddress 127.0.0.1
	HostKey $PWD/ssh/host
	AuthorizedKeysFile $PWD/ssh/keys
	PidFile $PWD/ssh/pid
	StrictModes no
	UsePAM no
	EOT
	if test "$(id -u)" = 0
	then
		mkdir -p /run/sshd
	fi &&
	"$SSHD" -f "$PWD/ssh/config" -E "$PWD/ssh/log" &&
	for i in 1 2 3 4 5 6 7 8 9 10
	do
		test -s ssh/pid && break
		sleep 0.2
	done &&
	GIT_SSH_COMMAND="ssh -p $port -i $PEOPLE/alice -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR" &&
	export GIT_SSH_COMMAND
}

if test -n "$SSHD"
then
	test_expect_success 'over ssh' '
		test_when_finished ssh_stop && ssh_start && cd work &&
		git remote add ssh "ssh://$(id -un)@127.0.0.1$SERVER" &&
		git commit -qm ssh --allow-empty && git push -q --no-verify ssh main &&
		server_refs >../before &&
		test_must_fail git push --no-verify ssh -f HEAD~1:main 2>../err &&
		test_grep "remote: .*only goes forward" ../err &&
		server_refs >../after && test_cmp ../before ../after
	'
else
	test_skip 'over ssh' 'there is no sshd (Debian: openssh-server)'
fi

test_expect_success 'a server that was moved finds its key again when it is installed again' '
	git init -q --bare moved.git && git model install --server moved.git >../first 2>&1 &&
	test_path_is_file moved.git/model/receipt_key && mv moved.git elsewhere.git &&
	git model install --server elsewhere.git >out 2>&1 &&
	test "$(git --git-dir=elsewhere.git config model.receiptKey)" = "$PWD/elsewhere.git/model/receipt_key"
'

test_expect_success 'a copy of one that is there still gets a key of its own' '
	cp -r elsewhere.git copy.git && cp elsewhere.git/model/receipt_key was && git model install --server copy.git >out 2>&1 &&
	test_grep "a copy of the repository whose receipts .*elsewhere.git/model/receipt_key" out &&
	test "$(git --git-dir=copy.git config model.receiptKey)" = "$PWD/copy.git/model/receipt_key" &&
	! cmp -s was copy.git/model/receipt_key && test_cmp was elsewhere.git/model/receipt_key &&
	test_grep -F "$(cut -d " " -f 2 copy.git/model/receipt_key.pub)" out &&
	cp copy.git/model/receipt_key is && git model install --server copy.git >out 2>&1 && test_cmp is copy.git/model/receipt_key
'

test_expect_success 'a key whose file is lost is made again, and one that somebody chose is asked for' '
	rm copy.git/model/receipt_key copy.git/model/receipt_key.pub && git model install --server copy.git >out 2>&1 &&
	test_grep "is not there any more: a new one is made" out && ssh-keygen -y -f copy.git/model/receipt_key >/dev/null &&
	rm copy.git/model/receipt_key.pub && git model install --server copy.git >out 2>&1 && test_grep "ssh-keygen -y -f" out &&
	rm copy.git/model/receipt_key && git --git-dir=copy.git config model.receiptKey "$PWD/nowhere" &&
	git model install --server copy.git >out 2>&1 && test_grep "nowhere., which is not there: no receipts are written" out &&
	test "$(git --git-dir=copy.git config model.receiptKey)" = "$PWD/nowhere" && test_path_is_missing copy.git/model/receipt_key &&
	git --git-dir=copy.git config --unset-all model.receiptKey && git model install --server copy.git >out 2>&1 &&
	test_grep "receipt@v1.* ssh-ed25519 " out
'

test_done
