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
	test -s "$TRASH/requests" || return 0
	asked_top=$(git rev-parse --show-toplevel) &&
	while read -r asked_what asked_path
	do
		set -- "$1" $(stat -c "%s %Y" "$asked_top/$asked_path")
		test $2 -lt 1048576 || test $3 -ge $1 || {
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
	git ls-files '*.bin' >"$TRASH/real" &&
	while read -r real_path
	do
		test ! -e "$real_path" || echo "$real_path"
	done <"$TRASH/real" >"$TRASH/real.here" &&
	xargs -r -d '\n' sha256sum <"$TRASH/real.here" >"$TRASH/real.got" ||
		return
	git grep --cached -a '^oid sha256:' -- '*.bin' >"$TRASH/real.want"
	awk '
	FILENAME == ARGV[2] {
		at = index($0, ":oid sha256:")
		want[substr($0, 1, at - 1)] = substr($0, at + 12)
		next
	}
	{
		path = substr($0, 67)
		# The empty file is its own pointer.
		if (!(path in want))
			want[path] = empty
		if ($1 != want[path] && ++bad)
			print path " is not what the index says"
	}
	END { exit bad > 0 }
	' empty=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 \
		"$TRASH/real.want" "$TRASH/real.got" >&7 || return
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
