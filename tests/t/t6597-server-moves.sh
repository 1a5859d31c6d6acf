#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='a push is judged as a whole: what git would do only a part of is refused'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"

person alice bob mallory
SERVER="$TRASH/work/srv.git"
none=$(printf "%040d" 0)

# hook_says <lines on stdin>: what the server would say to them, with all
# objects of ours there, as any client may send them
hook_says () {
	cat >"$TRASH/tmp/in" && cd "$SERVER" &&
	git fetch -q --no-tags "$TRASH/work/work" $(cut -d " " -f 2 "$TRASH/tmp/in" | grep -v "^0*$") &&
	sh hooks/pre-receive <"$TRASH/tmp/in" >"$TRASH/tmp/said" 2>&1
	hook_status=$?
	cat "$TRASH/tmp/said" && cd "$TRASH/work/work" && return $hook_status
}

# locked: does a lock lie about in the server?
locked () {
	find "$SERVER" -name "*.lock" ! -path "*/model/*" | grep .
}

test_expect_success 'a team, and a version that is not good enough' '
	server srv.git && team work ../srv.git alice bob && new_version 3 v2.0.0 0.1 && share &&
	accepted refs/notes/model
'

test_expect_success 'notes that are not what the push says that they were: refused, and nothing is judged by them' '
	cd work && before=$(git rev-parse refs/notes/model) &&
	git model record fraud --metric auc=0.99 && notes=$(git rev-parse refs/notes/model) &&
	tag=$(as mallory git model promote fraud@v2.0.0 staging | sed -n "s/^\(fraud#.*\)/\1/p") &&
	oid=$(git rev-parse "refs/tags/$tag") &&
	for old in $notes $none HEAD
	do
		old=$(git rev-parse "$old") && test_expect_code 1 hook_says <<-END || return 1
		$old $notes refs/notes/model
		$none $oid refs/tags/$tag
		END
	done && test_grep "git could not do all of this" "$TRASH/tmp/said" &&
	hook_says <<-END && git tag -d "$tag" && git update-ref refs/notes/model $before
	$before $notes refs/notes/model
	$none $oid refs/tags/$tag
	END
'

test_expect_success 'so is a branch' '
	cd work && side=$(git commit-tree -p main -m side "main^{tree}") &&
	test_expect_code 1 hook_says <<-END && git push -q --no-verify origin main:refs/heads/other &&
	$side $side refs/heads/main
	END
	test_expect_code 1 hook_says <<-END && accepted :refs/heads/other
	$side $side refs/heads/other
	END
'

test_expect_success 'a version whose name git can make no file of: refused, and so is what it is promoted by' '
	cd work && new_version 4 v3.0.0 0.8 && share && tagged=$(git rev-parse refs/tags/fraud@v3.0.0) &&
	version=v4.0.0-$(printf "%0240d" 0 | tr 0 a) &&
	oid=$(git cat-file tag $tagged | sed "s/v3\.0\.0/$version/" |
		git hash-object -t tag -w --stdin) &&
	git pack-refs --all && { grep "^#" .git/packed-refs && { grep -v "^[#^]" .git/packed-refs &&
		echo "$oid refs/tags/fraud@$version"; } | LC_ALL=C sort -k 2; } >../packed &&
	sed "s/ fully-peeled//; s/ peeled//" ../packed >.git/packed-refs &&
	tag=$(as mallory git model promote "fraud@$version" staging | sed -n "s/^\(fraud#.*\)/\1/p") &&
	test -n "$tag" && refused "git could not do all of this" "refs/tags/fraud@$version" "refs/tags/$tag" &&
	git tag -d "$tag"
'

test_expect_success 'where a ref that is taken away stood in its place: one push after the other' '
	cd work && git --git-dir=$SERVER tag "fraud@v5.0.0/x" main && new_version 5 v5.0.0 0.8 &&
	{ share >../out 2>&1 || :; } &&
	refused "git could not do all of this" :refs/tags/fraud@v5.0.0/x fraud@v5.0.0 &&
	accepted :refs/tags/fraud@v5.0.0/x && accepted fraud@v5.0.0
'

test_expect_success 'a branch that becomes a folder of branches is none of it' '
	cd work && git push -q --no-verify origin main:refs/heads/topic &&
	accepted :refs/heads/topic main:refs/heads/topic/one
'

test_expect_success 'no hook of others sees a transaction that was only tried, and no lock stays' '
	cd work && printf "#!/bin/sh\necho \$1 >>\"$TRASH/tmp/seen\"\n" >$SERVER/hooks/reference-transaction &&
	chmod +x $SERVER/hooks/reference-transaction && git commit -q --allow-empty -m next &&
	accepted main && test_grep committed "$TRASH/tmp/seen" && test_grep ! aborted "$TRASH/tmp/seen" &&
	test_must_fail locked
'

test_expect_success 'a lock that somebody holds: refused, and taken when it is gone' '
	cd work && rm $SERVER/hooks/reference-transaction && tag=$(promoted v1.0.0 staging) && approved v1.0.0 &&
	: >$SERVER/refs/notes/model.lock && refused "git could not do all of this" refs/notes/model "$tag" &&
	rm $SERVER/refs/notes/model.lock && accepted refs/notes/model "$tag" && git model verify --all
'

test_done
