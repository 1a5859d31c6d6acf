#!/bin/sh

test_description='trees, names, pointers and settings that somebody made to hurt'

. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

git config --global model.smudgeLimit 4k || exit 1

# Whatever runs here runs under a guard: nothing may change in `outside` (not
# even a time), in the hooks or the configuration of the repository, and no
# program of the repository may run.
mkdir "$TRASH/outside" "$TRASH/outside/dir" &&
echo victim >"$TRASH/outside/victim" &&
touch -d "2020-02-02 02:02:02" "$TRASH/outside/victim" \
	"$TRASH/outside/dir" "$TRASH/outside" || exit 1

state_of_outside () {
	find "$TRASH/outside" -printf '%p %T@ %m %s %i\n' | sort
	find "$TRASH/outside" -type f -exec sha256sum {} + | sort
}

state_of_git () {
	find .git/hooks .git/config .git/info -printf '%p %T@ %m %s\n' | sort
}

# In the top of a work tree: remember.
# The line that keeps our temporary files out of `git add -A` is there already.
guard () {
	rm -f "$TRASH/executed" &&
	if ! grep -qxF ".git-model-*.tmp" .git/info/exclude
	then
		echo ".git-model-*.tmp" >>.git/info/exclude
	fi &&
	state_of_outside >"$TRASH/outside.before" &&
	state_of_git >"$TRASH/git.before"
}

unharmed () {
	state_of_outside >"$TRASH/outside.after" &&
	test_cmp "$TRASH/outside.before" "$TRASH/outside.after" &&
	state_of_git >"$TRASH/git.after" &&
	test_cmp "$TRASH/git.before" "$TRASH/git.after" &&
	test_path_is_missing "$TRASH/executed"
}

# Neither crashes nor hangs, whatever else it says.
survives () {
	timeout 20 "$@" >"$TRASH/out" 2>"$TRASH/err"
	test_got=$?
	case $test_got in
	0|1|3|128|129)
		return 0 ;;
	esac
	echo "exit code $test_got: $*" >&7
	cat "$TRASH/err" >&7
	return 1
}

# Survives, and either fails or says that it left something alone.
refuses () {
	survives "$@" && test $test_got != 0 && return
	grep -q -e refus -e "left as" -e skipped -e "nothing to write" \
		"$TRASH/err" "$TRASH/out" && return
	echo "exit code $test_got, and nothing said: $*" >&7
	return 1
}

# Nothing that a terminal would obey.
no_controls () {
	for test_file
	do
		tr -d '\011\012\040-\176\200-\377' <"$test_file" >"$TRASH/bad" &&
		test_must_be_empty "$TRASH/bad" || return
	done
}

# A repository with a.bin, d/a.bin and their contents.
test_expect_success 'a repository to be attacked' '
	git init -q target && cd target && git model track "*.bin" &&
	mkdir d && mv-test random 9000 1 >a.bin && mv-test random 9000 2 >d/a.bin &&
	mv-test random 9000 1 >"$TRASH/one" && mv-test random 9000 2 >"$TRASH/two" &&
	git model add . && git add . && test_tick && git commit -q -m one &&
	git cat-file -p :a.bin >"$TRASH/pointer.a" &&
	git cat-file -p :d/a.bin >"$TRASH/pointer.d"
'

# fresh: a copy of it to be broken, as ./r.
fresh () {
	chmod -R u+w "$TRASH/work/r" 2>/dev/null
	rm -rf "$TRASH/work/r" && cp -a "$TRASH/work/target" "$TRASH/work/r" &&
	cd "$TRASH/work/r" && git update-index -q --refresh
}

# -- links, files and folders in the way ---------------------------------------------

test_expect_success 'the file is a symbolic link to an outside pointer' '
	fresh && cp "$TRASH/pointer.a" "$TRASH/outside/p" && rm a.bin &&
	ln -s "$TRASH/outside/p" a.bin && guard &&
	refuses git model checkout && refuses git model checkout --force &&
	refuses git model checkout a.bin && survives git model status &&
	survives git model add . && unharmed && test -L a.bin &&
	rm "$TRASH/outside/p"
'

test_expect_success 'a dangling link: nothing is made where it points' '
	fresh && rm a.bin && ln -s "$TRASH/outside/new" a.bin && guard &&
	refuses git model checkout --force && unharmed && test -L a.bin
'

test_expect_success 'a parent is a symbolic link to an outside folder' '
	fresh && rm -r d && ln -s "$TRASH/outside/dir" d && guard &&
	refuses git model checkout && refuses git model checkout --force &&
	refuses git model checkout d/a.bin && survives git model status &&
	refuses git model add d/a.bin && unharmed &&
	cp "$TRASH/pointer.d" "$TRASH/outside/dir/a.bin" && guard &&
	refuses git model checkout && refuses git model checkout --force &&
	refuses git model add d/a.bin && survives git model fsck --repair &&
	unharmed && rm "$TRASH/outside/dir/a.bin"
