#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: step.sh <step> <repository> [<arg>...]
#
# What bench.sh has done before each measured run, and never measures. It
# ends with a sync, so that no run pays for what another wrote.
set -e
step=$1 repo=$2
cd "$repo"

# .git as save left it. What is large is immutable and only linked.
restore () {
	rm -rf .git
	cp -al "../$(basename "$repo").$1" .git
	find .git -type f -size -2048k | while IFS= read -r file
	do
		cp -p "$file" .git/copied && mv .git/copied "$file"
	done
}

case "$step" in
save)
	rm -rf "../$(basename "$repo").$3"
	cp -al .git "../$(basename "$repo").$3" ;;
restore)
	restore "$3" ;;
switch)
	git switch -q "$3" ;;
remove)
	rm -f "$3" ;;
*)
	echo "step.sh: no step '$step'" >&2
	exit 129 ;;
esac
sync
