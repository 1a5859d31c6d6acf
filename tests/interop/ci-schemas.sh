#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='workflows: what their schemas and actionlint say'
. ./lib-test.sh

# check-jsonschema has the schemas of both in it; see run.sh.
SRC=$(cd "$TEST_DIR/../.." && pwd)

check () {
	check-jsonschema --builtin-schema "$@"
}

test_expect_success 'github: the schema of workflows' '
	check vendor.github-workflows "$SRC/docs/ci/github.yml" &&
	sed "s/timeout-minutes: 30/timeout-minutes: soon/" "$SRC/docs/ci/github.yml" >bad.yml &&
	test_must_fail check vendor.github-workflows bad.yml
'

test_expect_success 'gitlab: the schema of .gitlab-ci.yml' '
	check vendor.gitlab-ci --data-transform gitlab-ci "$SRC/docs/ci/gitlab-ci.yml" &&
	sed "s/when: always/when: sometimes/" "$SRC/docs/ci/gitlab-ci.yml" >bad.yml &&
	test_must_fail check vendor.gitlab-ci --data-transform gitlab-ci bad.yml
'

if command -v actionlint >/dev/null
then
	test_expect_success 'github: actionlint finds nothing, and would' '
		actionlint "$SRC/docs/ci/github.yml" &&
		sed "s/report=git-model-report.*/echo \${{ github.event.pull_request.title }}/" \
			"$SRC/docs/ci/github.yml" >bad.yml &&
		test_must_fail actionlint bad.yml >out && test_grep "untrusted" out
	'
else
	test_skip 'github: actionlint' 'actionlint is not to be had'
fi

if command -v shellcheck >/dev/null
then
	# Of each job in GitLab all lines are one script.
	test_expect_success 'gitlab: shellcheck finds nothing in the scripts' '
		mv-test yaml "$SRC/docs/ci/gitlab-ci.yml" >gl.json &&
		perl -MJSON::PP -e "local \$/; my \$j = decode_json(<STDIN>)->{\"git-model\"};
			print \"#!/bin/bash\\n\", map { \"\$_\\n\" } map { @{\$j->{\$_}} } @ARGV" \
			before_script script <gl.json >one.sh &&
		perl -MJSON::PP -e "local \$/; my \$j = decode_json(<STDIN>)->{\"git-model\"};
			print \"#!/bin/bash\\n\", @{\$j->{after_script}}" <gl.json >two.sh &&
		shellcheck one.sh two.sh
	'
else
	test_skip 'gitlab: shellcheck' 'shellcheck is not to be had'
fi

test_done
