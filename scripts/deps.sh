#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: deps.sh (make | build | test | bench)...
#
# Install the Debian packages that are missing for these purposes. Does
# nothing, at once, when nothing is missing. Elsewhere than on Debian it
# names the packages and leaves the rest to you.
set -u

# Debian 12 has the official sources in a package for Rust, all others a library.
blake3 () {
	if grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release
	then
		echo librust-blake3-dev
	else
		echo libblake3-dev
	fi
}

packages () {
	case "$1" in
	make)
		echo make ;;
	build)
		echo build-essential pkg-config git openssh-client libgit2-dev \
			libarchive-dev libinih-dev libzstd-dev libssl-dev \
			libjansson-dev libxxhash-dev zlib1g-dev \
			libyaml-dev libsqlite3-dev libcurl4-openssl-dev \
			node-chart.js asciidoctor \
			$(blake3) ;;
	test)
		echo libcmocka-dev perl strace git-lfs hyperfine openssl \
			sqlite3 jq faketime gnupg curl python3 \
			openssh-server \
			chromium chromium-driver ;;
	bench)
		echo hyperfine git-lfs openssl time clang python3 \
			borgbackup restic casync ;;
	*)
		echo "deps: unknown purpose '$1'" >&2
		return 1 ;;
	esac
}

wanted=
for purpose
do
	wanted="$wanted $(packages "$purpose")" || exit 129
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null
then
	echo "deps: this is no Debian; you need what Debian calls:$wanted"
	exit 0
fi

missing=
installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $wanted 2>/dev/null)
for package in $wanted
do
	case "
$installed
" in
	*"
$package installed
"*) ;;
	*) missing="$missing $package" ;;
	esac
done
test -n "$missing" || exit 0

# Who may not install here gets the line that somebody else can run.
line="apt-get update && apt-get install -y --no-install-recommends$missing"
root=
if test "$(id -u)" != 0
then
	if ! command -v sudo >/dev/null
	then
		printf '%s\n' "deps: packages are missing; as root, run:" \
			"  $line" >&2
		exit 1
	elif ! sudo -n true 2>/dev/null
	then
		printf '%s\n' "deps: packages are missing; run:" \
			"  sudo sh -c '$line'" >&2
		exit 1
	fi
	root="sudo -n"
fi
apt () {
	$root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o Acquire::Retries=3 "$@" >>"$log" 2>&1
}
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
echo "deps: installing$missing"
if apt update && apt install --no-install-recommends $missing
then
	echo "deps: done"
else
	tail -n 20 "$log" >&2
	echo "deps: cannot install$missing" >&2
	exit 1
fi
