#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='doctor: each fault planted, found, and mended as it says'

. ./lib-test.sh

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

# finds <level> <check> <regex>: in repo/, by the words after the level
finds () {
	(cd repo && git-model doctor >../out 2>../err)
	test_status_of_doctor=$?
	test_grep -E "^$1 +$2: .*$3" out
}

is_healthy () {
	(cd repo && test_expect_code 0 git model doctor >../out 2>../err) &&
	test_grep ! "^bad" out && test_must_be_empty err
}

# A fault that makes the answer no; with what mends it.
is_bad () {
	finds bad "$@" && test $test_status_of_doctor = 1 &&
	test_grep -E "^bad +$1: .* -> mend: " out
}

is_warned () {
	finds warn "$@" && test $test_status_of_doctor = 0
}

test_expect_success 'set up' '
	git init -q --bare origin.git &&
	git init -q repo &&
	git -C repo remote add origin ../origin.git &&
	(cd repo && git model install && git model track "*.bin") &&
	mv-test random 9M 1 >repo/a.bin &&
	git -C repo add . &&
	git -C repo commit -q -m one &&
	git -C repo push -q origin main
'

test_expect_success 'all is well' '
	is_healthy &&
	test_grep ! "^warn" out &&
	for check in git program configuration hooks store remote attributes \
		files
	do
		test_grep "^ok   $check: " out || return 1
	done
'

test_expect_success '--json' '
	(cd repo && git model doctor --json >../json) &&
	test_grep "\"ok\": true" json &&
	test_grep "\"check\": \"hooks\"" json &&
	git -C repo config filter.model.required false &&
	test_when_finished git -C repo config --unset filter.model.required &&
	(cd repo && test_expect_code 1 git model doctor --json >../json) &&
	test_grep "\"ok\": false" json &&
	test_grep "\"level\": \"bad\"" json &&
	test_grep "\"mend\": \"git config --local --unset-all filter.model.required\"" json
'

test_expect_success 'outside of a repository: the configuration' '
	git model doctor >out &&
	test_grep "none here" out &&
	test_grep "^ok   configuration" out &&
	git model uninstall &&
	test_when_finished git model install &&
	test_expect_code 1 git model doctor >out &&
	test_grep "^bad  configuration: filter.model.process is not set" out
'

test_expect_success 'a driver with another value' '
	git -C repo config merge.model.driver true &&
	is_bad configuration "merge.model.driver is .true." &&
	git -C repo config --unset merge.model.driver &&
	git -C repo config filter.model.process "/no/git-model filter-process" &&
	is_bad configuration "filter.model.process is ./no/git-model" &&
	git -C repo config --unset filter.model.process &&
	is_healthy
'

test_expect_success 'notes that are not displayed are only a warning' '
	git config --global --unset-all notes.displayRef &&
	is_warned configuration "notes.displayRef" &&
	(cd repo && git model install) &&
	is_healthy
'

test_expect_success 'a value of ours that makes no sense' '
	git -C repo config model.smudgeLimit lots &&
	is_bad configuration "model.smudgeLimit.*lots" &&
	git -C repo config --unset model.smudgeLimit &&
	git -C repo config model.lockTimeout soon &&
	is_bad configuration "model.lockTimeout.*soon" &&
	git -C repo config --unset model.lockTimeout
'

test_expect_success 'a .gitmodel/config that cannot be read' '
	mkdir repo/.gitmodel &&
	echo "[filter" >repo/.gitmodel/config &&
	is_bad configuration ".gitmodel/config:1: " &&
	rm -r repo/.gitmodel
'

test_expect_success 'an old git' '
	mkdir old &&
	cat >old/git <<-EOS &&
	#!/bin/sh
	test "\$1" != version || { echo "git version 2.20.1"; exit; }
	exec $(command -v git) "\$@"
	EOS
	chmod +x old/git &&
	(PATH="$PWD/old:$PATH" && is_bad git "2.20 is too old")
'

