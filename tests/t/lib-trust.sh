# SPDX-License-Identifier: MIT
#
# Sourced after lib-test.sh: people who sign. A person has a name, the address
# <name>@example.com, a key, and a git configuration of their own; nobody
# shares anything with anybody.
#
#	person alice && person bob && gpg_person gina &&
#	signers alice bob >.gitmodel/allowed_signers &&
#	gpg_signers gina >.gitmodel/allowed_gpg &&
#	as alice git model approve fraud@v1.0.0 --stage production

PEOPLE="$TRASH/people"
MV_NS_ALL='git,git-model-approval@v1,git-model-receipt@v1'

# person_config <name>: who they are, on top of what everybody has
person_config () {
	mkdir -p "$PEOPLE" && cat >"$PEOPLE/$1.gitconfig" <<-EOT
	[include]
		path = $HOME/.gitconfig
	[user]
		name = $1
		email = $1@example.com
	EOT
}

# person <name>...: with an SSH key
person () {
	for person_name
	do
		person_config "$person_name" &&
		rm -f "$PEOPLE/$person_name" "$PEOPLE/$person_name.pub" &&
		ssh-keygen -q -t ed25519 -N '' -C "$person_name" \
			-f "$PEOPLE/$person_name" </dev/null &&
		cat >>"$PEOPLE/$person_name.gitconfig" <<-EOT || return 1
			signingkey = $PEOPLE/$person_name.pub
		[gpg]
			format = ssh
		EOT
	done
}

# gpg_person <name>: with an OpenPGP key, in a key ring of their own. The
# socket of gpg's agent must have a short name.
gpg_person () {
	person_config "$1" && mkdir -p "$PEOPLE/$1.gpg" &&
	chmod 700 "$PEOPLE/$1.gpg" &&
	GNUPGHOME="$PEOPLE/$1.gpg" gpg --batch --quiet --pinentry-mode loopback \
		--passphrase '' --quick-generate-key "$1@example.com" \
		ed25519 sign never &&
	echo "	signingkey = $(gpg_fingerprint "$1")" \
		>>"$PEOPLE/$1.gitconfig"
}

gpg_fingerprint () {
	GNUPGHOME="$PEOPLE/$1.gpg" gpg --batch --with-colons --list-keys \
		2>/dev/null | sed -n 's/^fpr:*\([0-9A-F]*\):$/\1/p' | sed 1q
}

# Agents end when their folder is gone; this ends them now.
gpg_people_done () {
	for person_gpg in "$PEOPLE"/*.gpg
	do
		test ! -d "$person_gpg" ||
		GNUPGHOME="$person_gpg" gpgconf --kill all
	done
}

# as <name> <command>...: in a shell of its own, so that nothing stays
as () {
	(
		person_name=$1 && shift &&
		GIT_CONFIG_GLOBAL="$PEOPLE/$person_name.gitconfig" &&
		GIT_AUTHOR_NAME=$person_name GIT_COMMITTER_NAME=$person_name &&
		GIT_AUTHOR_EMAIL=$person_name@example.com &&
		GIT_COMMITTER_EMAIL=$person_name@example.com &&
		export GIT_CONFIG_GLOBAL GIT_AUTHOR_NAME GIT_COMMITTER_NAME &&
		export GIT_AUTHOR_EMAIL GIT_COMMITTER_EMAIL || exit 1
		if test -d "$PEOPLE/$person_name.gpg"
		then
			GNUPGHOME="$PEOPLE/$person_name.gpg"
			export GNUPGHOME
		fi
		"$@"
	)
}

# signers <name>...: lines of allowed_signers, for all that we sign. Options
# of the line before the names: signers -o 'valid-before="20270101"' alice
signers () {
	signers_more=
	test "$1" != -o || { signers_more=",$2" && shift 2; }
	for person_name
	do
		printf '%s@example.com namespaces="%s"%s %s\n' "$person_name" \
			"$MV_NS_ALL" "$signers_more" \
			"$(cut -d ' ' -f 1,2 "$PEOPLE/$person_name.pub")" ||
			return 1
	done
}

# gpg_signers <name>...: lines of allowed_gpg; gpg_keys <name>...: the keys
gpg_signers () {
	for person_name
	do
		echo "$person_name@example.com $(gpg_fingerprint "$person_name")" ||
			return 1
	done
}

gpg_keys () {
	for person_name
	do
		GNUPGHOME="$PEOPLE/$person_name.gpg" gpg --batch --armor \
			--export "$(gpg_fingerprint "$person_name")" || return 1
	done
}

# later <time> <command>...: with the clock somewhere else ("+3 days",
# "2026-12-01 12:00:00"); skips of tests: have_faketime
have_faketime () {
	command -v faketime >/dev/null &&
	faketime '+1 day' git-model version >/dev/null 2>&1
}
later () {
	later_when=$1 && shift && faketime -f "$later_when" "$@"
}

# governed <folder> <person>... <<policy: a repository with an artifact "fraud"
# at models/fraud.bin, written by dora, and these people as signers; we are in
# it then
governed () {
	git init -q "$1" && cd "$1" && shift &&
	git model install --local >/dev/null &&
	git model track "*.bin" && mkdir -p models .gitmodel &&
	cat >.gitmodel/policy &&
	cat >.gitmodel/config <<-\EOT &&
	[repository]
	id = 6b7a1f0e
	[artifact "fraud"]
	path = models/fraud.bin
	[metric "auc"]
	direction = up
	EOT
	signers "$@" >.gitmodel/allowed_signers &&
	mv-test random 100K 1 >models/fraud.bin &&
	git add . && by_dora git commit -qm one
}

# by_dora <command>...: who writes models, and approves none
by_dora () {
	GIT_AUTHOR_NAME=dora GIT_AUTHOR_EMAIL=dora@example.com \
	GIT_COMMITTER_NAME=dora GIT_COMMITTER_EMAIL=dora@example.com "$@"
}

# new_version <seed> <version> [<auc>]: another content, registered
new_version () {
	mv-test random 100K "$1" >models/fraud.bin && { test -z "$GIT_COMMITTER_DATE" || test_tick; } &&
	by_dora git commit -qam "version $2" &&
	git model register fraud "@$2" >/dev/null 2>&1 &&
	{ test -z "$3" || git model record fraud --metric "auc=$3"; }
}

# says_no <words> <command>...: exit 1, and says so on standard output
says_no () {
	says_words=$1 && shift &&
	test_expect_code 1 "$@" >"$TRASH/tmp/said" &&
	test_grep "$says_words" "$TRASH/tmp/said"
}
