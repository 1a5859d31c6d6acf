#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='what the hooks do: upload before a push, look before a
commit'

. ./lib-test.sh

zero=0000000000000000000000000000000000000000

test_expect_success 'set up' '
	git init -q --bare origin.git &&
	git init -q repo &&
	git -C repo remote add origin ../origin.git &&
	(cd repo && git model install && git model track "*.bin") &&
	mv-test random 3M 1 >repo/a.bin &&
	mv-test random 40000 2 >repo/b.bin &&
	git -C repo add . &&
	git -C repo commit -q -m one
'

test_expect_success 'a push uploads first and says so in one line' '
	git -C repo push -q origin main 2>err &&
	test_grep "^git-model: uploaded 2 contents, 3.0 MiB new$" err &&
	test_line_count = 1 err &&
	git clone -q origin.git clone &&
	cmp repo/a.bin clone/a.bin &&
	cmp repo/b.bin clone/b.bin
'

test_expect_success 'a clone in which nobody ran install uploads, too' '
	test -x clone/.git/hooks/pre-push &&
	git init -q --bare from-clone.git &&
	git -C clone push -q ../from-clone.git main 2>err &&
	test_grep "uploaded 2 contents" err &&
	git clone -q -c model.hooks=false origin.git unhooked &&
	test_path_is_missing unhooked/.git/hooks/pre-push &&
	git init -q added &&
	(cd added && git model track "*.bin" && cp ../repo/b.bin . &&
		git model add -n . && test_path_is_missing .git/hooks/pre-push &&
		git model add . && test -x .git/hooks/pre-push) &&
	printf "#!/bin/sh\n" >hook && chmod +x hook &&
	git init -q kept && cp hook kept/.git/hooks/pre-push &&
	(cd kept && git model track "*.bin" && cp ../repo/b.bin . &&
		git add b.bin) &&
	cmp hook kept/.git/hooks/pre-push
'

test_expect_success 'nothing new: not a word' '
	echo text >repo/text &&
	git -C repo add text &&
	git -C repo commit -q -m text &&
	git -C repo push -q origin main 2>err &&
	test_must_be_empty err
'

test_expect_success 'content comes before the ref: a refused push leaves it' '
	mv-test random 50000 3 >repo/b.bin &&
	git -C repo commit -q -a -m three &&
	echo "exit 1" >origin.git/hooks/pre-receive &&
	chmod +x origin.git/hooks/pre-receive &&
	test_must_fail git -C repo push -q origin main 2>err &&
	rm origin.git/hooks/pre-receive &&
	test_grep "uploaded 1 content" err &&
	git -C repo push -q origin main 2>err &&
	test_must_be_empty err &&
	git -C clone pull -q &&
	cmp repo/b.bin clone/b.bin
'

test_expect_success 'what refs say of the remote is not believed' '
	git -C repo rev-parse main >head &&
	git -C repo update-ref refs/remotes/origin/other main &&
	mv origin.git/model model-away &&
	test_when_finished "rm -rf origin.git/model;
		mv model-away origin.git/model" &&
	(cd repo && echo "refs/heads/new $(cat ../head) refs/heads/new $zero" |
		git-model hook pre-push origin ../origin.git) 2>err &&
	test_grep "uploaded 3 contents" err &&
	test_path_is_dir origin.git/model
'

test_expect_success 'a remote oid that nobody here knows is no obstacle' '
	unknown=1111111111111111111111111111111111111111 &&
	(cd repo && echo "refs/heads/x $(cat ../head) refs/heads/x $unknown" |
		git-model hook pre-push origin ../origin.git >../out) &&
	test_must_be_empty out
'

test_expect_success 'deletions need nothing' '
	git -C repo push -q origin main:gone &&
	git -C repo remote set-url origin ssh://nowhere.invalid/x &&
	test_when_finished "git -C repo remote set-url origin ../origin.git" &&
	(cd repo && echo "(delete) $zero refs/heads/gone $(cat ../head)" |
		git-model hook pre-push origin ../origin.git) &&
	git -C repo remote set-url origin ../origin.git &&
	git -C repo push -q origin :gone
