#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='workflows: what they fetch, and what their steps do'
. ./lib-test.sh

# Steps of the templates are taken out of them and run as a CI system would,
# in clones that are as shallow as theirs; gh and curl are ours, keep comments
# in a file, and write down how they were called.
SRC=$(cd "$TEST_DIR/../.." && pwd)
command -v jq >/dev/null || {
	skip_all='jq is missing'
	test_done
}
URL=file://$TRASH/work/up.git

# A value of a JSON file: json <file> <perl expression over $j>
json () {
	perl -MJSON::PP -e 'local $/; open my $f, "<", $ARGV[0] or die;
		my $j = JSON::PP->new->decode(<$f>);
		my $v = eval $ARGV[1]; die $@ if $@;
		print ref $v eq "ARRAY" ? map { "$_\n" } @$v :
			defined $v ? "$v\n" : "\n"' "$1" "$2"
}

# evidence <rev>:f.bin <auc>: a record on what is there
evidence () {
	evidence_oid=$(git cat-file blob $1 | sed -n 's/^oid //p') &&
	printf '{"t":"2026-01-01T00:00:%02d.000Z","kind":"evidence","by":"A <a@b>","content":"%s","id":"%016d","metrics":{"auc":%s}}\n' \
		$((nr = nr + 1)) $evidence_oid $nr $2 >../note &&
	git notes --ref=model add -f -F ../note $(git rev-parse $1)
}

# pointer <seed>: commit another content
pointer () {
	mv-test random 1000 $1 >f.bin && test_tick && git commit -qam "$2"
}

history () {
	history_on=$(git symbolic-ref HEAD) && history_from="from $history_on^0" &&
	for i in $(seq $1)
	do
		test_tick && printf "commit %s\ncommitter A <a@b> %s\ndata <<E\n%s\nE\n%s\n" \
			$history_on "$GIT_COMMITTER_DATE" "$2 $i" "$history_from" || return 1
		history_from=
	done >../stream && git fast-import --quiet <../stream
}

# A clone as a CI system makes it: shallow <folder> <branch>, then cd there
shallow () {
	rm -rf "$1" && git clone -q --depth 1 --no-tags --branch "$2" "$URL" "$1" &&
	cd "$1"
}

test_expect_success 'a repository with evidence, and branches that part from it' '
	git init -q dev && cd dev && git model install --local &&
	git model track "*.bin" && mkdir .gitmodel &&
	printf "[artifact \"fraud\"]\npath = f.bin\n[metric \"auc\"]\ndirection = up\n" >.gitmodel/config &&
	mv-test random 1000 1 >f.bin && git add . && git commit -qm one &&
	evidence HEAD:f.bin 0.5 && git model register fraud @v0.1.0 &&
	history 20 old && pointer 2 two && evidence HEAD:f.bin 0.9 &&
	git model register fraud @v1.0.0 && git tag release-1 &&
	git checkout -q -b worse && pointer 3 worse && evidence HEAD:f.bin 0.7 &&
	git checkout -q -b better main && pointer 4 better && evidence HEAD:f.bin 0.95 &&
	git checkout -q -b other main && history 1 other && git checkout -q main && history 90 new &&
	git checkout -q --orphan alone && git commit -qm alone && git checkout -q main &&
	git checkout -q -b governed better && printf "[branch \"governed\"]\nmetric = auc >= 0.8\n" >.gitmodel/policy &&
	git add . && git commit -qm policy && git checkout -q -b bad governed && pointer 6 bad && evidence HEAD:f.bin 0.6 &&
	git rm -q .gitmodel/policy && git commit -qm "no policy" && git checkout -q -b fine governed && pointer 7 fine &&
	evidence HEAD:f.bin 0.85 && git checkout -q main &&
	git clone -q --bare --no-local . ../up.git && git remote add origin ../up.git &&
	git push -q origin refs/notes/model &&
	git rev-parse main >../base && git merge-base main worse >../parted
'

# -- git model ci fetch ---------------------------------------------------------

