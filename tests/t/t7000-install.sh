#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='install and uninstall: configuration, and hooks that are
nobody else'\''s loss'

. ./lib-test.sh

# Hooks come from install alone here.
git config --global model.hooks false

# PATH without the folders that have git-model.
path_without () {
	without=
	old_ifs=$IFS && IFS=:
	for folder in $PATH
	do
		test -x "$folder/git-model" || without=$without:$folder
	done
	IFS=$old_ifs
	echo "${without#:}"
}

# A repository <name> with a bare origin and one file of ours, not pushed.
make_repo () {
	git init -q --bare "$1.git" &&
	git init -q "$1" &&
	git -C "$1" remote add origin "../$1.git" &&
	echo "*.bin filter=model diff=model merge=model -text" \
		>"$1/.gitattributes" &&
	mv-test random 20000 "${2:-1}" >"$1/a.bin" &&
	git -C "$1" add . &&
	git -C "$1" commit -q --no-verify -m one
}

# A hook that tells what it was told.
write_hook () {
	mkdir -p "$(dirname "$1")" &&
	printf '%s\n' "${2:-#!/bin/sh}" 'echo "args $*" >>"$SAW"' \
		'cat >>"$SAW"' 'exit ${HOOK_STATUS:-0}' >"$1" &&
	chmod +x "$1"
}
SAW="$TRASH/saw"
export SAW

# The push in <repo> uploads, and the other hook saw all of it.
push_is_seen () {
	rm -f "$SAW" &&
	git -C "$1" push -q origin HEAD:refs/heads/main 2>err &&
	test_grep "uploaded 1 content" err &&
	echo "args origin ../$1.git" >expect &&
	echo "HEAD $(git -C "$1" rev-parse HEAD)" \
		"refs/heads/main 0000000000000000000000000000000000000000" \
		>>expect &&
	test_cmp expect "$SAW"
}

# All of a folder, with modes and link targets.
snapshot () {
	find "$1" -printf '%P %y %m %l\n' | LC_ALL=C sort &&
	find "$1" -type f -exec sha256sum {} + | LC_ALL=C sort
}

test_expect_success 'outside of a repository: configuration alone' '
	cp "$HOME/.gitconfig" before &&
	git model install >out &&
	test_grep "global configuration: written" out &&
	git config --global filter.model.process >actual &&
	echo "git-model filter-process" >expect &&
	test_cmp expect actual &&
	test "$(git config --global filter.model.required)" = true &&
	test "$(git config --global diff.model.textconv)" = \
		"git-model diff-text" &&
	test "$(git config --global merge.model.driver)" = \
		"git-model merge-driver %O %A %B %L %P" &&
	test "$(git config --global merge.model.recursive)" = binary &&
	test_expect_code 1 git config filter.lfs.process
'

test_expect_success 'a second run does not touch the configuration' '
	cp -p "$HOME/.gitconfig" once &&
	ls -i "$HOME/.gitconfig" >inode &&
	git model install >out &&
	test_grep "nothing to change" out &&
	cmp once "$HOME/.gitconfig" &&
	ls -i "$HOME/.gitconfig" >again &&
	test_cmp inode again
'

test_expect_success 'git log says nothing about notes that are not there' '
	git init -q quiet &&
	git -C quiet commit -q --allow-empty -m x &&
	git -C quiet log --notes >out 2>err &&
	test_must_be_empty err
'

test_expect_success 'uninstall leaves what was there before' '
	git model uninstall >out &&
	test_grep "removed" out &&
	cmp before "$HOME/.gitconfig" &&
	git model uninstall >out &&
	test_grep "nothing to change" out &&
	cmp before "$HOME/.gitconfig"
'

test_expect_success 'notes of others stay, before and after' '
	test_when_finished "git config --global --unset-all notes.displayRef" &&
	git config --global notes.displayRef "refs/notes/mine" &&
	git model install &&
	git config --global --get-all notes.displayRef >both &&
	test_line_count = 2 both &&
	git model install &&
	git config --global --get-all notes.displayRef >again &&
	test_cmp both again &&
	git model uninstall &&
	test "$(git config --global --get-all notes.displayRef)" = \
		refs/notes/mine
