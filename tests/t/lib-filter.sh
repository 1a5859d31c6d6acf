# SPDX-License-Identifier: MIT
#
# Sourced after lib-test.sh by tests of the filter and of the work tree.

git config --global filter.model.process "git-model filter-process" &&
git config --global filter.model.required true || exit 1

# filter_log git <arguments>...: run it; `requests` gets one line for each
# request that git made to our filter: "clean <path>" or "smudge <path>".
# (GIT_TRACE_PACKET would write all bytes out, which takes ten times as long.)
filter_log () {
	shift && rm -f "$TRASH/asked" &&
	git -c filter.model.process="mv-test tap '$TRASH/asked' \
		git model filter-process" "$@" || return
	touch "$TRASH/asked"
	paste -d ' ' - - <"$TRASH/asked" >"$TRASH/requests"
}

# index_time: git believes no file that is as young as its index
index_time () {
	stat -L -c %Y "$(git rev-parse --git-path index)"
}

# asked_for_no_old <time of the index>: of what git asked, no file of 1 MiB or
# more was older than the index.
asked_for_no_old () {
	asked_top=$(git rev-parse --show-toplevel) &&
	while read -r asked_what asked_path
	do
		test $(stat -c %s "$asked_top/$asked_path") -lt 1048576 ||
		test $(stat -c %Y "$asked_top/$asked_path") -ge $1 || {
			echo "git asked: $asked_what $asked_path" >&7
			return 1
		}
	done <"$TRASH/requests"
}

# nothing_is_read: in the second in which it was written git may read a file
# again, once; after that nothing.
nothing_is_read () {
	sleep 1.1
	git status >"$TRASH/status" && filter_log git status &&
	test_must_be_empty "$TRASH/requests"
}

# The work tree holds the bytes that the index's pointers stand for, git sees
# no change, without asking us about a file of 1 MiB or more that is older
# than the index, and nothing of ours lies about.
work_tree_is_real () {
	real_index=$(index_time) &&
	git diff --quiet || {
		echo "git diff sees changes" >&7
		return 1
	}
	filter_log git status --porcelain --untracked-files=no \
		>"$TRASH/status" &&
	test_must_be_empty "$TRASH/status" && asked_for_no_old $real_index ||
		return
	for real_path in $(git ls-files '*.bin')
	do
		test -e "$real_path" || continue
		real_want=$(git cat-file -p ":$real_path" |
			sed -n 's/^oid sha256://p')
		# The empty file is its own pointer.
		test -n "$real_want" || real_want=$(sha256sum </dev/null |
			cut -d' ' -f1)
		real_got=$(sha256sum <"$real_path" | cut -d' ' -f1)
		test "$real_want" = "$real_got" || {
			echo "$real_path is not what the index says" >&7
			return 1
		}
	done
	no_temporaries
}

no_temporaries () {
	find . -name '.git-model-*' >"$TRASH/temporaries" &&
	test_must_be_empty "$TRASH/temporaries" || return
	test ! -e "$(git rev-parse --git-path index.lock)" && return
	echo "the index is still locked" >&7
	return 1
}

# is_pointer <file>
is_pointer () {
	test $(stat -c %s "$1") -lt 1024 && test_grep '^git-model/1$' "$1"
}