test_expect_success 'a clone of one commit gets tags, records, base and history' '
	shallow c worse && test "$(git rev-list --count HEAD)" = 1 &&
	git model ci fetch $(cat ../base) HEAD >../out 2>../err && test_grep "parted at $(cut -c 1-12 ../parted)" ../out &&
	git tag >../actual && printf "%s\n" fraud@v0.1.0 fraud@v1.0.0 >../expect && test_cmp ../expect ../actual &&
	git rev-parse refs/notes/model >../actual && git -C ../dev rev-parse refs/notes/model >../expect &&
	test_cmp ../expect ../actual && git merge-base HEAD $(cat ../base) >../actual && test_cmp ../parted ../actual &&
	git model diff --json $(cat ../base)...HEAD >../json &&
	test "$(json ../json "\$j->{metrics}{\"f.bin\"}{auc}{old}")" = 0.9
'

test_expect_success 'the second time nothing happens' '
	shallow c worse && git model ci fetch --max-depth 90 $(cat ../base) HEAD && git for-each-ref >../refs && cp .git/shallow ../cut &&
	git model ci fetch $(cat ../base) HEAD >../out 2>../err && test_must_be_empty ../err &&
	test_grep "everything was here" ../out && git for-each-ref >../actual && test_cmp ../refs ../actual && cmp .git/shallow ../cut
'

test_expect_success 'history is deepened in steps, and no further than allowed' '
	shallow c worse && test_expect_code 128 git model ci fetch --max-depth 70 $(cat ../base) 2>../err &&
	test_grep "within 70 more commits" ../err && test_grep "deepening history by 64 commits" ../err &&
	test_grep "deepening history by 6 commits" ../err && test "$(git rev-parse --is-shallow-repository)" = true &&
	git model ci fetch --max-depth 30 --json $(cat ../base) >../json && test "$(json ../json "\$j->{deepened}")" = 30 &&
	test "$(json ../json "\$j->{merge_base}")" = "$(cat ../parted)"
'

test_expect_success 'a tag of an old commit brings the commit and not its history' '
	shallow c main && git model ci fetch --json >../json && test "$(json ../json "\$j->{tags}")" = 2 &&
	test "$(json ../json "\$j->{base}")" = "" && test "$(git rev-list --all --not refs/notes/model | wc -l)" = 3 &&
	git model which fraud@latest >../out && test_grep v1.0.0 ../out
'

test_expect_success 'a tag of a commit that is here cuts nothing off' '
	rm -rf c && git clone -q --depth 95 --no-tags "$URL" c && cd c && git rev-list --count HEAD >../expect &&
	test "$(cat ../expect)" = 95 && git model ci fetch && git rev-list --count HEAD >../actual && test_cmp ../expect ../actual &&
	git rev-parse fraud@v1.0.0
'

test_expect_success 'a clone with all of history stays one, and --unshallow makes one' '
	rm -rf c && git clone -q --no-tags "$URL" c && cd c && git update-ref -d refs/remotes/origin/worse &&
	git model ci fetch --json worse >../json && test "$(json ../json "\$j->{commits}")" = 1 &&
	test "$(json ../json "\$j->{shallow}")" = 0 && test "$(json ../json "\$j->{deepened}")" = 0 && test "$(git rev-list --count HEAD)" = 112 && cd .. &&
	shallow c worse && git model ci fetch --unshallow main && test "$(git rev-parse --is-shallow-repository)" = false &&
	git rev-list --count origin/main >../actual && echo 112 >../expect && test_cmp ../expect ../actual
'

test_expect_success 'base is a branch of the remote, whatever that is called; or the remote is a URL' '
	shallow c worse && git remote rename origin "up-stream" && git model ci fetch up-stream/main &&
	git rev-parse refs/remotes/up-stream/main >../actual && test_cmp ../base ../actual && cd .. &&
	shallow c worse && git remote remove origin && test_expect_code 128 git model ci fetch main 2>../err &&
	test_grep -e "--remote" ../err && git model ci fetch --remote "$URL" main >../out &&
	test_grep "parted at" ../out && git rev-parse refs/notes/model && git rev-parse fraud@v1.0.0
'