'

test_expect_success 'a parent is a symbolic link to the hooks' '
	fresh && blob=$(git rev-parse :a.bin) && mkdir -p .git/hooks &&
	git update-index --add --cacheinfo "100755,$blob,h/applypatch-msg" &&
	echo "/h/* filter=model" >>.gitattributes && ln -s .git/hooks h && guard &&
	refuses git model checkout --force && unharmed &&
	test_path_is_missing .git/hooks/applypatch-msg &&
	cp "$TRASH/pointer.a" .git/hooks/applypatch-msg && guard &&
	refuses git model checkout && refuses git model checkout --force &&
	unharmed && cmp .git/hooks/applypatch-msg "$TRASH/pointer.a"
'

test_expect_success 'links two levels up, relative, and to the top itself' '
	fresh && blob=$(git rev-parse :a.bin) &&
	git update-index --add --cacheinfo "100644,$blob,x/y/z/a.bin" &&
	mkdir x && ln -s ../../../outside x/y && mkdir -p "$TRASH/outside/z" &&
	touch -d 2020-02-02 "$TRASH/outside/z" "$TRASH/outside" && guard &&
	refuses git model checkout --force && unharmed && rm -r x &&
	ln -s . x && guard && refuses git model checkout --force x &&
	unharmed && test_path_is_missing y && rmdir "$TRASH/outside/z"
'

test_expect_success 'a tree of git itself that swaps a folder for a link' '
	fresh && git switch -q -c linked && git rm -q -r d &&
	ln -s "$TRASH/outside/dir" d && git add d && test_tick &&
	git commit -q -m link && guard &&
	for i in 1 2 3
	do
		git checkout -q main && git checkout -q linked || return 1
	done &&
	unharmed && git checkout -q main && cmp d/a.bin "$TRASH/two" &&
	git clone -q --branch linked . ../r.link && unharmed &&
	rm -rf ../r.link
'

# CVE-2021-21300 and its kin: A/a.bin and a -> .git/hooks, where a and A are
# the same to git.
test_expect_success 'a folder and a link that differ in case only' '
	fresh && blob=$(git rev-parse :a.bin) &&
	link=$(printf .git/hooks | git hash-object -w --stdin) &&
	git update-index --add --cacheinfo "100755,$blob,A/post-checkout.bin" \
		--cacheinfo "120000,$link,a" && test_tick &&
	git commit -q -m case && guard &&
	git -c core.ignoreCase=true clone -q . ../r.case &&
	git -C ../r.case config core.ignoreCase true &&
	(cd ../r.case && rm -rf a A && git checkout -q -- . &&
		survives git model checkout --force) &&
	unharmed && test_path_is_missing ../r.case/.git/hooks/post-checkout.bin &&
	rm -rf ../r.case
'

test_expect_success 'a hard link to an outside file: that one stays as it was' '
	fresh && cp "$TRASH/pointer.a" "$TRASH/outside/p" && rm a.bin &&
	ln "$TRASH/outside/p" a.bin && touch -d 2020-02-02 a.bin &&
	cp .git/index ../index && guard && git model checkout &&
	sed "s/ [0-9]*$//" <"$TRASH/outside.before" >/dev/null && unharmed &&
	cmp a.bin "$TRASH/one" && cmp "$TRASH/outside/p" "$TRASH/pointer.a" &&
	rm -f a.bin && ln "$TRASH/outside/p" a.bin && guard &&
	git checkout -q HEAD -- a.bin && unharmed && cmp a.bin "$TRASH/one" &&
	test $(stat -c %h a.bin) = 1 && rm "$TRASH/outside/p"
'

test_expect_success 'what lies in the work tree is never a link to the store' '
	fresh && rm a.bin && git checkout -q -- . && git model add . &&
	test $(stat -c %h a.bin) = 1 && test $(stat -c %h d/a.bin) = 1 &&
	printf XXXX | dd of=a.bin conv=notrunc 2>/dev/null &&
	git model fsck && git checkout -q -- a.bin && cmp a.bin "$TRASH/one"
'

test_expect_success 'a folder where a file is expected' '
	fresh && rm a.bin && mkdir a.bin && echo mine >a.bin/mine && guard &&
	refuses git model checkout && refuses git model checkout --force &&
	refuses git model checkout --force a.bin && survives git model status &&
	unharmed && test "$(cat a.bin/mine)" = mine && rm a.bin/mine &&
	refuses git model checkout --force && test_path_is_dir a.bin &&
	no_temporaries
'

test_expect_success 'a file where a folder is expected' '
	fresh && rm -r d && echo mine >d && guard &&
	refuses git model checkout && refuses git model checkout --force &&
	refuses git model checkout --force d/a.bin && survives git model status &&
	unharmed && survives git model add d/a.bin && unharmed &&
	test "$(cat d)" = mine &&
	no_temporaries
