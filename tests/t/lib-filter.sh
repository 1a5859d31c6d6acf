# SPDX-License-Identifier: MIT
#
# Sourced after lib-test.sh by tests of the filter and of the work tree.

git config --global filter.model.process "git-model filter-process" &&
git config --global filter.model.required true || exit 1

# filter_log <command>...: run it; `requests` gets one line for each request
# that git made to our filter: "clean <path>" or "smudge <path>".
filter_log () {
	rm -f "$TRASH/trace"
	GIT_TRACE_PACKET="$TRASH/trace" "$@" || return
	touch "$TRASH/trace"
	sed -n -e 's/.*packet: *git> command=\(.*\)$/\1/p' \
		-e 's/.*packet: *git> pathname=\(.*\)$/\1/p' "$TRASH/trace" |
	paste -d ' ' - - >"$TRASH/requests"
}

# The work tree holds the bytes that the index's pointers stand for, git sees
# no change, without asking us about a file of 1 MiB or more, and nothing of
# ours lies about.
work_tree_is_real () {
	git diff --quiet || {
		echo "git diff sees changes" >&7
		return 1
	}
	filter_log git status --porcelain --untracked-files=no >"$TRASH/status" &&
	test_must_be_empty "$TRASH/status" || return
	while read -r real_what real_path
	do
		test $(stat -c %s "$real_path") -lt 1048576 || {
			echo "git asked: $real_what $real_path" >&7
			return 1
		}
	done <"$TRASH/requests"
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
