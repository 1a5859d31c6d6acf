#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='git model report: pages, a comment, and findings'

. ./lib-test.sh
. "$TEST_DIR/lib-look.sh"

# write_version <n> <auc> <lr>: a commit, a version, a record
write_version () {
	test_tick &&
	mv-test safetensors repo/models/fraud.st f32 200k $1 >/dev/null &&
	git -C repo add . &&
	git -C repo commit -q -m "number $1" &&
	git -C repo tag -a -m v fraud@v1.$1.0 &&
	note HEAD:models/fraud.st '"artifact":"fraud"' \
		"\"metrics\":{\"auc\":$2,\"latency\":$1}" \
		"\"params\":{\"lr\":$3}"
}

test_expect_success 'set up: versions, a stage, a nameless file, curves' '
	git init -q repo &&
	(cd repo && git model install --local && git model track "*.st") &&
	mkdir repo/.gitmodel repo/models &&
	cat >repo/.gitmodel/config <<-\EOC &&
	[artifact "fraud"]
	path = models/fraud.st
	type = model
	description = finds fraud
	[artifact "gone"]
	path = models/gone.st
	[metric "auc"]
	direction = up
	EOC
	mv-test safetensors repo/other.st f32 50k 9 >/dev/null &&
	write_version 1 0.90 0.1 &&
	write_version 2 0.93 0.01 &&
	git -C repo tag -a -m p "fraud#production#1" &&
	write_version 3 0.91 0.001 &&
	printf "step,loss\n1,3\n2,2\n3,1\n" >curves.csv &&
	(cd repo && git model record fraud --metrics-file ../curves.csv)
'

test_expect_success 'pages: overview, one for each artifact, comparison' '
	(cd repo && git model report --html ../site 2>../err) &&
	(cd site && ls) >actual &&
	cat >expected <<-\EOE &&
	artifact-1-fraud.html
	artifact-2-other-st.html
	compare.html
	index.html
	EOE
	test_cmp expected actual &&
	test_grep "gone.* is left out" err &&
	test_grep "4 pages in ../site" err &&
	test_grep "<a href=\"artifact-1-fraud.html\"><bdi>fraud</bdi></a>" \
		site/index.html &&
	test_grep "<td>v1.2.0</td>" site/index.html &&
	test_grep "data-chart=\"curves\"" site/artifact-1-fraud.html &&
	test_grep "data-chart=\"versions\"" site/artifact-1-fraud.html &&
	test_grep "data-chart=\"parallel\"" site/artifact-1-fraud.html &&
	test_grep "Lineage" site/artifact-1-fraud.html &&
	test_grep "1 metric worse" site/compare.html
'