'

test_expect_success 'a wrong value is put right' '
	git config --global filter.model.process "something else" &&
	git model install &&
	test "$(git config --global filter.model.process)" = \
		"git-model filter-process" &&
	git model uninstall
'

test_expect_success '--local and --system write there only' '
	git init -q scopes &&
	(cd scopes && git model install --local --skip-repo) &&
	test "$(git -C scopes config --local filter.model.required)" = true &&
	test_expect_code 1 git config --global filter.model.required &&
	(cd scopes && git model uninstall --local) &&
	test_expect_code 1 git -C scopes config filter.model.required &&
	GIT_CONFIG_SYSTEM="$PWD/system" git model install --system &&
	test "$(git config --file system filter.model.required)" = true &&
	test_expect_code 128 git model install --local 2>err &&
	test_grep "needs a git repository" err &&
	test_expect_code 129 git model install --local --global
'

test_expect_success 'without git-model on PATH its path is written, and works' '
	mkdir "of it'\''s own" &&
	cp "$B/git-model" "of it'\''s own/git-model" &&
	mkdir tools &&
	ln -s "$B/mv-test" tools/mv-test &&
	plain=$PWD/tools:$(path_without) &&
	(
		PATH=$plain &&
		! command -v git-model &&
		make_repo far &&
		cd far &&
		"../of it'\''s own/git-model" install >../out 2>&1 &&
		test_grep "not on PATH" ../out &&
		mv-test random 30000 2 >a.bin &&
		git add a.bin &&
		git commit -q -m two &&
		git cat-file -p HEAD:a.bin >../pointer &&
		git push -q origin HEAD 2>../err &&
		rm a.bin &&
		git checkout -q -- a.bin &&
		mv-test random 30000 2 | cmp - a.bin &&
		git diff HEAD~1 -- a.bin >../diff &&
		"../of it'\''s own/git-model" install >../again 2>&1 &&
		test_grep "nothing to change" ../again
	) &&
	test_grep "^git-model/1" pointer &&
	test_grep "uploaded" err &&
	test_grep "+size: 30000" diff &&
	git model uninstall
'

test_expect_success '--skip-repo leaves the hooks alone' '
	git init -q skipped &&
	snapshot skipped/.git/hooks >expect &&
	(cd skipped && git model install --skip-repo) &&
	snapshot skipped/.git/hooks >actual &&
	test_cmp expect actual
'

test_expect_success 'hooks: made, the same after a second run, removed' '
	git init -q fresh &&
	snapshot fresh/.git/hooks >before &&
	(cd fresh && git model install) &&
	test -x fresh/.git/hooks/pre-push &&
	test -x fresh/.git/hooks/pre-commit &&
	sh -n fresh/.git/hooks/pre-push &&
	test_line_count = 3 fresh/.git/hooks/pre-push &&
	ls -li fresh/.git/hooks >expect &&
	(cd fresh && git model install) &&
	ls -li fresh/.git/hooks >actual &&
	test_cmp expect actual &&
	(cd fresh && git model uninstall && git model install --skip-repo) &&
	snapshot fresh/.git/hooks >after &&
	test_cmp before after
'

test_expect_success 'the hook says what is missing when git-model is gone' '
	(cd fresh && git model install) &&
	mkdir nothing &&
	test_expect_code 1 env PATH="$PWD/nothing" /bin/sh \
		fresh/.git/hooks/pre-push 2>err &&
	test_grep "not on PATH" err
'