test_expect_success 'a head that was made here, and a server that gives no commit by its id' '
	shallow c worse && test_tick && git commit -q --allow-empty -m "made here" &&
	git model ci fetch main >../out && test_grep "parted at $(cut -c 1-12 ../parted)" ../out && cd .. &&
	shallow c worse && git config protocol.version 0 && git model ci fetch main && git merge-base origin/main HEAD && cd .. &&
	shallow c worse && git config protocol.version 0 && test_tick && git commit -q --allow-empty -m "made here" &&
	git model ci fetch main >../out && test_grep "parted at $(cut -c 1-12 ../parted)" ../out
'

test_expect_success 'a clone that is used again asks for the branch of the remote anew' '
	shallow c worse && git model ci fetch origin/main && git rev-parse refs/model-ci/base >../actual && test_cmp ../base ../actual &&
	git rev-parse HEAD >../expect && git rev-parse refs/model-ci/head >../actual && test_cmp ../expect ../actual &&
	git -C ../dev checkout -q -b moving main && (cd ../dev && history 2 more) && git -C ../dev push -q --no-verify origin moving &&
	git update-ref refs/remotes/origin/moving origin/main && git model ci fetch --json origin/moving >../json &&
	test "$(json ../json "\$j->{commits}")" = 1 && git -C ../dev rev-parse moving >../expect &&
	git rev-parse refs/model-ci/base >../actual && test_cmp ../expect ../actual && git -C ../dev checkout -q main &&
	test "$(json ../json "\$j->{merge_base}")" = "$(cat ../parted)"
'

test_expect_success 'what cannot be had is named' '
	shallow c worse && test_expect_code 128 git model ci fetch nosuch 2>../err && test_grep "nosuch" ../err &&
	test_expect_code 128 git model ci fetch 0123456789012345678901234567890123456789 2>../err && test_grep "cannot be had" ../err &&
	test_expect_code 128 git model ci fetch -- --upload-pack=x 2>../err && test_grep "neither a commit" ../err &&
	test_expect_code 128 git model ci fetch "a:b" 2>../err && test_grep "neither a commit" ../err &&
	test_expect_code 128 git model ci fetch --remote=--upload-pack=x main && cd .. &&
	shallow c alone && test_expect_code 128 git model ci fetch --max-depth 100000 main 2>../err && test_grep "no history in common" ../err
'

test_expect_success 'a tag that is something else here is left alone, with a word' '
	shallow c worse && git tag -a -m mine fraud@v1.0.0 && git rev-parse fraud@v1.0.0 >../expect &&
	git model ci fetch --json >../json 2>../err && test "$(json ../json "\$j->{differing_tags}")" = 1 &&
	test_grep "fraud@v1.0.0" ../err && git rev-parse fraud@v1.0.0 >../actual && test_cmp ../expect ../actual
'

# -- git model ci init -----------------------------------------------------------

test_expect_success 'init writes the template, and nothing over another' '
	git init -q i && cd i && mkdir sub && cd sub && git model ci init github >../../out && cd .. &&
	test_grep ".github/workflows/git-model.yml" ../out && cmp .github/workflows/git-model.yml "$SRC/docs/ci/github.yml" &&
	git model ci init gitlab && cmp .gitlab-ci.yml "$SRC/docs/ci/gitlab-ci.yml" &&
	git model ci init jenkins && cmp Jenkinsfile "$SRC/docs/ci/Jenkinsfile" &&
	echo mine >.gitlab-ci.yml && test_expect_code 128 git model ci init gitlab 2>../err && test_grep "is there already" ../err &&
	echo mine >../expect && test_cmp ../expect .gitlab-ci.yml && git model ci init --force gitlab &&
	cmp .gitlab-ci.yml "$SRC/docs/ci/gitlab-ci.yml"
'