'

test_expect_success 'a push to a path without a name' '
	git init -q --bare second.git &&
	git -C repo push -q ../second.git main 2>err &&
	test_grep "uploaded 3 contents" err &&
	git clone -q second.git second &&
	cmp repo/a.bin second/a.bin
'

test_expect_success 'several refs, tags and new branches at once' '
	git init -q --bare many.git &&
	git -C repo switch -q -c side HEAD~1 &&
	mv-test random 60000 4 >repo/b.bin &&
	git -C repo commit -q -a -m side &&
	git -C repo tag -a -m tag v1 &&
	git -C repo switch -q main &&
	git -C repo push -q ../many.git main side v1 2>err &&
	test_grep "uploaded 4 contents" err
'

test_expect_success 'no place for the content: refused, with two ways on' '
	git init -q --bare plain.git &&
	mv-test random 70000 5 >repo/b.bin &&
	git -C repo commit -q -a -m five &&
	git -C repo rev-parse HEAD >head &&
	(cd repo && echo "refs/heads/main $(cat ../head) refs/heads/main $zero" |
		test_expect_code 1 git-model hook pre-push host:x host:x \
			2>../err) &&
	test_grep "so nothing is pushed" err &&
	test_grep "git model remote add" err &&
	test_grep "git push --no-verify" err
'

test_expect_success 'missing content: refused, and how to go on' '
	mv-test random 80000 6 >repo/b.bin &&
	git -C repo commit -q -a -m six &&
	cp -R repo/.git/model saved &&
	rm -rf repo/.git/model &&
	test_when_finished "rm -rf repo/.git/model;
		mv saved repo/.git/model" &&
	test_must_fail git -C repo push -q origin main 2>err &&
	test_grep "neither here nor at the remote" err &&
	test_grep "git model fetch" err &&
	test_grep "allowIncompletePush" err &&
	test "$(git -C origin.git rev-parse main)" != \
		"$(git -C repo rev-parse main)" &&
	git -C repo -c model.allowIncompletePush=true push -q origin main
'

test_expect_success 'nonsense on standard input stops the push' '
	(cd repo && echo "what is this" |
		test_expect_code 1 git-model hook pre-push origin x 2>../err) &&
	test_grep "is not what git says" err &&
	(cd repo && echo "refs/heads/x --all refs/heads/x $zero" |
		test_expect_code 1 git-model hook pre-push origin x)
'

test_expect_success 'a push made by the chained hook uploads, too' '
	git init -q --bare inner.git &&
	git init -q --bare outer.git &&
	git init -q nest &&
	cp repo/.gitattributes nest &&
	cat >nest/.git/hooks/pre-push <<-\EOS &&
	#!/bin/sh
	case "$2" in
	*inner.git) exit 0 ;;
	esac
	git push -q ../inner.git main
	EOS
	chmod +x nest/.git/hooks/pre-push &&
	(cd nest && git model install) &&
	mv-test random 90000 7 >nest/b.bin &&
	git -C nest add . &&
	git -C nest commit -q -m nest &&
	git -C nest push -q ../outer.git main 2>err &&
	test_grep "uploaded" err &&
	test_path_is_dir inner.git/model &&
	test_path_is_dir outer.git/model
'

test_expect_success 'an event that we do nothing at is a usage error' '
	(cd repo && test_expect_code 129 git-model hook post-nothing 2>../err) &&
	test_grep "does nothing at" err &&
	test_expect_code 129 git-model hook
'

# -- pre-commit --

test_expect_success 'a commit of pointers passes' '
	mv-test random 50000 8 >repo/b.bin &&
	git -C repo add b.bin &&
	git -C repo commit -q -m eight 2>err &&
	test_must_be_empty err
'