test_expect_success 'a hook that was there runs first and sees the same' '
	make_repo plain &&
	write_hook plain/.git/hooks/pre-push &&
	snapshot plain/.git/hooks >before &&
	(cd plain && git model install >../out) &&
	test_grep "run first" out &&
	push_is_seen plain &&
	(cd plain && git model install) &&
	test_path_is_file plain/.git/hooks/pre-push.model-chained &&
	(cd plain && git model uninstall && git model install --skip-repo) &&
	snapshot plain/.git/hooks >after &&
	test_cmp before after
'

test_expect_success 'its failure stops the push before anything is uploaded' '
	make_repo refuse 2 &&
	write_hook refuse/.git/hooks/pre-push &&
	(cd refuse && git model install) &&
	test_must_fail env HOOK_STATUS=7 git -C refuse push -q origin HEAD &&
	test_path_is_missing refuse.git/model &&
	git -C refuse push -q origin HEAD &&
	test_path_is_dir refuse.git/model
'

test_expect_success 'a chained hook without #! runs as git would run it' '
	make_repo bare-words 3 &&
	echo "echo words >\"\$SAW\"" >bare-words/.git/hooks/pre-push &&
	chmod +x bare-words/.git/hooks/pre-push &&
	(cd bare-words && git model install) &&
	rm -f "$SAW" &&
	git -C bare-words push -q origin HEAD &&
	echo words >expect &&
	test_cmp expect "$SAW"
'

test_expect_success 'a symlinked hook stays one' '
	make_repo linked 4 &&
	write_hook linked/scripts/push &&
	ln -s ../../scripts/push linked/.git/hooks/pre-push &&
	snapshot linked/.git/hooks >before &&
	cp linked/scripts/push script &&
	(cd linked && git model install) &&
	push_is_seen linked &&
	cmp script linked/scripts/push &&
	(cd linked && git model uninstall && git model install --skip-repo) &&
	snapshot linked/.git/hooks >after &&
	test_cmp before after
'

test_expect_success 'a hook that is not executable is still not run' '
	make_repo asleep 5 &&
	write_hook asleep/.git/hooks/pre-push &&
	chmod -x asleep/.git/hooks/pre-push &&
	snapshot asleep/.git/hooks >before &&
	(cd asleep && git model install) &&
	rm -f "$SAW" &&
	git -C asleep push -q origin HEAD 2>err &&
	test_grep "uploaded 1 content" err &&
	test_path_is_missing "$SAW" &&
	(cd asleep && git model uninstall && git model install --skip-repo) &&
	snapshot asleep/.git/hooks >after &&
	test_cmp before after
'

test_expect_success 'somebody replaced our hook: nobody loses' '
	git init -q fought &&
	write_hook fought/.git/hooks/pre-push &&
	(cd fought && git model install) &&
	write_hook fought/.git/hooks/pre-push "#!/bin/sh -e" &&
	snapshot fought/.git/hooks >before &&
	(cd fought && git model install >../out 2>../err) &&
	test_grep "not installed: .*another hook is chained" err &&
	snapshot fought/.git/hooks >after &&
	test_cmp before after &&
	(cd fought && git model uninstall 2>../err) &&
	test_grep "not ours any more" err &&
	test_path_is_file fought/.git/hooks/pre-push.model-chained &&
	cp fought/.git/hooks/pre-push.model-chained \
		fought/.git/hooks/pre-push &&
	(cd fought && git model install) &&
	test_grep "exec git-model hook" fought/.git/hooks/pre-push &&
	test_grep SAW fought/.git/hooks/pre-push.model-chained
'

test_expect_success 'a hook that leads back to us does not run for ever' '
	make_repo circle 12 &&
	(cd circle && git model install) &&
	echo "# edited" >>circle/.git/hooks/pre-push &&
	(cd circle && git model install) &&
	test_grep edited circle/.git/hooks/pre-push.model-chained &&
	timeout 20 git -C circle push -q origin HEAD 2>err &&
	test_grep "uploaded 1 content" err &&
	test_line_count = 1 err
'