test_expect_success 'not on PATH; another version on PATH' '
	plain=$(path_without) &&
	(cd repo && PATH=$plain &&
		test_expect_code 1 "$B/git-model" doctor >../out) &&
	test_grep "^bad  program: git-model is not on PATH" out &&
	mkdir other &&
	printf "#!/bin/sh\necho git-model version 0.0.1\n" >other/git-model &&
	chmod +x other/git-model &&
	(cd repo && PATH="$TRASH/work/other:$PATH" &&
		test_expect_code 1 "$B/git-model" doctor >../out) &&
	test_grep "^bad  program: .*another version" out
'

test_expect_success 'hooks: missing, of somebody else, out of reach' '
	rm repo/.git/hooks/pre-push &&
	is_bad hooks "no pre-push hook" &&
	printf "#!/bin/sh\nexit 0\n" >repo/.git/hooks/pre-push &&
	chmod +x repo/.git/hooks/pre-push &&
	is_bad hooks "pre-push. does not call git-model" &&
	(cd repo && git model install) &&
	is_healthy &&
	printf "#!/bin/sh\nexit 1\n" >repo/.git/hooks/pre-push &&
	is_bad hooks "another hook is chained" &&
	rm repo/.git/hooks/pre-push* &&
	(cd repo && git model install) &&
	chmod -x repo/.git/hooks/pre-commit &&
	is_bad hooks "pre-commit" &&
	(cd repo && git model install) &&
	git -C repo config core.hooksPath /dev/null &&
	is_bad hooks "runs no hooks" &&
	git -C repo config --unset core.hooksPath &&
	is_healthy
'

test_expect_success 'no attributes' '
	git init -q repo2 &&
	(cd repo2 && test_expect_code 1 git model doctor --json >../json) &&
	test_grep "no pattern gives files" json
'

test_expect_success 'line ends that git converts' '
	cp repo/.gitattributes saved &&
	echo "*.bin filter=model" >repo/.gitattributes &&
	is_warned attributes "may convert.*a.bin" &&
	git -C repo config core.autocrlf true &&
	is_bad attributes "converts.*a.bin" &&
	git -C repo config --unset core.autocrlf &&
	cp saved repo/.gitattributes &&
	is_healthy
'

test_expect_success 'bytes in the index' '
	mv-test random 5000 2 >repo/raw.bin &&
	blob=$(git -C repo hash-object -w --no-filters raw.bin) &&
	git -C repo update-index --add --cacheinfo 100644,$blob,raw.bin &&
	is_bad files "raw bytes.*raw.bin" &&
	(cd repo && git model add raw.bin) &&
	is_healthy &&
	git -C repo commit -q -m raw &&
	git -C repo push -q origin main
'

test_expect_success 'a pointer in the work tree, its content here' '
	git -C repo show HEAD:a.bin >repo/a.bin &&
	is_warned files "pointer lies" &&
	test_grep "git model checkout" out &&
	(cd repo && git model checkout) &&
	is_healthy
'

test_expect_success 'a pointer in the work tree, its content nowhere' '
	git clone -q origin.git lost &&
	mv repo repo.full &&
	mv lost repo &&
	test_when_finished "rm -rf repo; mv repo.full repo" &&
	(cd repo && git model install) &&
	rm -rf repo/.git/model &&
	mv origin.git/model away &&
	test_when_finished "mv away origin.git/model" &&
	git -C repo show HEAD:a.bin >repo/a.bin &&
	is_warned files "content of 1 file is not here" &&
	test_grep "git model fetch" out
'

test_expect_success 'temporary files that a killed process left' '
	mkdir repo/d &&
	: >repo/d/.git-model-0123456789abcdef.tmp &&
	is_warned files "1 temporary file.*d/.git-model-" &&
	rm -r repo/d &&
	is_healthy
'

test_expect_success 'an index.lock that nobody holds any more' '
	touch -d "1 hour ago" repo/.git/index.lock &&
	is_warned index "index.lock. is 60 minutes old" &&
	rm repo/.git/index.lock
'