test_expect_success 'init --stdout, a link in the way, and wrong words' '
	mkdir outside && cd i && rm -rf .github Jenkinsfile && git model ci init --stdout github >../out && cmp ../out "$SRC/docs/ci/github.yml" &&
	test_path_is_missing .github && ln -s ../outside .github && test_expect_code 128 git model ci init --force github &&
	test_path_is_missing ../outside/workflows && ln -s ../outside/x Jenkinsfile && test_expect_code 128 git model ci init --force jenkins &&
	test_path_is_missing ../outside/x && test_expect_code 129 git model ci init && test_expect_code 129 git model ci init svn &&
	test_expect_code 129 git model ci && test_expect_code 129 git model ci init --json github &&
	test_expect_code 129 git model ci fetch --force && cd ../up.git && git model ci init --stdout jenkins >../out &&
	cmp ../out "$SRC/docs/ci/Jenkinsfile" && test_expect_code 128 git model ci init jenkins
'

# -- what the templates may do ----------------------------------------------------

test_expect_success 'github: read only, no secrets, actions of a version, everything ends' '
	mv-test yaml "$SRC/docs/ci/github.yml" >gh.json && json gh.json "[keys %{\$j->{on}}]" >actual && echo pull_request >expect &&
	test_cmp expect actual && test "$(json gh.json "scalar keys %{\$j->{permissions}}")" = 0 &&
	json gh.json "[map { my \$n = \$_; map { \"\$n \$_ \$j->{jobs}{\$n}{permissions}{\$_}\" } keys %{\$j->{jobs}{\$n}{permissions}} } sort keys %{\$j->{jobs}}]" >actual &&
	printf "%s\n" "comment pull-requests write" "models contents read" >expect && test_cmp expect actual &&
	json gh.json "[grep { !\$j->{jobs}{\$_}{\"timeout-minutes\"} } keys %{\$j->{jobs}}]" >actual && test_must_be_empty actual &&
	json gh.json "[map { \$_->{uses} || () } map { @{\$j->{jobs}{\$_}{steps}} } keys %{\$j->{jobs}}]" >uses && test_line_count = 3 uses &&
	! grep -vE "^actions/[a-z-]+@v[0-9]+\$" uses && json gh.json "[map { \$_->{uses} || () } @{\$j->{jobs}{comment}{steps}}]" >uses &&
	test_grep ! checkout uses && json gh.json "\$j->{jobs}{comment}{if}" >if &&
	test_grep "head.repo.full_name == github.repository" if && grep -v "^ *#" "$SRC/docs/ci/github.yml" >plain && test_grep ! "secrets\\." plain
'

test_expect_success 'github: nothing of the event is written into a script' '
	json gh.json "[map { \$_->{run} || () } map { @{\$j->{jobs}{\$_}{steps}} } keys %{\$j->{jobs}}]" >runs &&
	test_grep "git model diff" runs && test_grep ! -F "\${{" runs
'

test_expect_success 'gitlab: only in merge requests, results are kept, everything ends' '
	mv-test yaml "$SRC/docs/ci/gitlab-ci.yml" >gl.json && json gl.json "\$j->{\"git-model\"}{rules}[0]{if}" >if &&
	test_grep merge_request_event if && json gl.json "\$j->{\"git-model\"}{artifacts}{reports}{junit}" >out &&
	test_grep "git-model-report/\\*.xml" out && test "$(json gl.json "\$j->{\"git-model\"}{artifacts}{when}")" = always &&
	test "$(json gl.json "\$j->{\"git-model\"}{timeout}")" = "30 minutes" && test_grep ! "CI_MERGE_REQUEST_TITLE" gl.json
'

# -- github, run -------------------------------------------------------------------

# Comments are $TRASH/comments.json, calls $TRASH/calls.
mkdir "$TRASH/bin"
cat >"$TRASH/bin/gh" <<\EOT
#!/bin/sh
state=$TRASH/comments.json
printf '%s\n' "gh $*" >>"$TRASH/calls"
test "$GH_TOKEN" = the-token && test "$1" = api && shift || exit 4
method=GET filter=. body= path=
while test $# -gt 0
do
	case "$1" in
	--paginate|--silent) ;;
	-X) method=$2 && shift ;;
	--jq) filter=$2 && shift ;;
	-F) body=${2#body=@} && shift ;;
	-*) exit 5 ;;
	*) path=$1 ;;
	esac
	shift
done
case "$method $path" in
"GET repos/o/r/issues/7/comments?per_page=100")
	jq -r "$filter" "$state" ;;
