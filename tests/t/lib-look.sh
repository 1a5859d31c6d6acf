# SPDX-License-Identifier: MIT
#
# Sourced after lib-test.sh by tests that look at evidence. Records are
# written as notes by git itself, so that these tests see exactly what they
# wrote: the format is docs/format/records.md's.

# Content ids of an artifact: of the pointer at <rev>:<path> in repo.
oid_at () {
	git -C repo cat-file blob "$1" | sed -n 's/^oid //p'
}

# note <rev:path> <member>...: one record with these members, a second later
# than the one before. note_kind says of which kind; else evidence.
note () {
	note_blob=$(git -C repo rev-parse "$1") &&
	note_oid=$(oid_at "$1") &&
	note_nr=$((${note_nr:-0} + 1)) &&
	shift &&
	{
		git -C repo notes --ref=model show $note_blob 2>/dev/null
		printf '{"t":"2026-01-01T00:%02d:%02d.000Z","kind":"%s"' \
			$((note_nr / 60)) $((note_nr % 60)) ${note_kind:-evidence}
		printf ',"by":"A U Thor <author@example.com>"'
		printf ',"content":"%s","id":"%016x"' "$note_oid" $note_nr
		for note_member
		do
			printf ',%s' "$note_member"
		done
		printf '}\n'
	} >note.txt &&
	git -C repo notes --ref=model add -f -F ../note.txt $note_blob 2>/dev/null
}

# A fact of the JSON in a file, as perl sees it: json <file> <expression>
json () {
	perl -MJSON::PP -e 'local $/; open my $f, "<", $ARGV[0] or die;
		my $j = JSON::PP->new->decode(<$f>);
		my $v = eval $ARGV[1]; die $@ if $@;
		$v = "" unless defined $v;
		$v = JSON::PP->new->canonical->encode($v) if ref $v && ref $v ne
			"JSON::PP::Boolean";
		print "$v\n"' "$1" "$2"
}

# No byte of a file is anything that a terminal obeys.
is_safe () {
	! LC_ALL=C grep -n "$(printf '[\001-\010\013-\037\177]')" "$1" &&
	! grep -n "$(printf '\342\200\256')" "$1" &&
	! grep -n "$(printf '\302\233')" "$1"
}