test_expect_success 'a page is whole in itself, and small without charts' '
	test_grep ! -E "(src|href)=\"(https?:|//|file:)" site/*.html &&
	test_grep "default-src .none.; style-src .sha256-" site/index.html &&
	test_grep "Released under the MIT License" site/artifact-1-fraud.html &&
	test_grep ! "Chart.js" site/index.html &&
	test $(test_file_size site/index.html) -lt 40000
'

test_expect_success 'a report is replaced, and pages that are old go' '
	cp site/artifact-1-fraud.html site/artifact-7-old.html &&
	echo mine >site/artifact-8-mine.html &&
	echo mine >site/notes.txt &&
	(cd repo && git model report --html ../site) &&
	test_path_is_missing site/artifact-7-old.html &&
	test_path_is_file site/artifact-8-mine.html &&
	test_path_is_file site/notes.txt
'

test_expect_success 'no other directory is written into but by force' '
	mkdir full &&
	echo "<html>mine</html>" >full/index.html &&
	(
		cd repo &&
		test_expect_code 128 git model report --html ../full 2>../err
	) &&
	test_grep "is not empty and no report of ours; --force" err &&
	test_grep mine full/index.html &&
	(cd full && ls) >actual && echo index.html >expected &&
	test_cmp expected actual &&
	(cd repo && git model report --force --html ../full) &&
	test_grep "git-model report" full/index.html
'

test_expect_success 'what is a link or a pipe there is not read, and not followed' '
	mkdir pipe && mkfifo pipe/index.html &&
	(
		cd repo &&
		test_expect_code 128 timeout 10 git model report --html ../pipe
	) &&
	mkdir linked && cp site/index.html real.html &&
	ln -s ../real.html linked/index.html &&
	cp real.html before.html &&
	(cd repo && git model report --force --html ../linked) &&
	test_path_is_file linked/index.html &&
	cmp before.html real.html
'

test_expect_success 'a comment: marker, verdict, curves' '
	(cd repo && git model report --marker "ci 7 --> x" fraud@v1.2.0^0 HEAD) \
		>comment &&
	head -n 2 comment >actual &&
	cat >expected <<-\EOE &&
	<!-- git-model: ci 7 -__ x -->
	### git-model: 1 metric worse, none better, in 1 artifact
	EOE
	test_cmp expected actual &&
	grep "^| <code>loss</code> | 3 | █▅▁ | 1 |" comment
'

test_expect_success 'one call for a build: everything, then the verdict' '
	(
		cd repo &&
		test_expect_code 1 git model report --html ../all --format md \
			--output ../all.md --junit ../all.xml --annotations \
			--fail-on regression HEAD~1 HEAD >../annotations
	) &&
	test_path_is_file all/compare.html &&
	test_grep "1 metric worse" all.md &&
	test_grep "<failure type=\"worse\"" all.xml &&
	test_grep "^::error file=models/fraud.st," annotations &&
	(
		cd repo &&
		git model report --junit ../better.xml --fail-on regression \
			HEAD~2 HEAD~1 >../out
	) &&
	test_must_be_empty out &&
	test_grep ! "<failure" better.xml
'

test_expect_success 'as JSON: the comparison, and where the pages are' '
	(cd repo && git model report --json --html ../site HEAD~1 HEAD) >json &&
	test "$(json json "\$j->{html}{pages}")" = 4 &&
	test "$(json json "\$j->{comparison}{worse}")" = 1 &&
	test "$(json json "\$j->{html}{directory}")" = ../site
'

test_expect_success 'nothing to compare with: pages all the same, no comment' '
	git init -q first &&
	(cd first && git model install --local && git model track "*.st") &&
	mv-test safetensors first/a.st f32 50k 3 >/dev/null &&
	(
		cd first && git add . && git commit -q -m one &&
		git model report --html ../first-site 2>../err &&
		test_expect_code 128 git model report
	) &&
	test_grep "without a comparison: " err &&
	test_path_is_missing first-site/compare.html &&
	test_grep ! "compare.html" first-site/index.html &&
	test_grep "a.st" first-site/index.html
'

test_expect_success 'an empty repository, and a bare one' '
	git init -q empty &&
	(cd empty && git model report --html ../empty-site) &&
	test_grep "There are none yet" empty-site/index.html &&
	git clone -q --bare repo bare.git &&
	git -C repo push -q --no-verify ../bare.git refs/notes/model:refs/notes/model &&
	(cd bare.git && git model report --html ../bare-site) &&
	test_grep "<bdi>bare</bdi>" bare-site/index.html &&
	test_grep "0.91" bare-site/artifact-1-fraud.html
'

test_expect_success 'the same from a folder below' '
	mkdir -p repo/deep/er &&
	(cd repo/deep/er && git model report --html ../../../deep-site) &&
	(cd deep-site && ls) >actual &&
	(cd site && ls artifact-[12]* [ci]*) >expected &&
	test_cmp expected actual
'

test_expect_success 'options that do not go together' '
	(
		cd repo &&
		test_expect_code 129 git model report --force &&
		test_expect_code 129 git model report --format html &&
		test_expect_code 129 git model report --annotations --format md &&
		test_expect_code 129 git model report --html x --output y &&
		test_expect_code 129 git model report --fail-on nothing &&
		test_expect_code 129 git model report a b c
	) &&
	test_path_is_missing repo/x
'

test_expect_success 'the other commands print pages, too' '
	(
		cd repo &&
		git model diff --format html HEAD~1 HEAD >../diff.html &&
		git model compare --format html fraud >../compare.html &&
		git model plot --html fraud >../plot.html
	) &&
	for f in diff compare plot
	do
		test_grep "Content-Security-Policy" $f.html &&
		test_grep "</html>" $f.html || return 1
	done &&
	test_grep "data-chart=\"parallel\"" compare.html &&
	test_grep "data-chart=\"curves\"" plot.html
'

test_expect_success 'many files of which nothing is known are counted by folder' '
	git init -q plain && cd plain && git model install --local &&
	git model track "*.png" && mkdir -p a/b c &&
	for i in $(seq 25)
	do
		echo "image $i" >a/b/$i.png || return 1
	done &&
	echo one >c/1.png && echo two >c/2.png && echo top >top.png &&
	git add . && git commit -qm images &&
	git model record c/2.png --metric sharp=0.5 &&
	git model report --html ../plain-site 2>../err &&
	test_grep "2 pages in" ../err &&
	ls ../plain-site >../actual &&
	printf "%s\n" artifact-1-c-2-png.html index.html >../expect &&
	test_cmp ../expect ../actual &&
	tr -d "\n" <../plain-site/index.html |
	sed "s/.*id=.others.>//; s/<.section>.*//; s/<[^>]*>/ /g" >../text &&
	test_grep "a/b/ *25 *" ../text && test_grep "c/ *1 *" ../text &&
	test_grep "[.]/ *1 *" ../text
'

test_done