"POST repos/o/r/issues/7/comments")
	jq --rawfile b "$body" '. + [{id: (length + 100), user: {login: "github-actions[bot]"}, body: $b}]' "$state" >"$state.new" ;;
"PATCH repos/o/r/issues/comments/"*)
	jq --rawfile b "$body" --argjson id "${path##*/}" 'map(if .id == $id then .body = $b else . end)' "$state" >"$state.new" ;;
*)
	exit 6 ;;
esac && { test ! -f "$state.new" || mv "$state.new" "$state"; }
EOT
cat >"$TRASH/bin/curl" <<\EOT
#!/bin/sh
state=$TRASH/comments.json
printf '%s\n' "curl $*" >>"$TRASH/calls"
method=GET body= url= token=
while test $# -gt 0
do
	case "$1" in
	--config) test "$2" = - && token=$(cat) && shift ;;
	--silent|--show-error|--fail) ;;
	--max-time) shift ;;
	-X) method=$2 && shift ;;
	--data-urlencode) body=${2#body@} && shift ;;
	-*) exit 5 ;;
	*) url=$1 ;;
	esac
	shift
done
test "$token" = 'header = "PRIVATE-TOKEN: the-token"' || exit 22
notes=https://gitlab.example/api/v4/projects/1/merge_requests/7/notes
case "$method $url" in
"GET https://gitlab.example/api/v4/user")
	echo '{"id":42}' ;;
"GET $notes?per_page=100&page="*)
	jq --argjson p "${url##*=}" '.[(($p - 1) * 100):($p * 100)]' "$state" ;;
"POST $notes")
	jq --rawfile b "$body" '. + [{id: (length + 100), author: {id: 42}, body: $b}]' "$state" >"$state.new" ;;
"PUT $notes/"*)
	jq --rawfile b "$body" --argjson id "${url##*/}" 'map(if .id == $id then .body = $b else . end)' "$state" >"$state.new" ;;
*)
	exit 22 ;;
esac && { test ! -f "$state.new" || mv "$state.new" "$state"; }
EOT
cat >"$TRASH/bin/apt-get" <<\EOT
#!/bin/sh
echo "apt-get $*" >>"$TRASH/calls"
EOT
chmod +x "$TRASH/bin/"*
PATH="$TRASH/bin:$PATH"
export TRASH

# What github.<...> is worth in an `env:`, and the words that are no ids: they
# must not come to where they are obeyed.
evil='x";touch${IFS}HACKED;$(touch${IFS}HACKED)`touch${IFS}HACKED`'
event () {
	cat >"$TRASH/event.json" <<-EOT
	{ "github.event.pull_request.base.ref": $(printf %s "${1:-main}" | jq -R .),
	  "github.event.pull_request.head.sha": "$(git rev-parse HEAD)",
	  "github.event.pull_request.number": "7",
	  "github.repository": "o/r", "github.token": "the-token" }
	EOT
}