test_expect_success 'pre-commit (the framework): chained, and not for ever' '
	make_repo framework 6 &&
	mkdir bin &&
	cat >bin/pre-commit <<-\EOS &&
	#!/bin/sh
	# As hook-impl does it: first the legacy hook, then its own checks.
	while test "$1" != --hook-dir; do shift; done
	dir=$2; shift 3
	test -z "$PRE_COMMIT_RUNNING_LEGACY" || {
		echo >&2 "bug: installed in migration mode"; exit 1; }
	in=$(cat)
	if test -x "$dir/pre-push.legacy"
	then
		printf "%s\n" "$in" | PRE_COMMIT_RUNNING_LEGACY=1 \
			"$dir/pre-push.legacy" "$@" || exit 1
	fi
	{ echo "args $*"; printf "%s\n" "$in"; } >>"$SAW"
	EOS
	chmod +x bin/pre-commit &&
	cat >generated <<-\EOS &&
	#!/usr/bin/env bash
	# File generated by pre-commit: https://pre-commit.com
	# ID: 138fd403232d2ddd5efb44317e38bf03
	ARGS=(hook-impl --config=.pre-commit-config.yaml --hook-type=pre-push)
	HERE="$(cd "$(dirname "$0")" && pwd)"
	ARGS+=(--hook-dir "$HERE" -- "$@")
	exec pre-commit "${ARGS[@]}"
	EOS
	cp generated framework/.git/hooks/pre-push &&
	chmod +x framework/.git/hooks/pre-push &&
	snapshot framework/.git/hooks >before &&
	(cd framework && git model install) &&
	PATH="$PWD/bin:$PATH" push_is_seen framework &&
	: "pre-commit install, again: it moves ours aside and runs it" &&
	mv framework/.git/hooks/pre-push framework/.git/hooks/pre-push.legacy &&
	cp generated framework/.git/hooks/pre-push &&
	chmod +x framework/.git/hooks/pre-push &&
	mv-test random 20000 66 >framework/a.bin &&
	git -C framework commit -q -a -m two &&
	rm -f "$SAW" &&
	PATH="$PWD/bin:$PATH" git -C framework push -q origin HEAD:main 2>err &&
	test_grep "uploaded 1 content" err &&
	test_line_count = 2 "$SAW" &&
	: "and git model install puts itself in front again" &&
	(cd framework && git model install) &&
	test_grep "exec git-model hook" framework/.git/hooks/pre-push &&
	mv-test random 20000 67 >framework/a.bin &&
	git -C framework commit -q -a -m three &&
	rm -f "$SAW" &&
	PATH="$PWD/bin:$PATH" git -C framework push -q origin HEAD:main 2>err &&
	test_grep "uploaded 1 content" err &&
	test_line_count = 2 "$SAW" &&
	rm framework/.git/hooks/pre-push.legacy &&
	(cd framework && git model uninstall && git model install --skip-repo) &&
	snapshot framework/.git/hooks >after &&
	test_cmp before after
'

test_expect_success 'core.hooksPath in the work tree: the script gets a block' '
	make_repo relative 7 &&
	write_hook relative/.githooks/pre-push "#!/usr/bin/env bash" &&
	git -C relative config core.hooksPath .githooks &&
	snapshot relative/.githooks >before &&
	mkdir relative/sub &&
	(cd relative/sub && git model install >../../out) &&
	test_grep "calls git-model now" out &&
	test_path_is_missing relative/.githooks/pre-push.model-chained &&
	test_path_is_missing relative/.git/hooks/pre-push &&
	head -n 1 relative/.githooks/pre-push >first &&
	test_grep "^#!/usr/bin/env bash" first &&
	snapshot relative/.githooks >once &&
	(cd relative && git model install) &&
	snapshot relative/.githooks >again &&
	test_cmp once again &&
	push_is_seen relative &&
	test_path_is_file relative/.githooks/pre-commit &&
	(cd relative && git model uninstall && git model install --skip-repo) &&
	snapshot relative/.githooks >after &&
	test_cmp before after
'