'

test_expect_success 'a pipe, or a socket: no waiting for it' '
	fresh && rm a.bin && mkfifo a.bin && guard &&
	refuses git model checkout && refuses git model checkout --force &&
	survives git model status && survives git model add . &&
	survives git model add a.bin && survives git status && unharmed &&
	test -p a.bin && rm a.bin && mkfifo d/new.bin &&
	survives git model add . && survives git model track --above 1 &&
	test -p d/new.bin
'

test_expect_success 'a folder that must not be written into: said, and left' '
	fresh && cp "$TRASH/pointer.d" d/a.bin && chmod 555 d &&
	if test "$(id -u)" = 0
	then
		chmod 755 d
	else
		guard && refuses git model checkout && unharmed && chmod 755 d
	fi && git model checkout && cmp d/a.bin "$TRASH/two"
'

# Swap a folder and a link for as long as somebody writes below it.
swapper () {
	perl -e '
		my ($dir, $outside, $stop) = @ARGV;
		my $n = 0;
		until (-e $stop) {
			rename $dir, "$dir.real";
			symlink $outside, $dir;
			select undef, undef, undef, 0.0002 * ($n % 3);
			unlink $dir;
			rename "$dir.real", $dir;
			select undef, undef, undef, 0.0003 * ($n % 5);
			$n++;
		}
		exit($n < 100);
	' "$@"
}

# Pointers into d, or not, but never through a link: it is not the test that
# is to do the harm.
to_pointers () {
	perl -e '
		use Fcntl;
		my ($outside, $pointer) = @ARGV;
		local $/;
		open my $in, "<", $pointer; my $text = <$in>;
		chdir "d" or exit 0;
		exit 0 if !-e "../.git" or (stat ".")[1] == (stat $outside)[1];
		for my $f ("a", 1 .. 9) {
			unlink "$f.bin";
			sysopen my $o, "$f.bin", O_WRONLY | O_CREAT | O_EXCL;
			print $o $text;
		}
	' "$TRASH/outside/dir" "$TRASH/pointer.d"
}

