#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='versions and stages: register, deregister, which, history'
. ./lib-test.sh

# tag <name> [<revision> [<trailer>...]]: an annotated tag as others make it
tag () {
	name=$1 rev=${2:-HEAD} && shift && { test $# = 0 || shift; } &&
	{
		echo "made by hand"
		test $# = 0 || { echo; printf '%s\n' "$@"; }
	} | git tag -a --cleanup=verbatim -F - "$name" "$rev"
}

# says <expected> <command>...: exactly this on standard output
says () {
	printf '%s\n' "$1" >"$TRASH/tmp/expect" && shift &&
	"$@" >"$TRASH/tmp/actual" &&
	test_cmp "$TRASH/tmp/expect" "$TRASH/tmp/actual"
}

# refused <words> <command>...: fails, says so, and makes no tag
refused () {
	words=$1 && shift &&
	git for-each-ref refs/tags >"$TRASH/tmp/before" &&
	test_expect_code 128 "$@" 2>"$TRASH/tmp/err" &&
	test_grep "$words" "$TRASH/tmp/err" &&
	git for-each-ref refs/tags >"$TRASH/tmp/after" &&
	test_cmp "$TRASH/tmp/before" "$TRASH/tmp/after"
}

# The names of all events in the order of `history`, oldest first.
order () {
	git model history --by-counter --plain "$1" | cut -f 7 | tac | tr '\n' ' '
}

setup () {
	git init -q "$@" && for a; do :; done && cd "$a" &&
	git model install --local && git model track "*.bin" &&
	mkdir -p models .gitmodel &&
	printf '[artifact "%s"]\npath = %s\n' fraud models/fraud.bin \
		models/nn:small small.bin data data plain plain.txt \
		gone gone.bin >.gitmodel/config &&
	mv-test random 100K 1 >models/fraud.bin &&
	mv-test random 1000 2 >small.bin &&
	mkdir data && mv-test random 2000 3 >data/a.bin &&
	mv-test random 2000 4 >data/b.bin && echo text >plain.txt &&
	git add . && git commit -qm one
}

commit () {
	mv-test random 100K "$1" >models/fraud.bin && test_tick &&
	git commit -qam "version $1"
}

# -- register ---------------------------------------------------------------------

test_expect_success 'the first version is v0.0.1: an annotated tag that says what it is' '
	setup r && says fraud@v0.0.1 git model register fraud &&
	git cat-file tag fraud@v0.0.1 >../tag &&
	oid=$(sha256sum <models/fraud.bin | cut -c 1-64) &&
	cat >../expect <<-EOT &&
	Register fraud v0.0.1

	Model-Artifact: fraud
	Model-Version: v0.0.1
	Model-Path: models/fraud.bin
	Model-Content: sha256:$oid
	Model-Size: 102400
	EOT
	sed "1,/^\$/d" ../tag >../actual && test_cmp ../expect ../actual &&
	test_grep "^tagger C O Mitter" ../tag &&
	test "$(git rev-parse fraud@v0.0.1^{commit})" = $(git rev-parse HEAD)
'

test_expect_success 'a version is counted up, or said; how to share it is said, too' '
	cd r && commit 11 && says fraud@v0.0.2 git model register fraud &&
	commit 12 && says fraud@v0.1.0 git model register --bump minor fraud &&
	commit 13 && says fraud@v1.0.0 git model register fraud --bump=major &&
	commit 14 && says fraud@v1.2.0 git model register fraud @v1.2.0 2>../err &&
	test_grep "git push origin fraud@v1.2.0\$" ../err &&
	commit 15 && says fraud@v1.3.0-rc.1 git model register fraud@v1.3.0-rc.1 &&
	commit 16 && git model register --json fraud @v2.0.0 HEAD~1 --force >../out &&
	test_grep "\"tag\": \"fraud@v2.0.0\"" ../out &&
	test_grep "\"commit\": \"$(git rev-parse HEAD~1)\"" ../out
'

test_expect_success 'a message of ones own stands before the trailers' '
	cd r && git model register fraud @v2.0.1 -m "Better than ever.

	# not a comment

	Model-Version: v9.9.9
	" &&
	git for-each-ref --format="%(contents)" refs/tags/fraud@v2.0.1 >../out &&
	head -n 1 ../out >../first && echo "Better than ever." >../expect &&
	test_cmp ../expect ../first && test_grep "# not a comment" ../out &&
	git for-each-ref --format="%(trailers:key=Model-Version,valueonly)" \
		refs/tags/fraud@v2.0.1 >../out && test_grep "^v2.0.1\$" ../out &&
	test_grep ! v9.9.9 ../out &&
	says fraud@v2.0.1 git model which fraud@latest
'

test_expect_success 'what is refused, and what to do about it' '
	cd r && commit 17 &&
	refused "exists already" git model register fraud @v1.2.0 &&
	refused "v2.0.1.*already; what is new .* --force" git model register fraud @v5.0.0 HEAD~1 &&
	refused "not an artifact of .gitmodel/config" git model register other &&
	refused "gone.bin.*is not in.*commit it" git model register gone &&
	refused "git model add" git model register plain &&
	refused "not a version" git model register fraud @v5 &&
	refused "not a version" git model register fraud@1.0.0 &&
	refused "cannot be the name" git model register "a b" &&
	refused "is not a commit" git model register fraud @v5.0.0 nowhere &&
	test_expect_code 129 git model register 2>../err &&
	test_expect_code 129 git model register fraud @v1.2.3 --bump major 2>../err &&
	test_expect_code 129 git model register fraud --bump most 2>../err &&
	test_expect_code 129 git model register fraud @v5.0.0 HEAD more 2>../err
'

test_expect_success 'config is that of the commit, not that of the work tree' '
	cd r && printf "[artifact \"late\"]\npath = late.bin\n" >>.gitmodel/config &&
	mv-test random 100 9 >late.bin && git add late.bin &&
	refused "not an artifact.*commit" git model register late &&
	git commit -qam late && says late@v0.0.1 git model register late &&
	refused "not an artifact" git model register late @v0.0.2 HEAD~1
'

test_expect_success 'missing content is warned of; at the remote is not missing' '
	git clone -q --no-local r c && cd c && git model install --local &&
	rm -rf .git/model &&
	git model register fraud @v7.0.0 2>../err &&
	test_grep ! "neither here" ../err &&
	git remote remove origin &&
	git model register -f fraud @v7.0.1 2>../err &&
	test_grep "warning.*models/fraud.bin.*neither here nor at the remote" ../err
'

test_expect_success 'a folder, and a name with a folder' '
	cd r && says data@v0.0.1 git model register data &&
	says models/nn=small@v0.0.1 git model register models/nn:small 2>../err &&
	test_grep "git push origin models/nn=small@v0.0.1" ../err &&
	says models/nn:small@v0.0.1 git model which models/nn:small@v0.0.1 &&
	says models/nn:small@v0.0.1 git model which models/nn=small@latest &&
	says small.bin git model which --path models/nn:small@latest &&
	git model versions --plain models/nn:small >../out &&
	test_line_count = 1 ../out &&
	git model which --json data@latest >../out && test_grep "\"path\": \"data\"" ../out
'

test_expect_success 'many at once: each gets a version of its own' '
	setup race &&
	for i in 1 2 3 4 5 6
	do
		git model register -f fraud >../race.$i 2>../race.err.$i &
	done && wait &&
	cat ../race.[1-6] | sort >../actual &&
	for i in 1 2 3 4 5 6; do echo fraud@v0.0.$i; done >../expect &&
	test_cmp ../expect ../actual &&
	for i in 1 2 3 4; do git model deregister fraud@v0.0.$i & done >../out 2>../err &&
	wait && git model versions --plain | cut -f 2 >../actual &&
	printf "%s\n" v0.0.6 v0.0.5 >../expect && test_cmp ../expect ../actual
'

# -- deregister, deprecate ------------------------------------------------------------

test_expect_success 'a version is taken back, and its number is not used again' '
	setup back && git model register fraud @v1.0.0 && commit 2 &&
	git model register fraud @v1.0.1 &&
	says "fraud@v1.0.1!#1" git model deregister fraud@v1.0.1 2>../err &&
	test_grep "git push origin .fraud@v1.0.1!#1.\$" ../err &&
	test_expect_code 1 git model which fraud@v1.0.1 2>../err &&
	test_grep "taken back" ../err &&
	says fraud@v1.0.0 git model which fraud@latest &&
	refused "taken back; take another" git model register fraud @v1.0.1 &&
	refused "taken back" git model deregister fraud@v1.0.1 &&
	refused "not registered" git model deregister fraud@v4.0.0 &&
	says fraud@v1.0.2 git model register fraud
'

test_expect_success 'but not when it holds a stage' '
	cd back && tag "fraud#prod#2" fraud@v1.0.2 &&
	refused "holds the stage .prod." git model deregister fraud@v1.0.2 &&
	tag "fraud#prod#3" fraud@v1.0.0 &&
	says "fraud@v1.0.2!#4" git model deregister fraud@v1.0.2 &&
	says "fraud@v1.0.0!#5" git model deregister --force fraud@v1.0.0 &&
	test_expect_code 128 git model which "fraud#prod" 2>../err &&
	test_grep "not registered at its commit" ../err &&
	git model stages --plain >../out && test_grep "fraud	prod	-	" ../out
'

test_expect_success 'deprecated, and taken up again' '
	setup old && git model register fraud && says "fraud@deprecated#1" git model deprecate fraud &&
	refused "deprecated already" git model deprecate fraud &&
	refused "ever registered" git model deprecate data &&
	commit 2 && refused "deprecated.*--force" git model register fraud &&
	git model versions >../out 2>../err && test_grep "fraud.*v0.0.1" ../out &&
	test_grep "is deprecated" ../err &&
	says "fraud@v0.0.2#2" git model register --force fraud &&
	git model versions 2>../err && test_grep ! deprecated ../err &&
	tag fraud@deprecated && commit 3 &&
	refused "delete that tag" git model register --force fraud
'

# -- reading ------------------------------------------------------------------------------

test_expect_success 'two versions on one commit, and a stage there' '
	setup two && git model register fraud @v1.0.0 &&
	git model register --force fraud @v1.1.0 && commit 2 &&
	git model register fraud @v2.0.0 && tag "fraud#prod#1" HEAD~1 &&
	says fraud@v1.1.0 git model which "fraud#prod" &&
	tag "fraud#prod#2" HEAD~1 "Model-Version: v1.0.0" &&
	says fraud@v1.0.0 git model which "fraud#prod" &&
	git model versions --plain fraud | cut -f 2,3 >../actual &&
	printf "v2.0.0\t-\nv1.1.0\t-\nv1.0.0\tprod\n" >../expect &&
	test_cmp ../expect ../actual &&
	tag "fraud#prod#3" HEAD~1 "Model-Version: v2.0.0" &&
	test_expect_code 128 git model which "fraud#prod" 2>../err &&
	test_grep "v2.0.0, which is not registered at its commit" ../err
'

test_expect_success '"!" takes back, in stages, too' '
	setup bang && git model register fraud @v1.0.0 && tag "fraud#prod#1" &&
	says fraud@v1.0.0 git model which "fraud#prod" && tag "fraud#prod!#2" &&
	test_expect_code 1 git model which "fraud#prod" 2>../err &&
	test_grep "nothing of .fraud. holds the stage .prod." ../err &&
	git model stages --plain >../out && test_must_be_empty ../out &&
	test_expect_code 1 git model stages fraud 2>../err &&
	tag "fraud#prod#3" && says fraud@v1.0.0 git model which "fraud#prod" &&
	tag "fraud#simple" && tag "fraud#simple!" &&
	test_expect_code 1 git model which "fraud#simple"
'

test_expect_success 'the order is that of counters: dates of taggers change nothing' '
	setup dates && git model register fraud @v1.0.0 && commit 2 &&
	GIT_COMMITTER_DATE="1000000000 +0000" git model register fraud @v2.0.0 &&
	GIT_COMMITTER_DATE="4000000000 +0000" tag "fraud#prod#1" fraud@v1.0.0 &&
	GIT_COMMITTER_DATE="100000001 +0000" tag "fraud#prod#2" fraud@v2.0.0 &&
	says fraud@v2.0.0 git model which "fraud#prod" &&
	test "$(order fraud)" = "fraud@v1.0.0 fraud#prod#1 fraud@v2.0.0 fraud#prod#2 " &&
	for name in fraud#prod fraud#prod#0 fraud#prod#01
	do
		GIT_COMMITTER_DATE="4000000000 +0000" tag $name fraud@v1.0.0 || return 1
	done &&
	says fraud@v2.0.0 git model which "fraud#prod" &&
	test "$(order fraud)" = "fraud@v1.0.0 fraud#prod fraud#prod#0 fraud#prod#01 fraud#prod#1 fraud@v2.0.0 fraud#prod#2 " &&
	tag fraud#prod#99999999999999999999 fraud@v1.0.0 &&
	test_expect_code 128 git model which "fraud#prod"
'

test_expect_success 'columns and JSON of history are those of GTO' '
	cd two && git model history fraud >../out && head -n 1 ../out >../actual &&
	test_grep "^Date  *Time  *Artifact  *Event  *Version  *Stage  *Commit  *Ref\$" ../actual &&
	test_grep "^2023-11-14  22:..:20  fraud  *assignment  *v1.0.0  *prod  *$(git rev-parse HEAD~1 | cut -c 1-7)  *fraud#prod#2\$" ../out &&
	git model history --json fraud >../out &&
	for key in timestamp artifact event priority version stage commit ref author author_email message
	do
		test_grep "\"$key\": " ../out || return 1
	done &&
	test_expect_code 1 git model history nobody 2>../err
'

test_expect_success 'lightweight tags and tags of blobs are left out, with a note' '
	setup light && git model register fraud @v1.0.0 && git tag fraud@v2.0.0 &&
	git tag "fraud#prod#5" && git tag v1.0.0 &&
	tag fraud@v3.0.0 "$(git rev-parse HEAD:plain.txt)" &&
	git model versions >../out 2>../err && test_line_count = 2 ../out &&
	test_grep "^3 tags are left out: only annotated" ../err &&
	test_expect_code 128 git model which "fraud#prod" &&
	commit 2 && refused "exists" git model register fraud @v2.0.0 &&
	test_expect_code 128 git model deregister fraud@v1.0.0 2>../err && test_grep "fraud#prod#5. is no annotated" ../err &&
	says "fraud@v1.0.0!#6" git model deregister --force fraud@v1.0.0
'

test_expect_success 'a good tag object under another name is not believed' '
	setup forged && git model register fraud @v1.0.0 && commit 2 &&
	git model register fraud @v2.0.0 && tag "fraud#staging#1" fraud@v1.0.0 &&
	tag "fraud#production#2" fraud@v2.0.0 &&
	git update-ref "refs/tags/fraud#production#9" "$(git rev-parse "fraud#staging#1")" &&
	test_expect_code 128 git model which "fraud#production" 2>../err &&
	test_grep "not believed.*another name" ../err &&
	git model stages --plain >../out 2>../err &&
	test_grep "fraud	production	-	" ../out && test_grep "fraud#production#9.*another name" ../err &&
	git model stages --json >../out 2>../err && test_grep "\"problem\": " ../out &&
	refused "not believed" git model checkout "fraud#production" &&
	refused "not believed" git model show "fraud#production"
'

test_expect_success 'trailers that cannot be read, or that the commit contradicts' '
	cd forged && tag "fraud#qa#10" fraud@v1.0.0 "Model-Version: v1.0.0" "Model-Version: v2.0.0" &&
	test_expect_code 128 git model which "fraud#qa" 2>../err && test_grep "malformed" ../err &&
	tag "fraud#qa#11" fraud@v1.0.0 "Model-Content: sha256:$(git model which --oid fraud@v2.0.0)" &&
	says fraud@v1.0.0 git model which "fraud#qa" &&
	test_expect_code 128 git model which --oid "fraud#qa" 2>../err && test_grep "says that the content is" ../err &&
	refused "says that the content is" git model checkout "fraud#qa"
'

test_expect_success 'which: each of its answers' '
	cd two && says "$(git rev-parse HEAD)" git model which --commit fraud@v2.0.0 &&
	says models/fraud.bin git model which --path fraud@v2.0.0 &&
	says "$(sha256sum <models/fraud.bin | cut -c 1-64)" git model which --oid fraud@latest &&
	git model cat "$(git model which --oid fraud@v2.0.0)" | cmp - models/fraud.bin &&
	git model which --json fraud@v2.0.0 >../out && test_grep "\"stage\": null" ../out &&
	test_grep "\"size\": 102400" ../out &&
	test_expect_code 128 git model which fraud 2>../err &&
	test_expect_code 1 git model which nobody@latest 2>../err &&
	test_expect_code 129 git model which 2>../err &&
	test_expect_code 129 git model which --oid --path fraud@latest 2>../err
'

test_expect_success 'a version older than .gitmodel/config is found by that of the work tree' '
	git init -q older && cd older && git model install --local && git model track "*.bin" &&
	mv-test random 1000 1 >m.bin && git add . && git commit -qm one && tag m@v1.0.0 &&
	test_expect_code 128 git model which --oid m@v1.0.0 2>../err && test_grep "says where it is" ../err &&
	mkdir .gitmodel && printf "[artifact \"m\"]\npath = m.bin\n" >.gitmodel/config &&
	says "$(sha256sum <m.bin | cut -c 1-64)" git model which --oid m@v1.0.0
'

test_expect_success 'in a bare repository, and one of SHA-256' '
	git clone -q --bare two bare.git && cd bare.git &&
	git model versions --json >../out && test_grep "v1.1.0" ../out &&
	says models/fraud.bin git model which --path fraud@v2.0.0 &&
	cd .. && setup --object-format=sha256 wide && git model register fraud &&
	says fraud@v0.0.1 git model which fraud@latest &&
	git model checkout fraud@v0.0.1
'

# -- into the work tree ---------------------------------------------------------------------

test_expect_success 'checkout of a version: these files, the index as git checkout has it' '
	setup co && cp models/fraud.bin ../v1.bin && git model register fraud @v1.0.0 &&
	tag "fraud#prod#1" && commit 2 && cp models/fraud.bin ../v2.bin &&
	git model register fraud @v2.0.0 && cp -r . ../co.git &&
	git model checkout fraud@v1.0.0 >../out && test_grep "1 file written" ../out &&
	cmp models/fraud.bin ../v1.bin && git status --porcelain >../actual &&
	echo "M  models/fraud.bin" >../expect && test_cmp ../expect ../actual &&
	git ls-files -s >../index &&
	(cd ../co.git && git checkout -q fraud@v1.0.0 -- models/fraud.bin && git ls-files -s) >../expect &&
	test_cmp ../expect ../index &&
	git model checkout fraud@v2.0.0 && cmp models/fraud.bin ../v2.bin &&
	git status --porcelain >../out && test_must_be_empty ../out &&
	git model checkout "fraud#prod" && cmp models/fraud.bin ../v1.bin &&
	git model checkout fraud@latest && cmp models/fraud.bin ../v2.bin
'

test_expect_success 'a stage of everything that has it' '
	cd co && cp small.bin ../small1.bin && git model register models/nn:small @v1.0.0 &&
	tag "models/nn=small#prod#1" && mv-test random 1000 77 >small.bin &&
	git commit -qam small && git model checkout --json --stage prod >../out &&
	test_grep "\"files\": 2" ../out &&
	cmp small.bin ../small1.bin && cmp models/fraud.bin ../v1.bin &&
	git reset -q --hard && test_expect_code 128 git model checkout --stage nope 2>../err &&
	test_grep "no artifact.*holds the stage" ../err &&
	test_expect_code 129 git model checkout --stage prod small.bin 2>../err &&
	test_expect_code 129 git model checkout fraud@v1.0.0 small.bin 2>../err &&
	refused "both about" git model checkout fraud@v1.0.0 fraud@v2.0.0
'

test_expect_success 'changes that git does not have are not overwritten' '
	cd co && echo mine >models/fraud.bin &&
	refused "not staged; --force" git model checkout fraud@v1.0.0 &&
	cp small.bin ../small2.bin && refused "not staged" git model checkout --stage prod &&
	cmp small.bin ../small2.bin && test "$(cat models/fraud.bin)" = mine &&
	git add models/fraud.bin && refused "never committed" git model checkout fraud@v1.0.0 &&
	echo mine >../expect && test_cmp ../expect models/fraud.bin &&
	git model checkout --force fraud@v1.0.0 && cmp models/fraud.bin ../v1.bin &&
	git rm -q --cached models/fraud.bin &&
	refused "not tracked" git model checkout fraud@v2.0.0 && cmp models/fraud.bin ../v1.bin &&
	git model checkout -f fraud@v2.0.0 && cmp models/fraud.bin ../v2.bin &&
	rm models/fraud.bin && git model checkout fraud@v1.0.0 && cmp models/fraud.bin ../v1.bin &&
	git reset -q --hard
'

test_expect_success 'a folder: what the version does not have is left, and said' '
	cd co && git model register data @v1.0.0 && mv-test random 2000 40 >data/a.bin &&
	mv-test random 100 41 >data/new.bin && git add . && git commit -qm data &&
	git model checkout data@v1.0.0 >../out 2>../err &&
	test_grep "2 files written" ../out && test_grep "1 file in .data. not of that version" ../err &&
	mv-test random 2000 3 | cmp - data/a.bin && test_path_is_file data/new.bin && git reset -q --hard
'

test_expect_success 'a clone fetches what it needs; without it, nothing is touched' '
	rm -rf cl && git clone -q --no-local co cl && cd cl && git model install --local &&
	git reset -q --hard && rm -rf .git/model &&
	git model checkout "fraud#prod" && cmp models/fraud.bin ../v1.bin &&
	rm -rf .git/model && git remote remove origin && git status --porcelain >../expect &&
	refused "neither here nor at the remote" git model checkout fraud@v2.0.0 &&
	cmp models/fraud.bin ../v1.bin && git status --porcelain >../actual && test_cmp ../expect ../actual
'

test_expect_success 'files that look like versions are files' '
	cd co && mv-test random 100 50 >fraud@v1.0.0.bin && mv-test random 100 51 >fraud@v2.0.0 &&
	git model track "fraud@*" && git add . && git commit -qm names &&
	git model checkout fraud@v2.0.0 >../out && test_grep "nothing to write" ../out &&
	test_expect_code 128 git model checkout -- fraud@v1.0.0 2>../err && test_grep "did not match" ../err
'

test_expect_success 'from a folder below, and without the filter' '
	cd co/models && git model checkout fraud@v1.0.0 && cmp fraud.bin ../../v1.bin && cd .. &&
	git model uninstall --local && git reset -q --hard && cd models &&
	git model checkout fraud@v1.0.0 && cmp fraud.bin ../../v1.bin
'

# -- signed, many -------------------------------------------------------------------------------

if command -v ssh-keygen >/dev/null
then
	test_expect_success 'tags are signed when asked, and where tag.gpgSign says so' '
		setup signed && ssh-keygen -q -t ed25519 -N "" -f ../key &&
		git config gpg.format ssh && git config user.signingkey "$TRASH/work/key.pub" &&
		echo "committer@example.com $(cat ../key.pub)" >../signers &&
		git config gpg.ssh.allowedSignersFile "$TRASH/work/signers" &&
		git model register --sign fraud @v1.0.0 && git tag -v fraud@v1.0.0 2>../err &&
		test_grep "Good" ../err && says fraud@v1.0.0 git model which fraud@latest &&
		git config tag.gpgSign true && git model deregister fraud@v1.0.0 &&
		git tag -v "fraud@v1.0.0!#1" && commit 2 &&
		git config user.signingkey /nowhere.pub &&
		refused "cannot make tag" git model register fraud @v2.0.0
	'
else
	test_skip 'tags are signed when asked' 'no ssh-keygen'
fi

test_expect_success 'a thousand versions and as many assignments (in the soak 4,000)' '
	n=$(test_few 1000 4000) && last=v0.$((n - 1)).0 && setup many && head=$(git rev-parse HEAD) &&
	i=0 && while test $i -lt $n
	do
		printf "tag fraud@v0.%d.0\nfrom %s\ntagger A <a@b> %d +0000\ndata 0\n" \
			$i $head $((4000000000 - i)) &&
		printf "tag fraud#prod#%d\nfrom %s\ntagger A <a@b> %d +0000\ndata <<E\ns\n\nModel-Version: v0.%d.0\nE\n" \
			$((i + 1)) $head $((4000000000 - i)) $i || return 1
		i=$((i + 1))
	done >../stream && git fast-import --quiet <../stream &&
	says fraud@$last git model which "fraud#prod" &&
	says fraud@$last git model which fraud@latest &&
	git model versions --plain fraud >../out && test_line_count = $n ../out &&
	head -n 1 ../out | cut -f 2,3 >../actual && printf "$last\tprod\n" >../expect &&
	test_cmp ../expect ../actual &&
	git model history --plain >../out && test_line_count = $((2 * n)) ../out &&
	head -n 1 ../out | cut -f 4,7 >../actual &&
	printf "v0.0.0\tfraud#prod#1\n" >../expect &&
	test_cmp ../expect ../actual &&
	git model history --by-counter --plain | head -n 2 | cut -f 4,7 >../actual &&
	printf "$last\tfraud#prod#$n\nv0.$((n - 2)).0\tfraud#prod#$((n - 1))\n" >../expect &&
	test_cmp ../expect ../actual
'

test_done
