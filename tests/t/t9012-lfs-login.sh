#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='An LFS server that wants to know who asks, and ssh beside it.
There is no git-lfs on PATH.'
. ./lib-test.sh

if ! python3 -c "import http.server" 2>/dev/null
then
	skip_all='python3 IS MISSING, nothing of LFS servers was tested: make deps'
	test_done
fi

objects="$TRASH/work/objects"
mkdir -p "$objects" "$TRASH/bin" && mkfifo "$TRASH/stop" || exit 1
python3 "$TEST_DIR/../helper/lfs-server.py" "$objects" \
	<"$TRASH/stop" >"$TRASH/port" &
exec 8>"$TRASH/stop"
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
do
	test -s "$TRASH/port" && break
	sleep 0.2
done
url="http://127.0.0.1:$(cat "$TRASH/port")/repo.git/info/lfs"
for tool in git sh cat sed dirname env printf
do
	ln -s "$(command -v $tool)" "$TRASH/bin/$tool" || exit 1
done
without_lfs () {
	PATH="$B:$TRASH/bin" "$@"
}
echo "Basic $(printf ann:secret | base64)" >"$objects/login"
cat >"$TRASH/bin/helper" <<EOD
#!/bin/sh
echo "\$1" >>"$TRASH/asked"
sed "s/^/\$1 /" >>"$TRASH/asked"
test "\$1" != get || printf 'username=ann\npassword=%s\n' "\$(cat "$TRASH/word")"
EOD
chmod +x "$TRASH/bin/helper" && echo secret >"$TRASH/word" || exit 1
git config --global credential.helper "$TRASH/bin/helper"
git model install --lfs --skip-repo >/dev/null || exit 1

test_expect_success 'git is asked for a login, once, and told that it was good' '
	git init -q --bare origin.git && git init -q made && cd made &&
	git config lfs.url "$url" &&
	echo "*.bin filter=lfs diff=lfs merge=lfs -text" >.gitattributes &&
	for i in 1 2 3 4 5
	do
		mv-test random 3000 $i >$i.bin || return 1
	done &&
	git add . && git commit -q -m one &&
	git remote add origin "file://$TRASH/work/origin.git" &&
	without_lfs git push -q origin main &&
	test "$(grep -c "^get$" "$TRASH/asked")" = 1 &&
	test "$(grep -c "^store$" "$TRASH/asked")" = 1 &&
	test_grep "^get host=127.0.0.1:" "$TRASH/asked" &&
	cmp 5.bin "$objects/$(sha256sum 5.bin | cut -d" " -f1)" &&
	without_lfs git clone -q -c lfs.url="$url" ../origin.git ../cloned &&
	cmp 5.bin ../cloned/5.bin
'

test_expect_success 'a wrong one is refused, forgotten, and in no message' '
	cd made && mv-test random 3000 6 >6.bin && git add . &&
	git commit -q -m six && echo wrongword >"$TRASH/word" &&
	test_must_fail without_lfs git push origin main 2>../err &&
	echo secret >"$TRASH/word" &&
	test_grep "refuses these credentials" ../err &&
	test_grep ! "wrongword" ../err && test_grep "^erase$" "$TRASH/asked" &&
	test "$(git -C ../origin.git rev-parse main)" = \
		"$(git rev-parse main~)"
'

test_expect_success 'a server that only .lfsconfig names is not told who we are' '
	cd made && git config --unset lfs.url && : >"$TRASH/asked" &&
	git config --file .lfsconfig lfs.url "$url" && git add .lfsconfig &&
	git commit -q -m config &&
	test_must_fail without_lfs git push origin main 2>../err &&
	test_grep "which only .lfsconfig names" ../err &&
	test_must_be_empty "$TRASH/asked" &&
	git config lfs.url "$url" && without_lfs git push -q origin main &&
	test_grep "^get$" "$TRASH/asked"
'

test_expect_success 'nor does it choose a program: only http and https' '
	cd made && git config --unset lfs.url &&
	git config --file .lfsconfig lfs.url ssh://-oProxyCommand=x/y &&
	mv-test random 3000 7 >7.bin && git add . && git commit -q -m seven &&
	test_must_fail without_lfs git push origin main 2>../err &&
	test_grep "by an http or https URL only" ../err &&
	git rm -q -f .lfsconfig && git commit -q -m gone &&
	git config lfs.url "$url" && without_lfs git push -q origin main
'

cat >"$TRASH/bin/fake-ssh" <<EOD
#!/bin/sh
printf '%s\n' "\$@" >"$TRASH/ssh-asked"
cat "$TRASH/ssh-says"
EOD
chmod +x "$TRASH/bin/fake-ssh" || exit 1
printf '{"href":"%s","header":{"Authorization":"%s"}}' "$url" \
	"$(cat "$objects/login")" >"$TRASH/ssh-says"

test_expect_success 'what git-lfs-authenticate gives by ssh is used, and no login' '
	: >"$TRASH/asked" && cd cloned &&
	git config --unset lfs.url && rm -rf .git/lfs 5.bin &&
	GIT_LFS_SKIP_SMUDGE=1 git checkout -q 5.bin && test_grep "^version" 5.bin &&
	git remote set-url origin "ssh://git@host.example:2222/a b.git" &&
	GIT_SSH_COMMAND="$TRASH/bin/fake-ssh -x" \
		without_lfs git model checkout 5.bin &&
	printf "%s\n" -x -p 2222 git@host.example \
		"git-lfs-authenticate '"'"'/a b.git'"'"' download" >../expected &&
	test_cmp ../expected "$TRASH/ssh-asked" && cmp 5.bin ../made/5.bin &&
	test_grep ! "^get$" "$TRASH/asked"
'

test_expect_success 'a server that takes few objects at a time is asked in halves' '
	echo 2 >"$objects/most" && : >"$objects/log" &&
	without_lfs git clone -q -c lfs.url="$url" origin.git few &&
	rm "$objects/most" && cmp few/5.bin made/5.bin &&
	test_grep "^batch download 7" "$objects/log" &&
	test "$(grep -c "^download" "$objects/log")" = 7
'

test_expect_success 'what was sent is no content that was there already' '
	cd made && mv-test random 3000 16 >more.bin && git add . && git commit -q -m more &&
	without_lfs git-model push --json origin HEAD >../first &&
	test_grep "\"uploaded\": *1," ../first && test_grep "\"present\": *7," ../first &&
	without_lfs git-model push --json origin HEAD >../second &&
	test_grep "\"uploaded\": *0," ../second && test_grep "\"present\": *8," ../second
'

exec 8>&-
test_done