test_expect_success 'core.hooksPath elsewhere, reached by a link' '
	make_repo absolute 8 &&
	write_hook dotfiles/pre-push &&
	mkdir shared &&
	ln -s ../dotfiles/pre-push shared/pre-push &&
	git -C absolute config core.hooksPath "$PWD/shared" &&
	snapshot shared >before && snapshot dotfiles >>before &&
	(cd absolute && git model install) &&
	test -L shared/pre-push &&
	push_is_seen absolute &&
	(cd absolute && git model uninstall && git model install --skip-repo) &&
	snapshot shared >after && snapshot dotfiles >>after &&
	test_cmp before after
'

test_expect_success 'a block lets the hook fail, and fails the hook' '
	make_repo blocked 9 &&
	write_hook blocked/.githooks/pre-push &&
	git -C blocked config core.hooksPath .githooks &&
	(cd blocked && git model install) &&
	test_must_fail env HOOK_STATUS=1 git -C blocked push -q origin HEAD &&
	git -C blocked remote set-url origin ssh://nowhere.invalid/x &&
	{ echo "refs/heads/main $(git -C blocked rev-parse HEAD)" \
		"refs/heads/main 0000000000000000000000000000000000000000" &&
	  :; } >in &&
	rm -f "$SAW" &&
	(cd blocked && test_expect_code 1 .githooks/pre-push origin x <../in) &&
	test_path_is_missing "$SAW"
'