# step <job> <name>: as the runner does it, in the clone. 97: no such step, or
# an expression that is not expected.
step () {
	JOB=$1 STEP=$2 perl -MJSON::PP -e '
		sub load { local $/; open my $f, "<", shift or die; decode_json(<$f>) }
		my ($j, $e) = (load($ARGV[0]), load($ARGV[1]));
		my $job = $j->{jobs}{$ENV{JOB}};
		my ($s) = grep { ($_->{name} // "") eq $ENV{STEP} } @{$job->{steps}};
		exit 97 unless $s && $s->{run};
		my %env = (%{$j->{env} || {}}, %{$job->{env} || {}}, %{$s->{env} || {}});
		for my $k (sort keys %env) {
			my $v = $env{$k};
			if ($v =~ /^\$\{\{ (.*) \}\}$/) { $v = $e->{$1} // exit 97 }
			$v = $ENV{"SET_$k"} if defined $ENV{"SET_$k"};
			$v =~ s/\x27/\x27\\\x27\x27/g;
			print "export $k=\x27$v\x27\n";
		}
		print $s->{run}' "$TRASH/work/gh.json" "$TRASH/event.json" >"$TRASH/step.sh" || return 97
	GITHUB_STEP_SUMMARY=$TRASH/summary GITHUB_WORKSPACE=$PWD RUNNER_TEMP=$TRASH/tmp \
	GITHUB_HEAD_REF=$evil GITHUB_REF_NAME=$evil \
		bash --noprofile --norc -eo pipefail "$TRASH/step.sh"
}

test_expect_success 'github: a regression is seen, said everywhere, and fails the gate' '
	echo "[]" >"$TRASH/comments.json" && : >"$TRASH/calls" && : >"$TRASH/summary" && shallow c worse && event &&
	step models "Install git" && step models "Install git-model" && test_must_be_empty "$TRASH/calls" &&
	step models "Fetch records, tags and history" && git rev-parse refs/notes/model fraud@v1.0.0 &&
	step models Compare >../annotations && test_grep "^::error file=f.bin,.*auc: 0.9 -> 0.7" ../annotations &&
	test_grep "1 metric worse" "$TRASH/summary" && test_grep "<failure" git-model-report/diff.xml &&
	test_expect_code 1 step models Gate
'

test_expect_success 'github: the comment is made once, then updated' '
	cd c && event && step comment "Update the one comment" && test "$(jq length "$TRASH/comments.json")" = 1 &&
	test_grep "POST" "$TRASH/calls" && test_grep ! PATCH "$TRASH/calls" && : >"$TRASH/calls" &&
	jq -r ".[0].body" "$TRASH/comments.json" >../body && test_grep "<!-- git-model: diff -->" ../body && test_grep "0.7" ../body &&
	cd .. && shallow c better && event && step models "Fetch records, tags and history" && step models Compare >../annotations &&
	test_must_be_empty ../annotations && step models Gate && step comment "Update the one comment" &&
	test "$(jq length "$TRASH/comments.json")" = 1 && test_grep ! POST "$TRASH/calls" && test_grep "PATCH repos/o/r/issues/comments/100" "$TRASH/calls" &&
	jq -r ".[0].body" "$TRASH/comments.json" >../body && test_grep "0.95" ../body && test_grep ! "0\\.7" ../body
'

test_expect_success 'github: the marker in a comment of somebody else is not ours' '
	echo "[{\"id\":5,\"user\":{\"login\":\"mallory\"},\"body\":\"<!-- git-model: diff --> hello\"}]" >"$TRASH/comments.json" &&
	cd c && step comment "Update the one comment" && test "$(jq length "$TRASH/comments.json")" = 2 &&
	test "$(jq -r ".[0].body" "$TRASH/comments.json")" = "<!-- git-model: diff --> hello"
'

test_expect_success 'github: where no artifact differs, no comment is made, but one is updated' '
	echo "[]" >"$TRASH/comments.json" && shallow c other && event && step models "Fetch records, tags and history" &&
	step models Compare && step models Gate && step comment "Update the one comment" && test "$(jq length "$TRASH/comments.json")" = 0 &&
	echo "[{\"id\":100,\"user\":{\"login\":\"github-actions[bot]\"},\"body\":\"<!-- git-model: diff --> old\"}]" >"$TRASH/comments.json" &&
	step comment "Update the one comment" && jq -r ".[0].body" "$TRASH/comments.json" >../body && test_grep "no artifact differs" ../body
'

test_expect_success 'github: git-model is built from what was filled in, and not without' '
	git init -q fake && cd fake && mkdir scripts && printf "#!/bin/sh\necho deps \"\$@\" >>\"%s/calls\"\n" "$TRASH" >scripts/deps.sh &&
	chmod +x scripts/deps.sh && printf "install:\n\techo installed >>\"%s/calls\"\n" "$TRASH" >Makefile && git add . && git commit -qm 1 &&
	git tag v9 && cd ../c && : >"$TRASH/calls" && mkdir ../tools && for tool in git make nproc cat sh bash perl env
	do
		ln -sf "$(command -v $tool)" ../tools/$tool || return 1
	done && (PATH=$TRASH/work/tools && test_expect_code 1 step models "Install git-model") >../out && test_grep "^::error::fill in" ../out &&
	(PATH=$TRASH/work/tools SET_GIT_MODEL_URL=$TRASH/work/fake SET_GIT_MODEL_REV=v9 && export SET_GIT_MODEL_URL SET_GIT_MODEL_REV &&
	 step models "Install git-model") && printf "%s\n" "deps make build" installed >../expect && test_cmp ../expect "$TRASH/calls"
'

test_expect_success 'github: a policy of the target decides, whatever the proposal makes of it, and does not switch the comparison off' '
	: >"$TRASH/summary" && shallow c bad && event governed && step models "Fetch records, tags and history" && step models Compare &&
	test_expect_code 1 step models Gate >../out && test_grep "metric = auc >= 0.8" ../out && cd .. && shallow c fine && event governed &&
	step models "Fetch records, tags and history" && step models Compare &&
	test_expect_code 1 step models Gate >../out && test_grep "yes: change fraud" ../out && test_grep "1 metric worse" ../out &&
	git update-ref refs/model-ci/base refs/model-ci/head && step models Gate
'

test_expect_success 'github: hostile names are names' '
	cd dev && git checkout -q -b "$evil" main && pointer 5 "$evil" && evidence HEAD:f.bin 0.1 && git push -q origin "$evil" refs/notes/model &&
	git checkout -q main && cd .. && echo "[]" >"$TRASH/comments.json" && shallow c "$evil" && event &&
	step models "Fetch records, tags and history" && step models Compare && test_expect_code 1 step models Gate &&
	step comment "Update the one comment" && test "$(jq length "$TRASH/comments.json")" = 1 && cd .. &&
	shallow c better && event "$evil" && step models "Fetch records, tags and history" && step models Compare && step models Gate && find "$TRASH" -name "HACKED*" >../found && test_must_be_empty ../found
'

# -- gitlab, run --------------------------------------------------------------------

# lab <section>: one shell for all its lines, as the runner has it. script
# goes with before_script.
lab () {
	case $1 in
	script) lab_keys='qw(before_script script)' ;;
	*) lab_keys="qw($1)" ;;
	esac
	json "$TRASH/work/gl.json" "[map { @{\$j->{'git-model'}{\$_}} } $lab_keys]" >"$TRASH/step.sh" &&
	CI_PROJECT_ID=${PROJECT:-1} CI_PROJECT_DIR=$PWD CI_API_V4_URL=https://gitlab.example/api/v4 \
	CI_MERGE_REQUEST_PROJECT_ID=1 CI_MERGE_REQUEST_IID=7 CI_MERGE_REQUEST_PROJECT_URL="${URL%.git}" \
	CI_MERGE_REQUEST_TARGET_BRANCH_NAME=${TARGET:-main} CI_COMMIT_SHA=$(git rev-parse HEAD) \
	CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=$evil CI_MERGE_REQUEST_TITLE=$evil CI_COMMIT_REF_NAME=$evil \
		bash -eo pipefail "$TRASH/step.sh"
}

test_expect_success 'gitlab: a regression fails, and the report stays' '
	shallow c worse && test_expect_code 1 lab script && test_grep "1 metric worse" git-model-report/diff.md &&
	test_grep "<failure" git-model-report/diff.xml && : >"$TRASH/calls" && lab after_script >../out && test_grep "no note" ../out &&
	test_must_be_empty "$TRASH/calls"
'

test_expect_success 'gitlab: the note is made once, then updated, also on its third page' '
	cd c && echo "[]" >"$TRASH/comments.json" && GIT_MODEL_TOKEN=the-token lab after_script &&
	test "$(jq length "$TRASH/comments.json")" = 1 && test_grep "POST" "$TRASH/calls" && : >"$TRASH/calls" &&
	jq "[range(250) | {id: ., author: {id: 1}, body: \"<!-- git-model: diff -->\"}] + ." "$TRASH/comments.json" >../many &&
	cp ../many "$TRASH/comments.json" && cd .. && shallow c better && lab script && GIT_MODEL_TOKEN=the-token lab after_script &&
	test "$(jq length "$TRASH/comments.json")" = 251 && test_grep ! POST "$TRASH/calls" && test_grep "PUT .*/notes/100 " "$TRASH/calls" &&
	test_grep ! the-token "$TRASH/calls" && jq -r ".[250].body" "$TRASH/comments.json" >../body && test_grep "0.95" ../body
'

test_expect_success 'gitlab: a fork has its records from the project' '
	git clone -q --bare --no-tags "$URL" fork.git && git -C fork.git update-ref -d refs/notes/model && rm -rf c &&
	git clone -q --depth 1 --no-tags --branch worse "file://$TRASH/work/fork.git" c && cd c && PROJECT=2 test_expect_code 1 lab script &&
	test_grep "1 metric worse" git-model-report/diff.md && git rev-parse refs/notes/model
'

test_expect_success 'gitlab: a policy of the target decides, and does not switch the comparison off' '
	shallow c bad && TARGET=governed test_expect_code 1 lab script >../out && test_grep "metric = auc >= 0.8" ../out && cd .. &&
	shallow c fine && TARGET=governed test_expect_code 1 lab script >../out && test_grep "yes: change fraud" ../out &&
	test_grep "1 metric worse" ../out
'

test_expect_success 'gitlab: hostile names are names' '
	shallow c "$evil" && test_expect_code 1 lab script && GIT_MODEL_TOKEN=the-token lab after_script && cd .. &&
	shallow c better && TARGET=$evil lab script &&
	find "$TRASH" -name "HACKED*" >../found && test_must_be_empty ../found
'

# -- jenkins, run -------------------------------------------------------------------

# The scripts between three quotes, in their order.
perl -0777 -ne '$n = 0; while (/sh \x27\x27\x27(.*?)\x27\x27\x27/sg) {
	open my $f, ">", "jenkins-" . ++$n . ".sh"; print $f $1 }' "$SRC/docs/ci/Jenkinsfile"

