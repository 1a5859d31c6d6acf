#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='our hook is in its place and git still does not reach us:
husky switched off, or a PATH without git-model'

. ./lib-test.sh

git model install --skip-repo >/dev/null

test_expect_success 'a repository with husky, and ours in it' '
	git init -q --bare o.git && git init -q h && cd h &&
	git remote add origin ../o.git && mkdir -p .husky/_ &&
	cat >.husky/_/h <<-\EOS &&
	#!/usr/bin/env sh
	n=$(basename "$0")
	s=$(dirname "$(dirname "$0")")/$n
	[ ! -f "$s" ] && exit 0
	i="${XDG_CONFIG_HOME:-$HOME/.config}/husky/init.sh"
	[ -f "$i" ] && . "$i"
	[ "${HUSKY-}" = "0" ] && exit 0
	sh -e "$s" "$@"
	EOS
	for n in pre-push pre-commit; do
		printf "%s\n" "#!/usr/bin/env sh" ". \"\$(dirname \"\$0\")/h\"" \
			>.husky/_/$n && chmod +x .husky/_/$n || return 1
	done &&
	printf "*" >.husky/_/.gitignore && git config core.hooksPath .husky/_ &&
	echo "echo theirs" >.husky/pre-push && git model install &&
	git model track "*.bin" && git add . && git commit -q -m one &&
	git push -q origin main
'

# off <seed> <command>...: what was left behind was told when it was added
off () {
	seed=$1 && shift && mv-test random 20000 "$seed" >a.bin &&
	"$@" git add a.bin 2>../err &&
	test_line_count = 1 ../err &&
	test_grep "will not bring content: HUSKY=0" ../err &&
	test_grep "git model push" ../err &&
	mv-test random 20001 "$seed" >a.bin &&
	"$@" git model add a.bin >/dev/null 2>../err && test_line_count = 1 ../err &&
	test_expect_code 1 "$@" git model doctor >../doctor &&
	grep "^bad .*pre-push.*HUSKY=0.*git model push" ../doctor
}
on () {
	seed=$1 && shift && mv-test random 20000 "$seed" >a.bin &&
	"$@" git add a.bin 2>../err && test_must_be_empty ../err &&
	git commit -q -m next && "$@" git push -q origin main 2>../err &&
	test_grep "uploaded" ../err
}

test_expect_success 'HUSKY=0 is told, any other value is none' '
	cd h && off 1 env HUSKY=0 && on 2 env HUSKY=1 && on 3 env HUSKY=
'

test_expect_success 'so it is in the file that husky reads' '
	cd h && mkdir -p "$HOME/.config/husky" "$TRASH/xdg/husky" &&
	printf "%s\n" "# export HUSKY=0" "test x = y && HUSKY=0" \
		>"$HOME/.config/husky/init.sh" && on 4 env &&
	echo "  export HUSKY=0" >>"$HOME/.config/husky/init.sh" && off 5 env &&
	on 6 env XDG_CONFIG_HOME="$TRASH/xdg" &&
	echo "HUSKY=0" >"$TRASH/xdg/husky/init.sh" &&
	rm "$HOME/.config/husky/init.sh" && on 7 env &&
	off 8 env XDG_CONFIG_HOME="$TRASH/xdg"
'

test_expect_success 'what is not husky is not switched off' '
	git init -q plain && cd plain && git model track "*.bin" &&
	mv-test random 20000 9 >a.bin && HUSKY=0 git add . 2>../err &&
	test_must_be_empty ../err
'

# A PATH without git-model: git, and what a shell script needs.
mkdir -p "$TRASH/bare" || exit 1
for tool in git sh cat env basename dirname git-upload-pack git-receive-pack
do
	ln -s "$(command -v $tool)" "$TRASH/bare/$tool" || exit 1
done

test_expect_success 'a program whose PATH has no git-model leaves nothing behind' '
	cd h && mv-test random 20000 10 >a.bin && git add a.bin &&
	git commit -q -m "by a program with windows" &&
	git rev-parse origin/main >../before &&
	test_must_fail env PATH="$TRASH/bare" git push -q origin main 2>../err &&
	test_grep "git-model is not on PATH" ../err &&
	git -C ../o.git rev-parse main >../after && test_cmp ../before ../after &&
	git push -q origin main
'

test_expect_success 'who never set git-model up is let pass' '
	cd h && git commit -q --allow-empty -m "somebody else" &&
	PATH="$TRASH/bare" GIT_CONFIG_GLOBAL=/dev/null git push -q origin main \
		>../out 2>&1 && test_grep theirs ../out
'

test_done