test_expect_success 'scripts without a newline at their end come back so' '
	git init -q unended && mkdir -p unended/.githooks unended/.husky/_ &&
	printf "#!/bin/sh" >unended/.githooks/pre-push &&
	: >unended/.githooks/pre-commit && chmod +x unended/.githooks/* &&
	: >unended/.husky/_/h && : >unended/.husky/pre-push &&
	for at in .githooks .husky/_
	do
		git -C unended config core.hooksPath $at &&
		snapshot unended/${at%/_} >before &&
		(cd unended && git model install) &&
		test_grep "git-model: end" unended/${at%/_}/pre-push &&
		test_grep "git-model: end" unended/${at%/_}/pre-commit &&
		sh -n unended/${at%/_}/pre-push &&
		snapshot unended/${at%/_} >once &&
		(cd unended && git model install) &&
		snapshot unended/${at%/_} >again && test_cmp once again &&
		(cd unended && git model uninstall) &&
		snapshot unended/${at%/_} >after && test_cmp before after ||
		return 1
	done && git model install --skip-repo
'

test_expect_success 'what is no shell script is not touched' '
	make_repo python 10 &&
	write_hook python/.githooks/pre-push "#!/usr/bin/env python3" &&
	write_hook python/.githooks/pre-commit &&
	chmod -x python/.githooks/pre-commit &&
	git -C python config core.hooksPath .githooks &&
	snapshot python/.githooks >before &&
	(cd python && git model install 2>../err) &&
	test_grep "pre-push hook not installed: .*no shell script" err &&
	test_grep "pre-commit hook not installed: .*not executable" err &&
	snapshot python/.githooks >after &&
	test_cmp before after
'

test_expect_success 'core.hooksPath that switches hooks off' '
	git init -q off &&
	git -C off config core.hooksPath /dev/null &&
	(cd off && git model install 2>../err) &&
	test_grep "runs no hooks" err
'

test_expect_success 'husky: the script of the project, not the dispatcher' '
	make_repo husky 11 &&
	mkdir -p husky/.husky/_ &&
	cat >husky/.husky/_/h <<-\EOS &&
	#!/usr/bin/env sh
	n=$(basename "$0")
	s=$(dirname "$(dirname "$0")")/$n
	[ ! -f "$s" ] && exit 0
	sh -e "$s" "$@"
	EOS
	for n in pre-push pre-commit
	do
		printf "%s\n" "#!/usr/bin/env sh" ". \"\$(dirname \"\$0\")/h\"" \
			>husky/.husky/_/$n &&
		chmod +x husky/.husky/_/$n || return 1
	done &&
	printf "%s\n" "echo \"args \$*\" >>\"\$SAW\"" "cat >>\"\$SAW\"" \
		>husky/.husky/pre-push &&
	git -C husky config core.hooksPath .husky/_ &&
	snapshot husky/.husky >before &&
	snapshot husky/.husky/_ >dispatcher &&
	(cd husky && git model install) &&
	snapshot husky/.husky/_ >actual &&
	test_cmp dispatcher actual &&
	test_path_is_file husky/.husky/pre-commit &&
	push_is_seen husky &&
	: "those who have no git-model are let pass" &&
	test_expect_code 0 env PATH="/usr/bin:/bin" SAW="$SAW" \
		GIT_CONFIG_GLOBAL=/dev/null \
		sh -e husky/.husky/pre-push origin x </dev/null &&
	(cd husky && git model uninstall && git model install --skip-repo) &&
	snapshot husky/.husky >after &&
	test_cmp before after
'

test_expect_success 'a linked worktree: the hooks of its repository' '
	git init -q treed &&
	git -C treed commit -q --allow-empty -m x &&
	git -C treed worktree add -q ../tree &&
	(cd tree && git model install) &&
	test -x treed/.git/hooks/pre-push &&
	(cd tree && git model uninstall && git model install --skip-repo) &&
	test_path_is_missing treed/.git/hooks/pre-push
'

test_expect_success 'a submodule has hooks of its own' '
	git init -q super &&
	git -C super -c protocol.file.allow=always \
		submodule --quiet add ../treed sub &&
	(cd super/sub && git model install) &&
	test -x super/.git/modules/sub/hooks/pre-push &&
	test_path_is_missing super/.git/hooks/pre-push
'

test_expect_success 'a bare repository' '
	git init -q --bare naked.git &&
	(cd naked.git && git model install) &&
	test -x naked.git/hooks/pre-push
'

test_expect_success '--lfs, and back' '
	git model uninstall &&
	mkdir -p lfs-bin &&
	printf "#!/bin/sh\n" >lfs-bin/git-lfs &&
	chmod +x lfs-bin/git-lfs &&
	cp "$HOME/.gitconfig" before &&
	git config --global filter.lfs.clean "git-lfs clean -- %f" &&
	git config --global filter.lfs.smudge "git-lfs smudge -- %f" &&
	git config --global filter.lfs.process "git-lfs filter-process" &&
	git config --global filter.lfs.required true &&
	git config --global --get-regexp "^filter.lfs" >expect &&
	git model install --lfs &&
	test "$(git config --global filter.lfs.process)" = \
		"git-model filter-process --lfs" &&
	test "$(git config --global filter.lfs.clean)" = \
		"git-lfs clean -- %f" &&
	PATH="$PWD/lfs-bin:$PATH" git model uninstall --lfs &&
	git config --global --get-regexp "^filter.lfs" | sort >actual &&
	sort expect >sorted &&
	test_cmp sorted actual
'

test_expect_success 'without git-lfs nothing of it is left' '
	git config --global --remove-section filter.lfs &&
	git model install --lfs &&
	mkdir no-lfs &&
	ln -s "$(command -v git)" no-lfs/git &&
	PATH="$B:$PWD/no-lfs" git-model uninstall --lfs &&
	test_expect_code 1 git config --global --get-regexp "^filter.lfs"
'

# As git would: it renames over whatever is there.
test_expect_success 'what is no file is not replaced by one' '
	mkfifo device &&
	{ while test -p device; do : >device; done & } &&
	for verb in install uninstall
	do
		test_must_fail env GIT_CONFIG_GLOBAL="$PWD/device" \
			git-model $verb 2>err &&
		test_grep "GIT_CONFIG_GLOBAL is .*device., which is no file" err &&
		test -p device || return 1
	done &&
	mv device gone && cat gone
'

test_done