test_expect_success 'a store that cannot be opened' '
	mv repo/.git/model saved-model &&
	test_when_finished "rm -rf repo/.git/model;
		mv saved-model repo/.git/model" &&
	mkdir -p repo/.git/model &&
	echo "git-model-store 999" >repo/.git/model/format &&
	is_bad store "."
'

test_expect_success 'a store that is being cleaned' '
	{ flock -x repo/.git/model/lock sleep 3 & } &&
	test_when_finished wait &&
	sleep 0.3 &&
	is_warned store "just now"
'

test "$(id -u)" = 0 && test_skip 'a store without the right to write' root ||
test_expect_success 'a store without the right to write' '
	chmod a-w repo/.git/model/packs &&
	test_when_finished chmod u+w repo/.git/model/packs &&
	is_bad store "cannot be written"
'

test_expect_success 'a store that does not exist yet is no fault' '
	mv repo/.git/model saved-model &&
	test_when_finished "rm -rf repo/.git/model;
		mv saved-model repo/.git/model" &&
	finds ok store "none yet"
'

test_expect_success 'no remote for content; one that does not answer' '
	git -C repo config remote.origin.url ssh://host.invalid/x &&
	is_warned remote "nowhere but here" &&
	git -C repo config modelremote.origin.url ftp://host.invalid/x &&
	is_bad remote "does not answer" &&
	git -C repo config --unset modelremote.origin.url &&
	git -C repo config remote.origin.url ../origin.git &&
	is_healthy
'

test_expect_success 'filter=lfs without a filter' '
	echo "*.lfs filter=lfs" >>repo/.gitattributes &&
	is_bad git-lfs "have no filter" &&
	(cd repo && git model install --lfs) &&
	is_healthy &&
	git config --global --remove-section filter.lfs &&
	cp saved repo/.gitattributes
'

test_expect_success 'what is only worth knowing' '
	git init -q --object-format=sha256 other-names &&
	(cd other-names && git model install && git model doctor >../out) &&
	test_grep "^ok   repository: SHA-256" out &&
	git clone -q --depth 1 "file://$PWD/origin.git" shallow 2>/dev/null &&
	(cd shallow && git model doctor >../out) &&
	test_grep "^ok   repository: shallow" out &&
	git -C repo config core.sparseCheckout true &&
	finds ok repository "sparse" &&
	git -C repo config --unset core.sparseCheckout
'

test_expect_success 'it changes nothing' '
	(cd repo && git model doctor >/dev/null) &&
	touch stamp && sleep 0.02 &&
	(cd repo && git model doctor >/dev/null) &&
	find repo -newer stamp -type f ! -name model-stat >changed &&
	test_must_be_empty changed
'

test_expect_success 'called wrongly' '
	test_expect_code 129 git model doctor twice
'

test_expect_success 'a pointer that was committed without its line of .gitattributes is explained' '
	git init -q bare-of-lines && cd bare-of-lines && git model install --local >/dev/null &&
	git model track "*.bin" && mv-test random 9K 1 >m.bin && git add m.bin && git commit -qm one &&
	git model doctor >../out && test_grep "warn attributes: 1 pointer is staged or committed without the line" ../out &&
	test_grep "clones get the pointer.*first is .m.bin. -> mend: git add .gitattributes" ../out &&
	git add .gitattributes && git model doctor >../out && test_grep ! "clones get the pointer" ../out
'

test_expect_success 'a configuration of the team that stops commands is bad' '
	git init -q team && cd team && mkdir .gitmodel &&
	for text in "[artifact \"m\"]\npath = ../a.bin\n" \
		"[artifact \"m\"]\npath = a.bin\npath = b.bin\n" \
		"[artifact \"m\"]\npath = a\n[artifact \"n\"]\npath = ./a\n" \
		"[metric \"auc\"]\ndirection = up\n  down\n"
	do
		printf "$text" >.gitmodel/config &&
		test_expect_code 1 git model doctor >out &&
		test_grep "bad.*configuration.*\.gitmodel/config:[0-9]" out ||
		return 1
	done
'

test_done