test_expect_success 'a swap that races the writer, some hundred times' '
	fresh && mkdir -p "$TRASH/outside/dir" &&
	for i in 1 2 3 4 5 6 7 8 9
	do
		cp "$TRASH/two" d/$i.bin || return 1
	done &&
	git model add . && git commit -q -m many && git model add . &&
	cp "$TRASH/pointer.d" "$TRASH/outside/dir/1.bin" &&
	cp "$TRASH/pointer.d" "$TRASH/outside/dir/a.bin" &&
	touch -d 2020-02-02 "$TRASH/outside/dir" && guard &&
	test_when_finished "touch \"$TRASH/stop\"" &&
	{ swapper d "$TRASH/outside/dir" "$TRASH/stop" & } && swap=$! &&
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25
	do
		to_pointers && timeout 20 git model checkout --force \
			>/dev/null 2>&1 || test $? -lt 126 -o $? = 128 || break
	done && test $i = 25 && touch "$TRASH/stop" && wait $swap && unharmed &&
	to_pointers && git model checkout --force && cmp d/1.bin "$TRASH/two" &&
	find "$TRASH/outside" . -name ".git-model-*" >"$TRASH/out" &&
	test_must_be_empty "$TRASH/out" && rm "$TRASH/outside/dir"/*
'

# -- names that mean .git ---------------------------------------------------------------

# What git's own checks would refuse is let through on purpose.
loose="-c core.protectNTFS=false -c core.protectHFS=false"

test_expect_success 'names that some file system takes for .git, in the index' '
	fresh && blob=$(git rev-parse :a.bin) &&
	echo "* filter=model" >>.gitattributes && n=0 &&
	for name in "git~1" "GIT~1" ".git " ".git." ".git..." ".git . " \
		".git::\$INDEX_ALLOCATION" ".git\\\\x" "a\\\\.git\\\\x" \
		".g$(printf "\342\200\214")it" ".gi$(printf "\342\200\217")T"
	do
		git $loose update-index --add \
			--cacheinfo "100755,$blob,$name/hooks/pre-commit" || return 1
	done && guard &&
	git ls-files -s | grep -c hooks/pre-commit >"$TRASH/count" &&
	test "$(cat "$TRASH/count")" = 11 &&
	refuses git $loose model checkout --force && unharmed &&
	survives git $loose model status && survives git $loose model ls &&
	survives git $loose model fsck && unharmed &&
	find . -path ./.git -prune -o -name pre-commit -print >"$TRASH/out" && test_must_be_empty "$TRASH/out" &&
	no_temporaries
'

# raw_tree <printf's text of the entries, with %b for the blob's raw bytes>
raw_tree () {
	printf "$1" | perl -e '
		local $/; my $t = <STDIN>; my $b = pack("H*", shift);
		$t =~ s/%blob/$b/g; print $t' "$(git rev-parse :a.bin)" |
	git hash-object -w -t tree --literally --stdin
}

test_expect_success 'trees that no git would make or check out' '
	fresh && guard && n=0 &&
	for entries in "100644 ..\0%%blob" "100644 .\0%%blob" \
		"100644 .git\0%%blob" "100644 .GIT\0%%blob" \
		"100644 ../../outside/new\0%%blob" "100644 /tmp/x\0%%blob" \
		"100644 a//b\0%%blob" "100644 a\0%%blob100644 a\0%%blob" \
		"100644 \0%%blob" "100644 b\0%%blob100644 a\0%%blob" \
		"999999 a\0%%blob" "40000 a\0%%blob" "160000 s\0%%blob" \
		"100644 .gitattributes\0%%blob" "100644 a" "100644 a\0short" "x"
	do
		n=$((n + 1)) && tree=$(raw_tree "$entries") &&
		commit=$(printf "tree $tree\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nx\n" |
			git hash-object -w -t commit --literally --stdin) &&
		survives git model ls $tree && survives git model ls -l $commit &&
		survives git model ls --json $commit &&
		survives git model cat "$commit:../../outside/new" &&
		survives git model cat "$commit:a" &&
		mkdir -p .git/refs/heads && echo $commit >.git/refs/heads/evil &&
		survives git model du && survives git model fsck &&
		survives git model gc --grace 0s && survives git model push . evil &&
		unharmed || { echo "tree $n" >&7; return 1; }
	done &&
	rm .git/refs/heads/evil && git model fsck && git model checkout &&
	cmp a.bin "$TRASH/one"
'

# -- programs and arguments -----------------------------------------------------------------

test_expect_success 'programs in the repository are not run, whatever PATH says' '
	fresh && guard &&
	for p in git ssh sh ssh-keygen git-upload-pack less gpg perl
	do
		printf "#!/bin/sh\ntouch \"$TRASH/executed\"\n" >$p && chmod +x $p ||
		return 1
	done &&
	cp git .git/git && cp git d/git && me=$(command -v git-model) &&
	real=$(dirname "$(command -v git)"):/bin &&
	for path in ":$B:$real" "$B:$real:" ".:$B:$real" "$B::$real" "d:$B:$real" \
		"./d:.:$B:$real"
	do
		for verb in status ls du fsck "gc --dry-run" "cat HEAD:a.bin" \
			checkout "add a.bin" "track *.x" push fetch
		do
			(PATH=$path && set -f && exec "$me" $verb) >out 2>err ||
			test $? = 128 || {
				echo "$verb with PATH=$path" >&7
				return 1
			}
		done && unharmed || { echo "PATH=$path" >&7; return 1; }
	done &&
	for path in "" "." ":" "d:."
	do
		for verb in status "add a.bin" fetch
		do
			(PATH=$path && set -f && exec "$me" $verb) >out 2>err
			test $? = 128 && /bin/grep "not in PATH" err >/dev/null &&
			unharmed || return 1
		done
	done
'

test_expect_success 'the filter, too, runs no program of the repository' '
	fresh && guard && me=$(command -v git-model) &&
	printf "#!/bin/sh\ntouch \"$TRASH/executed\"\n" >git && chmod +x git &&
	real=$(command -v git) && echo more >>a.bin &&
	PATH=":.:$PATH" "$real" -c "filter.model.process=$me filter-process" \
		add a.bin && unharmed &&
	PATH=":.:$PATH" "$real" -c "filter.model.process=$me filter-process" \
		checkout -q HEAD -- a.bin && unharmed && cmp a.bin "$TRASH/one"
'

# A driver is started by a shell, which looks for it in PATH.
test_expect_success 'a git-model in the repository is not taken for us' '
	fresh && guard && me=$(command -v git-model) &&
	printf "#!/bin/sh\ntouch \"$TRASH/executed\"\n" >git-model &&
	chmod +x git-model && echo text >plain && echo more >>a.bin &&
	for path in ".:$PATH" ":$PATH"
	do
		for verb in "add ." status "checkout --force" fsck
		do
			(PATH=$path && exec "$me" $verb) >../out 2>&1 || :
			unharmed || { echo "$verb" >&7; return 1; }
		done
	done
'

test_expect_success 'options in the place of names' '
	fresh && guard && f=../../outside/new &&
	for word in --output=$f -o$f "--upload-pack=touch $TRASH/executed" \
		"--exec=touch $TRASH/executed" "-oProxyCommand=touch $TRASH/executed" \
		--all -rf --help -c
	do
		for verb in ls cat status checkout add track untrack push fetch \
			inspect "remote add" "remote rm" "push origin" "fetch origin" \
			"add -f" "cat HEAD:"
		do
			survives git model $verb -- "$word" ||
			{ echo "$verb -- $word" >&7; return 1; }
		done && unharmed || { echo "after $word" >&7; return 1; }
	done && test_path_is_missing "$TRASH/outside/new"
'

test_expect_success 'refs, remotes and URLs that look like options' '
	fresh && guard && name= && head=$(git rev-parse HEAD) &&
	echo $head >".git/refs/heads/--output=..x" &&
	git update-ref refs/heads/-x $head && git update-ref refs/tags/--all $head &&
	git update-ref refs/remotes/--upload-pack=x/main $head &&
	cp .git/config ../config.saved &&
	for url in "ssh://-oProxyCommand=touch\${IFS}$TRASH/executed/x" \
		"-oProxyCommand=touch\${IFS}$TRASH/executed" \
		"ext::touch $TRASH/executed" "--upload-pack=touch $TRASH/executed" \
		"|touch $TRASH/executed" "-u./git:x" "fd::7" "file://-x/y" "" "."
	do
		# Each of the names, in turn, with another URL.
		case $name in
		origin) name=-x ;;
		-x) name=--upload-pack=x ;;
		*) name=origin ;;
		esac
		cp ../config.saved .git/config &&
		git config "remote.$name.url" "$url" &&
		git config "modelremote.$name.url" "$url" &&
		git config model.remote "$name" && guard &&
		survives git model push && survives git model push "$name" &&
		survives git model fetch && survives git model fetch --all &&
		survives git model pull && survives git model remote &&
		survives git model status && survives git model du &&
		survives git model gc && survives git model fsck --repair &&
		unharmed || { echo "$name = $url" >&7; return 1; }
	done
'

# -- pointers ----------------------------------------------------------------------------------

# stage_blob <path>: standard input becomes its blob, past the filter.
stage_blob () {
	git update-index --add --cacheinfo \
		"100644,$(git hash-object -w --stdin --no-filters),$1"
}

oid=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef

# What is damaged is never content: no way in, and no way to be replaced.
damaged_is_refused () {
	cp "$1" new.bin && cp new.bin ../copy &&
	test_must_fail git add new.bin 2>"$TRASH/err" &&
	test_grep "new.bin" "$TRASH/err" &&
	test_must_fail git model add new.bin 2>"$TRASH/err" &&
	test_grep "new.bin" "$TRASH/err" && cmp new.bin ../copy &&
	test -z "$(git ls-files new.bin)" && rm new.bin
}

test_expect_success 'pointers that are damaged are refused by both ways in' '
	fresh && guard &&
	upper=$(echo $oid | tr a-f A-F) && n=0 &&
	for text in "git-model/1\noid sha256:$upper\nsize 5\n" \
		"git-model/1\roid sha256:$oid\rsize 5\r" \
		"git-model/1\noid sha256:$oid\nsize 5" \
		"git-model/1\noid sha256:$oid\nsize 05\n" \
		"git-model/1\noid sha256:$oid\nsize +5\n" \
		"git-model/1\noid sha256:$oid\nsize -5\n" \
		"git-model/1\noid sha256:$oid\nsize 0\n" \
		"git-model/1\noid sha256:$oid\nsize 5 \n" \
		"git-model/1\noid sha256:$oid\nsize 9223372036854775808\n" \
		"git-model/1\noid sha256:$oid\nsize 18446744073709551616\n" \
		"git-model/1\noid sha256:$oid\nsize 99999999999999999999999\n" \
		"git-model/1\noid sha256:${oid}0\nsize 5\n" \
		"git-model/1\noid sha256:${oid%%f}\nsize 5\n" \
		"git-model/1\noid sha1:$oid\nsize 5\n" \
		"git-model/1\noid sha256:$oid\nsize 5\nmore\n" \
		"git-model/1\nsize 5\noid sha256:$oid\n" \
		"git-model/1\n\noid sha256:$oid\nsize 5\n" \
		"git-model/2\noid sha256:$oid\nsize 5\n" \
		"git-model/1\n" "git-model/1" "git-model/\n" \
		"git-model/1\noid sha256:$oid\n<<<<<<< HEAD\nsize 5\n=======\nsize 6\n>>>>>>> x\n" \
		"<<<<<<< HEAD\ngit-model/1\noid sha256:$oid\nsize 5\n=======\n>>>>>>> x\n" \
		"version https://git-lfs.github.com/spec/v1\n<<<<<<< HEAD\noid sha256:$oid\n=======\noid sha256:$oid\n>>>>>>> x\nsize 5\n"
	do
		n=$((n + 1)) && printf "$text" >../text && damaged_is_refused ../text ||
		{ echo "text $n" >&7; return 1; }
	done && unharmed
'

test_expect_success 'around 1024 bytes: a pointer is shorter, content is not' '
	fresh && printf "git-model/1\noid sha256:$oid\nsize 5\n" >../p &&
	{ cat ../p && head -c 1000 /dev/zero | tr "\0" "x"; } >../long &&
	head -c 1023 ../long >../1023 && head -c 1024 ../long >../1024 &&
	damaged_is_refused ../1023 && cp ../1024 x.bin && git add x.bin &&
	cp ../1024 y.bin && git model add y.bin &&
	test $(git rev-parse :x.bin) = $(git rev-parse :y.bin) &&
	git cat-file -p :x.bin >../p2 && is_pointer ../p2 &&
	rm x.bin y.bin && git checkout -q -- x.bin y.bin && cmp ../1024 x.bin &&
	cmp ../1024 y.bin &&
	stage_blob z.bin <../1024 && git checkout -q -- z.bin 2>err &&
	cmp ../1024 z.bin && survives git model status
'

test_expect_success 'a pointer to what is a pointer: once, not twice' '
	fresh && cp "$TRASH/pointer.a" p.bin && git add p.bin &&
	git cat-file -p :p.bin | cmp - "$TRASH/pointer.a" &&
	git rm -q --cached p.bin && git model add p.bin &&
	git cat-file -p :p.bin | cmp - "$TRASH/pointer.a" && rm p.bin &&
	git checkout -q -- p.bin && cmp p.bin "$TRASH/one"
'

# Text in which the pointer of one thing is the content of another: the LFS
# store takes any bytes. What comes out stays what it is.
test_expect_success 'content that is a pointer is given out as content' '
	fresh && sum=$(sha256sum <"$TRASH/pointer.a" | cut -d" " -f1) &&
	size=$(stat -c %s "$TRASH/pointer.a") &&
	dir=.git/lfs/objects/$(echo $sum | cut -c1-2)/$(echo $sum | cut -c3-4) &&
	mkdir -p $dir && cp "$TRASH/pointer.a" $dir/$sum &&
	printf "version https://git-lfs.github.com/spec/v1\noid sha256:$sum\nsize $size\n" |
	stage_blob twice.bin && rm -f twice.bin && guard &&
	{ git checkout -q -- twice.bin || :; } && survives git model checkout &&
	unharmed && test $(stat -c %s twice.bin) -lt 1024
'

test_expect_success 'sizes that lie, and sizes beyond all bounds' '
	fresh && sum=$(sha256sum <"$TRASH/one" | cut -d" " -f1) && guard &&
	for size in 1 8999 9001 4095 100 123456789 9223372036854775807
	do
		printf "git-model/1\noid sha256:$sum\nsize $size\n" >../lie &&
		stage_blob lie.bin <../lie && rm -f lie.bin &&
		survives git checkout -q -- lie.bin && cmp lie.bin ../lie &&
		{ survives git model checkout lie.bin; cmp lie.bin ../lie; } &&
		test_must_fail git model cat :lie.bin >../out 2>../err &&
		test_must_be_empty ../out && survives git model status &&
		test_must_fail git model fsck 2>../err >../out &&
		survives git model checkout --force lie.bin && cmp lie.bin ../lie &&
		git add lie.bin && git cat-file -p :lie.bin | cmp - ../lie &&
		no_temporaries || { echo "size $size" >&7; return 1; }
	done && unharmed &&
	for size in 1 4096 9223372036854775807
	do
		printf "git-model/1\noid sha256:$oid\nsize $size\n" >../lie &&
		stage_blob lie.bin <../lie && rm -f lie.bin &&
		survives git checkout -q -- lie.bin && cmp lie.bin ../lie &&
		test_must_fail git model cat :lie.bin 2>../err || return 1
	done
'

test_expect_success 'a huge size asks for no memory and no disk' '
	fresh && sum=$(sha256sum <"$TRASH/one" | cut -d" " -f1) &&
	printf "git-model/1\noid sha256:$sum\nsize 9223372036854775807\n" |
	stage_blob huge.bin && rm -f huge.bin &&
	git -c model.smudgeLimit=8e checkout -q -- huge.bin &&
	(ulimit -v 2000000 && ulimit -f 100000 &&
		survives git model checkout --force) && is_pointer huge.bin
'

test_expect_success 'conflict markers in a pointer: no merge brings them in' '
	fresh && echo "*.bin filter=model -text" >.gitattributes &&
	git add .gitattributes && git commit -q -m plain && git switch -q -c side &&
	mv-test random 9000 5 >a.bin && git model add . && git commit -q -m s &&
	git switch -q main && mv-test random 9000 6 >a.bin && git model add . &&
	git commit -q -m m && test_must_fail git merge side >../out 2>&1 &&
	git ls-files -u >../out && test_line_count = 3 ../out &&
	survives git model status && test_grep "a.bin" "$TRASH/out" &&
	test_must_fail git add a.bin && test_must_fail git model add . &&
	git ls-files -u >../out && test_line_count = 3 ../out &&
	git merge --abort &&
	mv-test random 9000 6 | cmp - a.bin &&
	{ printf "<<<<<<< ours\n" && cat "$TRASH/pointer.a" &&
		printf "=======\n" && cat "$TRASH/pointer.d" &&
		printf ">>>>>>> theirs\n"; } >../conflict &&
	damaged_is_refused ../conflict && cp ../conflict a.bin &&
	test_must_fail git commit -q -a -m bad && cmp a.bin ../conflict &&
	test_must_fail git stash && cmp a.bin ../conflict &&
	{ survives git model checkout; cmp a.bin ../conflict; } &&
	survives git model status && git checkout -q -f -- . &&
	mv-test random 9000 6 | cmp - a.bin
'

test_expect_success 'a damaged pointer that was committed is shown as it is' '
	fresh && { printf "<<<<<<< ours\n" && cat "$TRASH/pointer.a" &&
		printf "=======\n>>>>>>> theirs\n"; } >../conflict &&
	stage_blob bad.bin <../conflict &&
	git commit -q --no-verify -m bad && rm -f bad.bin && git checkout -q -- bad.bin 2>../err &&
	cmp bad.bin ../conflict && test_grep "bad.bin" ../err &&
	survives git model status && test_grep "bad.bin" "$TRASH/out" &&
	survives git model checkout && survives git model fsck &&
	survives git model ls -l && survives git model du && survives git model gc &&
	test_must_fail git model cat HEAD:bad.bin &&
	cp "$TRASH/one" bad.bin && git model add bad.bin && git commit -q -m good &&
	rm bad.bin && git checkout -q -- bad.bin && cmp bad.bin "$TRASH/one"
'

# -- settings in the repository ------------------------------------------------------------------

test_expect_success '.gitattributes that is a link, a folder, a pipe: not written' '
	fresh && rm .gitattributes && ln -s "$TRASH/outside/victim" .gitattributes &&
	cp "$TRASH/one" new.dat && guard && refuses git model track "*.x" &&
	refuses git model add new.dat && refuses git model untrack "*.x" && unharmed &&
	rm .gitattributes && ln -s "$TRASH/outside/none" .gitattributes &&
	refuses git model track "*.x" && unharmed && rm .gitattributes &&
	mkdir .gitattributes && refuses git model track "*.x" &&
	survives git model status && rmdir .gitattributes &&
	mkfifo .gitattributes && refuses git model track "*.x" && unharmed &&
	test -p .gitattributes
'

test_expect_success '.gitattributes that is a hard link: the other stays' '
	fresh && rm .gitattributes && ln "$TRASH/outside/victim" .gitattributes &&
	guard && git model track "*.x" && unharmed &&
	test "$(cat "$TRASH/outside/victim")" = victim
'

test_expect_success 'the folder of .gitattributes is a link' '
	fresh && ln -s "$TRASH/outside/dir" e && guard &&
	{ (cd e && git model track "*.x") >../out 2>&1 || :; } && unharmed
'

test_expect_success '.gitattributes full of nonsense' '
	fresh && guard &&
	{
		printf "[attr]model filter=evil\n[attr]binary filter=model\n" &&
		printf "*.bin filter=model filter=evil filter=model\n" &&
		printf "\"unclosed filter=model\n" &&
		printf "\"\\\\777\" filter=model\n" &&
		printf "*.x filter=\033[2Jx\n!*.y filter=model\n" &&
		printf "\001\377\n" && head -c 5000 /dev/zero | tr "\0" "a" &&
		printf " filter=model\n" && printf "*.z filter=model"
	} >.gitattributes &&
	survives git model track && no_controls "$TRASH/out" "$TRASH/err" &&
	survives git model status && survives git model checkout --force &&
	survives git model ls && survives git model untrack "*.z" &&
	survives git model track "*.w" &&
	no_controls "$TRASH/out" "$TRASH/err" &&
	test "$(git check-attr filter a.w 2>/dev/null)" = "a.w: filter: model" &&
	unharmed && printf "*.x -text\000\n" >.gitattributes &&
	refuses git model track "*.w" && test_grep "zero byte" "$TRASH/err" &&
	survives git model status && survives git model checkout --force
'

test_expect_success '.gitmodel/config: data, and never a reason to lose a clone' '
	fresh && mkdir .gitmodel && guard && n=0 &&
	for text in "[filter]\nsmudge-limit = 1k\n" \
		"[filter]\nprocess = touch $TRASH/executed\n" \
		"[core]\nfsmonitor = touch $TRASH/executed\nhooksPath = .\n" \
		"[filter \"model\"]\nclean = touch $TRASH/executed\n" \
		"[remote]\nurl = ext::touch $TRASH/executed\n" \
		"[store]\npath = $TRASH/outside\n" \
		"[credential]\nhelper = !touch $TRASH/executed\n" \
		"[include]\npath = $TRASH/outside/victim\n" \
		"[model]\nstore = $TRASH/outside\n" \
		"[filter]\n\033[2Jkey\007 = \033]0;x\007\n" "\000\000\377" \
		"[\n" "[filter]\nsmudge-limit = lots\n" "= x\n" "[filter\n"
	do
		n=$((n + 1)) && printf "$text" >.gitmodel/config &&
		git add .gitmodel && git commit -q -m $n && rm a.bin &&
		survives git checkout -q HEAD -- a.bin &&
		no_controls "$TRASH/err" && cmp a.bin "$TRASH/one" &&
		rm a.bin && survives git model checkout --force &&
		no_controls "$TRASH/err" && survives git model status &&
		survives git clone -q . ../r.config && cmp ../r.config/a.bin "$TRASH/one" &&
		no_controls "$TRASH/err" && unharmed ||
		{ echo "text $n" >&7; return 1; }
		rm -rf ../r.config && git checkout -q HEAD -- a.bin
	done
'

test_expect_success '.gitmodel/config that is broken is named, with the line' '
	fresh && mkdir .gitmodel &&
	printf "\n[filter]\nsmudge-limit = lots\n" >.gitmodel/config &&
	git config --global --unset model.smudgeLimit &&
	test_when_finished "git config --global model.smudgeLimit 4k" &&
	rm -f a.bin && { git checkout -q -- a.bin 2>../err || :; } &&
	test_grep ".gitmodel/config:3: " ../err
'

test_expect_success '.gitmodel that leads outside' '
	fresh && mkdir "$TRASH/outside/m" &&
	printf "[filter]\nsmudge-limit = 1\n" >"$TRASH/outside/m/config" &&
	ln -s "$TRASH/outside/m" .gitmodel && guard && rm a.bin &&
	survives git checkout -q -- a.bin && cmp a.bin "$TRASH/one" && unharmed &&
	rm .gitmodel && mkdir .gitmodel && mkfifo .gitmodel/config && rm a.bin &&
	survives git checkout -q -- a.bin && cmp a.bin "$TRASH/one" && unharmed &&
	rm .gitmodel/config && ln -s /dev/zero .gitmodel/config && rm a.bin &&
	survives git checkout -q -- a.bin && cmp a.bin "$TRASH/one"
'

# -- what a terminal would obey ----------------------------------------------------------------------

test_expect_success 'escapes in subjects, authors and file content stay off the terminal' '
	fresh && e=$(printf "\033]0;x\007\033[2J\r\302\233\342\200\256") &&
	cp "$TRASH/two" a.bin && git model add a.bin &&
	GIT_AUTHOR_NAME="x$e" git commit -q -m "subject $e" &&
	survives git model du && no_controls "$TRASH/out" "$TRASH/err" &&
	survives git model du --json && no_controls "$TRASH/out" &&
	printf "%s\n" "git-model/1" "oid $e" "size 5" >bad.bin &&
	survives git add bad.bin && no_controls "$TRASH/err" &&
	survives git model add bad.bin && no_controls "$TRASH/err" &&
	survives git model cat "HEAD:$e" && no_controls "$TRASH/err" &&
	survives git model ls "$e" && no_controls "$TRASH/err" &&
	survives git model push "$e" && no_controls "$TRASH/err" &&
	survives git model "$e" && no_controls "$TRASH/err" &&
	survives git model status "--$e" && no_controls "$TRASH/err" &&
	git config "remote.x.url" "/none/$e" && survives git model push x &&
	no_controls "$TRASH/err" && git config model.store "/none/$e" &&
	survives git model add bad.bin && no_controls "$TRASH/err" &&
	survives git model fsck && no_controls "$TRASH/out" "$TRASH/err"
'

# -- trees that name each other ------------------------------------------------------------------------

test_expect_success 'a few trees that stand for 10^11 paths: said at once, not walked' '
	fresh && leaf=$(git mktree </dev/null) &&
	for level in 1 2 3 4 5 6 7 8 9 10 11
	do
		leaf=$(for name in 0 1 2 3 4 5 6 7 8 9
			do
				printf "040000 tree %s\t%s\n" $leaf $name
			done | git mktree) || return 1
	done &&
	bomb=$(git commit-tree -p HEAD -m bomb $leaf) &&
	git update-ref refs/heads/bomb $(git commit-tree -p $bomb -m gone "HEAD^{tree}") &&
	for what in du "compare --all a.bin" "lineage $bomb:1" "lineage $bomb:" "ls $bomb" "ls $bomb:1/2" "diff HEAD $bomb" "diff $bomb HEAD"
	do
		test_expect_code 128 timeout 20 git model $what 2>"$TRASH/err" &&
		test_grep "more than 10000000 paths" "$TRASH/err" || return 1
	done && survives git model status && survives git model log a.bin && survives git model gc
'

test_done