test_expect_success 'jenkins: every script is quoted so that Groovy leaves it alone, and brackets fit' '
	test_grep ! "sh [\"(]" "$SRC/docs/ci/Jenkinsfile" && test_path_is_file jenkins-2.sh && test_path_is_missing jenkins-3.sh &&
	grep -v "^ *//" "$SRC/docs/ci/Jenkinsfile" >plain && test "$(tr -cd "{" <plain | wc -c)" = "$(tr -cd "}" <plain | wc -c)"
'

jenkins () {
	CHANGE_TARGET=$2 CHANGE_BRANCH=$evil CHANGE_TITLE=$evil WORKSPACE_TMP=$TRASH/tmp GIT_MODEL_URL= GIT_MODEL_REV= \
		sh -xe "$TRASH/work/jenkins-$1.sh"
}

test_expect_success 'jenkins: builds, compares, and fails' '
	shallow c worse && jenkins 1 main && test_expect_code 1 jenkins 2 main && test_grep "<failure" git-model-report/diff.xml && cd .. &&
	shallow c better && jenkins 2 main && test_grep "no metric worse, 1 better" git-model-report/diff.md
'

test_expect_success 'jenkins: a policy of the target decides, and does not switch the comparison off' '
	shallow c bad && test_expect_code 1 jenkins 2 governed >../out && test_grep "metric = auc >= 0.8" ../out && cd .. &&
	shallow c fine && test_expect_code 1 jenkins 2 governed >../out && test_grep "yes: change fraud" ../out &&
	test_grep "1 metric worse" ../out
'

test_expect_success 'jenkins: a target may be called anything' '
	shallow c better && test_expect_code 128 jenkins 2 nosuch 2>../err && test_grep "cannot be had" ../err &&
	jenkins 2 "$evil" && git rev-parse "refs/remotes/origin/$evil" && find "$TRASH" -name "HACKED*" >../found &&
	test_must_be_empty ../found
'

test_expect_success 'a tag with the name of a branch of the remote is not fetched for it' '
	shallow named better && git tag worse HEAD && test_expect_code 128 git model ci fetch worse HEAD 2>../err &&
	test_grep "of a tag and of a branch of .origin.: say which, refs/tags/worse or origin/worse" ../err &&
	git model ci fetch origin/worse HEAD && git tag main HEAD &&
	test_expect_code 128 git model ci fetch main HEAD
'

test_done