test_expect_success 'bytes staged before the file was tracked: refused' '
	mv-test random 30000 9 >repo/late.dat &&
	mv-test random 100 10 >repo/"a \"small\" one.dat" &&
	git -C repo add . &&
	echo "*.dat filter=model -text" >>repo/.gitattributes &&
	git -C repo add .gitattributes &&
	test_must_fail git -C repo commit -q -m raw 2>err &&
	test_grep "late.dat.*bytes themselves" err &&
	test_grep "small.*bytes themselves" err &&
	test_grep "git model add" err
'

test_expect_success 'what it says to do mends it' '
	(cd repo && git model add late.dat *one.dat && git commit -q -m mended) &&
	git -C repo cat-file -p HEAD:late.dat >actual &&
	test_grep "^git-model/1" actual
'

test_expect_success 'a pointer with conflict markers is refused' '
	{
		echo "<<<<<<< ours" &&
		git -C repo cat-file -p HEAD:late.dat &&
		echo "=======" &&
		git -C repo cat-file -p HEAD:b.bin &&
		echo ">>>>>>> theirs"
	} >marked &&
	blob=$(git -C repo hash-object -w --no-filters ../marked) &&
	git -C repo update-index --cacheinfo 100644,$blob,late.dat &&
	test_must_fail git -C repo commit -q -m marked 2>err &&
	test_grep "late.dat.*broken pointer" err &&
	git -C repo reset -q --hard
'

# One side's oid and the other's size: a merge that somebody did by hand.
test_expect_success 'a pointer whose size is that of another content is refused' '
	git -C repo cat-file -p HEAD:late.dat >actual &&
	size=$(sed -n "s/^size //p" actual) &&
	sed "s/^size .*/size $((size + 1))/" actual >halves &&
	blob=$(git -C repo hash-object -w --no-filters ../halves) &&
	git -C repo update-index --cacheinfo 100644,$blob,late.dat &&
	test_must_fail git -C repo commit -q -m halves 2>err &&
	test_grep "late.dat.*its size is not that of the content" err &&
	mv repo/.git/model away && test_when_finished "mv away repo/.git/model" &&
	test_must_fail git -C repo commit -q -m halves 2>err &&
	test_grep "late.dat.*its size is not that of the content" err &&
	sed "s/^oid sha256:..../oid sha256:0000/" actual >elsewhere &&
	blob=$(git -C repo hash-object -w --no-filters ../elsewhere) &&
	git -C repo update-index --cacheinfo 100644,$blob,late.dat &&
	git -C repo commit -q -m "content that is not here" &&
	rm -rf repo/.git/model && git -C repo reset -q --hard HEAD~1
'

test_expect_success 'what a merge put there does not slip in' '
	mv-test random 30000 11 >repo/b.bin.theirs &&
	mv-test random 30000 11 >repo/b.bin.theirs.2 &&
	git -C repo add b.bin.theirs.2 &&
	test_must_fail git -C repo commit -q -m left 2>err &&
	test_grep "b.bin.theirs.2.*put there by a merge" err &&
	git -C repo rm -q -f --cached b.bin.theirs.2 && rm repo/b.bin.theirs.2 &&
	mv-test random 30000 12 >repo/text.theirs &&
	git -C repo add b.bin.theirs text.theirs &&
	test_must_fail git -C repo commit -q -m left 2>err &&
	test_grep "b.bin.theirs.*put there by a merge" err &&
	test_grep ! "text.theirs" err &&
	git -C repo rm -q --cached b.bin.theirs &&
	git -C repo commit -q -m other
'

test_expect_success 'the first commit, deletions, an empty file' '
	git init -q young &&
	echo "*.bin filter=model" >young/.gitattributes &&
	(cd young && git model install --local) &&
	: >young/empty.bin &&
	mv-test random 2000 13 >young/x.bin &&
	git -C young add . &&
	git -C young commit -q -m first 2>err &&
	test_must_be_empty err &&
	git -C young rm -q x.bin &&
	git -C young commit -q -m second 2>err &&
	test_must_be_empty err
'

test_done
