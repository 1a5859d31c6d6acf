#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='a stage event says everything that proves it, and no later push changes what it meant'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"
. "$TEST_DIR/lib-server.sh"

person alice bob
SERVER="$TRASH/work/srv.git"

# holds: a clone of the server, with all that is there, finds nothing
holds () {
	rm -rf "$TRASH/clone" && git clone -q "$SERVER" "$TRASH/clone" &&
	(cd "$TRASH/clone" && git model install --local >/dev/null && git model fetch >/dev/null 2>&1 &&
	 git model verify >../tmp/verify 2>&1 || { cat ../tmp/verify; exit 1; }) &&
	test_grep "all of them hold" "$TRASH/tmp/verify"
}

# next_number: of the next event
next_number () {
	echo $(($(git tag -l | sed -n "s/.*#\([0-9]*\)$/\1/p" | sort -n | tail -n 1) + 1))
}

# changed <words> <sed script>: the tag as it would be; the server says no, and why
changed () {
	changed_tag=$(sed "$2" "$TRASH/tmp/good" | git hash-object -t tag -w --stdin --literally) &&
	test "$changed_tag" != "$(git rev-parse "$GOOD")" &&
	refused "$1" "$changed_tag:refs/tags/$GOOD"
}

test_expect_success 'a promotion and a demotion that nobody has seen yet' '
	server srv.git && team work ../srv.git alice bob &&
	sed -i "s/^promoter = leads/require-stage = dev/" .gitmodel/policy && git commit -qam "by way of dev" &&
	as bob git model approve --policy HEAD >/dev/null && git model push origin >/dev/null 2>&1 &&
	git push -q origin main &&
	git tag -a -m "as GTO does it" "fraud#dev#1" "fraud@v1.0.0^{}" && accepted "fraud#dev#1" &&
	approved v1.0.0 && git model push origin >/dev/null 2>&1 &&
	git model promote fraud@v1.0.0 staging && GOOD="fraud#staging#2" && git cat-file tag "$GOOD" >"$TRASH/tmp/good"
'

for key in Artifact Version Stage Path Content Size Records Policy Policy-Commit Verdict
do
	test_expect_success "Model-$key is there, as it is" '
		cd work && changed "$GOOD.*does not say Model-$key, " "/^Model-$key: /d" &&
		changed "$GOOD" "s/^\(Model-$key\): .*/\1: otherwise/"
	'
done

test_expect_success 'twice, empty, with a small letter, or going on in a second line is not there' '
	cd work && changed malformed "s/^\(Model-Version\): .*/&\n\1: v1.0.0/" &&
	changed malformed "s/^\(Model-Verdict\): .*/\1: /" && changed malformed "s/^Model-Size: .*/&\n 000/" &&
	changed "does not say Model-Version, " "s/^Model-Version: /model-version: /"
'

test_expect_success 'the two that say nothing by being absent are not false either' '
	cd work && changed "$GOOD" "s/^\(Model-Notes\): .*/\1: $(printf %040d 7)/" &&
	changed "$GOOD" "s/^Model-Version: .*/&\nModel-From: v9.0.0/" &&
	changed "does not say" "s/^Model-Artifact: /And then: it was done.\n&/"
'

test_expect_success 'a verdict without its digest is half of one' '
	cd work && changed "$GOOD.*Model-Verdict" "s/^\(Model-Verdict: yes\) .*/\1/" &&
	changed "$GOOD.*Model-Verdict" "s/^\(Model-Verdict: yes sha256:\)..../\1XYZ/" &&
	changed "$GOOD.*Model-Verdict" "s/^\(Model-Verdict: yes .*\)/\1 and more/"
'

test_expect_success 'what is whole is taken, so is what takes it back; and that must be whole, too' '
	cd work && accepted "$GOOD" && holds && git model demote fraud staging && GOOD="fraud#staging!#3" &&
	git cat-file tag "$GOOD" >"$TRASH/tmp/good" && changed "does not say.*Model-Version" "/^Model-Version: /d" &&
	changed "does not say.*Model-Content" "/^Model-Content: /d" && accepted "$GOOD" && holds
'

test_expect_success 'a greater version at the commit of a promotion does not hold the stage' '
	cd work && as alice git model promote fraud@v1.0.0 production && accepted "fraud#production#4" && holds &&
	git commit -q --allow-empty -m later && git push -q origin main &&
	git model register fraud @v2.0.0 >/dev/null 2>&1 && accepted fraud@v2.0.0 &&
	git tag -a -m "as GTO does it" "fraud#dev#5" HEAD && accepted "fraud#dev#5" && approved v2.0.0 &&
	git model push origin >/dev/null 2>&1 && as alice git model promote fraud@v2.0.0 production && accepted "fraud#production#6" &&
	holds && git -C ../../clone model which "fraud#production" >../out && test_grep "v2.0.0" ../out
'

test_expect_success 'a version that would change what an earlier assignment without one meant is not taken' '
	cd work && git tag -a -m "me, too" fraud@v9.9.9 "fraud#production#4^{}" &&
	refused "fraud@v9.9.9.*fraud#dev#1.*does not say which version" fraud@v9.9.9 &&
	git tag -a -m "me, too" "fraud@v9.9.9#7" "fraud#production#4^{}" &&
	refused "fraud#dev#1" "fraud@v9.9.9#7" && holds &&
	git tag -d fraud@v9.9.9 "fraud@v9.9.9#7" && git model promote --new-stage fraud@v2.0.0 other && accepted "fraud#other#7" &&
	git commit -q --allow-empty -m more && git push -q origin main && git model register fraud @v2.1.0 >/dev/null 2>&1 &&
	accepted fraud@v2.1.0 && holds
'

test_expect_success 'a version that was taken back does not come again without a number' '
	cd work && git commit -q --allow-empty -m again && git push -q origin main &&
	git tag -a -m again "fraud@v3.0.0#8" HEAD && accepted "fraud@v3.0.0#8" &&
	git model promote fraud@v3.0.0 staging && git model demote fraud staging && accepted "fraud#staging#9" "fraud#staging!#10" &&
	git tag -a -m "no more" "fraud@v3.0.0!#11" HEAD && accepted "fraud@v3.0.0!#11" && holds &&
	git tag -a -m "elsewhere" fraud@v3.0.0 "fraud@v2.1.0^{}" && refused "fraud@v3.0.0 needs a counter" fraud@v3.0.0 && holds &&
	git tag -a -m "elsewhere" "fraud@v3.0.0#12" "fraud@v2.1.0^{}" && accepted "fraud@v3.0.0#12" && holds
'

test_done
