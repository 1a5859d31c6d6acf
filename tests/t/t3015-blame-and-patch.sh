#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='the text of a content where git takes it for more: git blame
cleans it, and git diff --binary writes it into a patch'

. ./lib-test.sh

# in_store <repo>: what the store has, as a list
in_store () {
	find "$1/.git/model" -type f ! -name model-stat ! -name lock | LC_ALL=C sort
}
# nobody <file>: no line of it is said to be of nobody
nobody () {
	test -s "$1" && test_grep ! "Not Committed" "$1" &&
	test_grep ! "External file" "$1"
}

test_expect_success 'set up' '
	git init -q repo && cd repo && git model install >/dev/null &&
	git model track "*.safetensors" "*.bin" >/dev/null && mkdir sub &&
	mv-test safetensors m.safetensors bf16 300K 1 &&
	mv-test safetensors large.safetensors bf16 9M 2 &&
	mv-test random 4000 3 >sub/a.bin && : >empty.bin &&
	git add . && git commit -q -m one &&
	mv-test safetensors m.safetensors bf16 300K 4 &&
	git commit -q -a -m two && git status --porcelain >../out &&
	test_must_be_empty ../out
'

test_expect_success 'git blame: who it was, also of a large file, and nothing is stored' '
	cd repo && in_store . >../before &&
	for file in m.safetensors large.safetensors sub/a.bin empty.bin
	do
		git blame -s $file >../out || return 1
		test $file = empty.bin || nobody ../out || return 1
	done &&
	git blame -s m.safetensors >../out &&
	test_grep "^$(git rev-parse --short=8 HEAD) .*oid: sha256:$(sha256sum <m.safetensors | cut -c 1-64)" ../out &&
	test_grep "^^$(git rev-parse --short=7 HEAD~1) .*format: safetensors" ../out &&
	(cd sub && git blame --porcelain a.bin) >../out && nobody ../out &&
	git annotate m.safetensors >../out && nobody ../out &&
	git blame --no-textconv m.safetensors >../out && nobody ../out &&
	test_grep "git-model/1" ../out &&
	in_store . >../after && test_cmp ../before ../after
'

test_expect_success 'git blame of a changed file: what changed is of nobody yet' '
	cd repo && mv-test edit sub/a.bin 10 20 5 && in_store . >../before &&
	git blame -s sub/a.bin >../out &&
	test_grep "^00000000 .*oid: sha256:$(sha256sum <sub/a.bin | cut -c 1-64)" ../out &&
	test_grep "^^.*size: 4000" ../out &&
	in_store . >../after && test_cmp ../before ../after &&
	git checkout -q -- .
'

test_expect_success 'where nobody blames, such a text is content like any other' '
	cd repo && git-model diff-text m.safetensors >text.bin && git add text.bin &&
	git cat-file -p :text.bin >../out && test_grep "^git-model/1" ../out &&
	test_grep "$(sha256sum <text.bin | cut -c 1-64)" ../out &&
	git rm -q -f --cached text.bin && rm text.bin
'

# lint-staged: what is not staged goes into a patch, is taken away, and comes back
test_expect_success 'git diff --binary gives a patch that git apply takes' '
	cd repo && mv-test safetensors m.safetensors bf16 310K 6 &&
	mv-test edit sub/a.bin 10 20 7 && mv-test random 50 8 >empty.bin &&
	mv-test safetensors large.safetensors bf16 9M 9 && echo x >plain && git add plain &&
	sha256sum *.safetensors *.bin sub/a.bin >../sums &&
	git diff --binary --unified=0 --no-color --no-ext-diff --src-prefix=a/ \
		--dst-prefix=b/ --patch --submodule=short --output=../patch &&
	git diff --binary >../again && test_grep "^+git-model/1" ../again &&
	git checkout -q --force -- . && test_must_fail sha256sum -c --quiet ../sums 2>/dev/null &&
	git apply -v --whitespace=nowarn --recount --unidiff-zero ../patch &&
	sha256sum -c --quiet ../sums &&
	git checkout -q --force -- . && git apply --3way ../again && sha256sum -c --quiet ../sums
'

test_expect_success 'so do show, log, stash and a diff of commits' '
	cd repo && git commit -q -a -m three && sha256sum *.safetensors *.bin sub/a.bin >../sums &&
	git show --binary >../show && git diff --binary HEAD~1 HEAD >../commits &&
	git log -1 -p --binary >../log && git reset -q --hard HEAD~1 &&
	for patch in show commits log
	do
		git apply --index ../$patch && sha256sum -c --quiet ../sums || return 1
		git reset -q --hard || return 1
	done &&
	mv-test random 60 9 >empty.bin && sha256sum empty.bin >../sums && git stash -q &&
	git stash show -p --binary >../patch && git apply ../patch && sha256sum -c --quiet ../sums
'

test_expect_success 'for people it stays text, and a file with that name changes nothing' '
	cd repo && git diff >../out && test_grep "^+oid: sha256:" ../out &&
	git diff -- empty.bin --binary >../out && test_grep "^+oid: sha256:" ../out
'

test_done
