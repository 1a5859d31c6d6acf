#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='gitolite serves a repository that judges'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"

# gitolite knows no '#' in names of refs, and says so in its hook `update`, after
# ours: its rc file must allow it.
#
# gitolite lives in the home folder of its user; here that is a folder of the
# test, and its shell is called as sshd would call it.
if ! command -v gitolite >/dev/null
then
	skip_all='gitolite is not installed (Debian: gitolite3)'
	test_done
fi
person alice bob
GITOLITE_HOME="$TRASH/work/gl"
mkdir -p "$GITOLITE_HOME"
SERVER="$GITOLITE_HOME/repositories/testing.git"

# Content goes past gitolite, into the folder itself.
git config --global modelremote.origin.url "$SERVER/model"

# What stands in authorized_keys: command="gitolite-shell alice"
cat >"$TRASH/work/ssh" <<EOT
#!/bin/sh
while test \$# -gt 1; do shift; done
HOME="$GITOLITE_HOME" SSH_ORIGINAL_COMMAND="\$1" \
SSH_CONNECTION="127.0.0.1 1 127.0.0.1 22" \
exec "$(HOME="$GITOLITE_HOME" gitolite query-rc GL_BINDIR)/gitolite-shell" "\$GL_PERSON"
EOT
chmod +x "$TRASH/work/ssh"
# The name alone says that it is no OpenSSH with options of its own.
GIT_SSH="$TRASH/work/ssh" GIT_SSH_VARIANT=simple
export GIT_SSH GIT_SSH_VARIANT

test_expect_success 'gitolite makes a repository, and ours is judged in it' '
	HOME="$GITOLITE_HOME" && cp "$PEOPLE/alice.pub" alice.pub &&
	gitolite setup -pk alice.pub >log 2>&1 &&
	sed -i "1i \$REF_OR_FILENAME_PATT = qr(^[0-9a-zA-Z][-0-9a-zA-Z._\\@/+ :,#!=]*\$);" \
		"$GITOLITE_HOME/.gitolite.rc" && HOME="$TRASH/home" &&
	git --git-dir="$SERVER" symbolic-ref HEAD refs/heads/main &&
	test -d "$SERVER/hooks" && ls -l "$SERVER/hooks" &&
	git model install --server "$SERVER" >out &&
	cat "$SERVER/hooks/pre-receive" &&
	git init -q maker &&
	git -C maker model remote add content "$SERVER/model" &&
	GL_PERSON=alice && export GL_PERSON &&
	team work git@localhost:testing alice bob
'

test_expect_success 'its own hook still stands, and ours says no' '
	cd work && test -e "$SERVER/hooks/update" && server_refs >../before &&
	tag=$(as alice git model promote --force fraud@v1.0.0 production 2>/dev/null |
		grep "^fraud#") && refused "approvals = 1 from leads" "$tag"
'

test_expect_success 'what the policy allows is taken' '
	cd work && git tag -d "$tag" && tag=$(promoted v1.0.0 staging) &&
	test -n "$tag" && accepted "$tag" refs/notes/model
'

test_expect_success 'GL_USER is nobody until it is translated to who pushes' '
	cd work && sed -i "/stage .production/a forbid-self-approval = pusher" .gitmodel/policy &&
	git commit -qam "who pushes does not approve" &&
	git model fetch origin &&
	as bob git model approve --policy HEAD >/dev/null &&
	accepted main refs/notes/model && git fetch -q && new_version 3 v1.1.0 0.95 &&
	share && git model fetch origin &&
	as bob git model approve fraud@v1.1.0 --stage production >/dev/null &&
	tag=$(promoted v1.1.0 production) && test -n "$tag" &&
	refused "not known whose own this is" "$tag" refs/notes/model &&
	git --git-dir="$SERVER" config modelpusher.alice.principal \
		bob@example.com &&
	refused "approvals = 1 from leads" "$tag" refs/notes/model &&
	git --git-dir="$SERVER" config modelpusher.alice.principal \
		alice@example.com && accepted "$tag" refs/notes/model
'

test_expect_success 'gitolite setup leaves our hooks alone' '
	HOME="$GITOLITE_HOME" gitolite setup >log 2>&1 &&
	test_grep "git-model" "$SERVER/hooks/pre-receive"
'

test_done
