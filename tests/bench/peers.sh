# SPDX-License-Identifier: MIT
#
# Sourced by bench.sh while the two versions v1 and v2 are there: what backup
# programs with chunks of their own make of the same files. None of them keeps
# versions of a work tree; they are here for sizes and speeds. PEERS names them.
mkdir -p peers/in && ln v1 peers/in/m.dat || die "no folder for peers"

# Each sets what to call: make, save and back, each by its folder.
borg_is () {
	BORG_PASSPHRASE= BORG_BASE_DIR=$W/peers/borg-home
	BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes
	BORG_RELOCATED_REPO_ACCESS_IS_OK=yes
	export BORG_PASSPHRASE BORG_BASE_DIR
	export BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK
	export BORG_RELOCATED_REPO_ACCESS_IS_OK
	make='borg init -e none peers/borg'
	save="borg create -C zstd,3 peers/borg::{utcnow} peers/in"
	back='sh -c "cd peers/out && borg extract ../borg::\$(borg list --last 1 --format {archive} ../borg)"'
}
restic_is () {
	RESTIC_PASSWORD=x RESTIC_CACHE_DIR=$W/peers/restic-cache
	export RESTIC_PASSWORD RESTIC_CACHE_DIR
	make='restic -q init --repository-version 2 -r peers/restic'
	save='restic -q -r peers/restic backup peers/in'
	back='restic -q -r peers/restic restore latest --target peers/out'
}
casync_is () {
	make='mkdir -p peers/casync'
	save='casync --store=peers/casync make peers/casync/in.caibx v1'
	back='casync --store=peers/casync extract peers/casync/in.caibx peers/out/m.dat'
}

taken () {
	find "peers/$1" -type f -printf '%s\n' |
		awk '{ n += $1 } END { printf "%.0f", n }'
}

# peer <program>
peer () {
	command -v "$1" >/dev/null || {
		echo "bench: $1 IS MISSING, it is not beside us: make deps" >&2
		row "$1: the same file" - "0 (not installed)" -
		return
	}
	$1_is
	rm -f peers/in/m.dat && ln v1 peers/in/m.dat
	timed "$1-add" "$SLOW" "sh -c 'rm -rf peers/$1 peers/$1-* && $make \
		>/dev/null 2>&1 && sync'" "$save"
	first=$(taken "$1")
	timed "$1-back" "$SLOW" "sh -c 'rm -rf peers/out && mkdir peers/out \
		&& sync'" "$back"
	cmp v1 "$(find peers/out -name m.dat)" || die "$1 gave back other bytes"
	rm -f peers/in/m.dat && ln v2 peers/in/m.dat
	eval "$(echo "$save" | sed 's/ v1$/ v2/')" >>hyperfine.log 2>&1 ||
		die "$1 cannot save again"
	row "$1: add, of git model add; back, of git switch" - "$(calc \
		"$(med "$1-add") / $(med model-add)" | sed 's/..$//') x, $(calc \
		"$(med "$1-back") / $(med model-switch)" | sed 's/..$//') x" -
	row "$1: stored / raw; new bytes of 1 % changed" - "$(awk \
		-v s="$first" -v r="$bytes" 'BEGIN {
		printf "%.2f %%", 100 * s / r }'), $(($(taken "$1") - first))" -
	rm -rf "peers/$1" "peers/$1-"*
}

echo "backup programs"
for peer in ${PEERS-borg restic casync}
do
	peer "$peer"
done
rm -rf peers
