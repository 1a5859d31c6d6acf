#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='policy lint: names that mean nothing'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"

person alice

test_expect_success 'stages and metrics of which nothing else speaks' '
	governed r alice <<-\EOT &&
	policy-approvals = 1 from leads
	[group "leads"]
	member = alice@example.com
	[stage "staging"]
	max-size = 1MiB
	[stage "production"]
	require-stage = stagign
	requires-holder = shadow
	metric = acu >= 0.9
	metric = other >= 0.9
	EOT
	test_expect_code 1 git model policy lint >../out &&
	test_grep "policy:7: error: require-stage: there is no stage .stagign.; did you mean .staging.?" ../out &&
	test_grep "policy:8: warning: requires-holder: no rule speaks of the stage .shadow." ../out &&
	test_grep "policy:9: warning: metric: .* no .metric \"acu\".; did you mean .auc.?" ../out &&
	test_grep ! "policy:10:" ../out && sed -i "s/stagign/staging/; s/acu/auc/" .gitmodel/policy &&
	git model policy lint >../out && test_grep ! "did you mean" ../out
'

test_expect_success 'a stage that tags have makes a name known, or a slip' '
	cd r && new_version 2 v1.0.0 && git model promote --new-stage fraud@v1.0.0 shadow &&
	git model policy lint >../out && test_grep ! shadow ../out &&
	sed -i "s/\"production\"/\"shadwo\"/" .gitmodel/policy && test_expect_code 1 git model policy lint >../out &&
	test_grep "policy:6: error: nothing ever was on the stage .shadwo., .* none speaks of .shadow." ../out
'

test_expect_success 'keys of .gitmodel/config' '
	cd r && git checkout -q .gitmodel/policy && sed -i "s/stagign/staging/; s/acu/auc/" .gitmodel/policy &&
	printf "[metric \"loss\"]\ndirecton = down\nweight = 1\n[artefact \"x\"]\npath = y\n" >>.gitmodel/config &&
	git model policy lint >../out && test_grep "config:.*: warning: key .directon. of metric .*did you mean .direction.?" ../out &&
	test_grep "config:.*: warning: key .weight. of metric is not known, and ignored$" ../out &&
	test_grep "config:.*: warning: section .artefact. .*did you mean .artifact.?" ../out &&
	git model policy lint --json >../out && python3 - ../out <<-\EOT
	import json, sys
	d = json.load(open(sys.argv[1]))
	assert {p["file"] for p in d["problems"]} >= {".gitmodel/config"}, d
	EOT
'

test_done
