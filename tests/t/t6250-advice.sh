#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='what a "do:" says is done, and then that reason is gone'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"

person alice bob carol
V=fraud@v1.0.0

# advice <rule>: what check says is to be done about it
advice () {
	as alice git model check --stage production $V >../said
	sed -n "/ production: $1/,/ do: /s/^ *do: *//p" ../said >../do && test_line_count = 1 ../do
}

# done_by <person> <rule> <sed script>: the command of it, run; then it is not a no
done_by () {
	advice "$2" && sed "s/^.*\(git model \)/\1/; s/ (again.*//; $3" ../do >../run && cat ../run &&
	as "$1" sh ../run && as alice git model check --stage production $V >../said
	test_grep ! " production: $2" ../said
}

test_expect_success 'a version, and a policy that asks for many things' '
	governed r alice bob carol <<-\EOT &&
	[group "leads"]
	member = bob@example.com
	member = carol@example.com
	[stage "staging"]
	[stage "production"]
	require-stage = staging
	requires-holder = canary
	eval-on = hold.csv
	license = mit
	metric = auc >= 0.9
	approvals = 1 from leads
	forbid-self-approval = promoter
	veto = 1 from leads
	EOT
	git model track "*.csv" && echo hold >hold.csv && git add . && by_dora git commit -qm data && new_version 2 v1.0.0 &&
	as bob git model reject $V --stage production --reason "not yet"
'

test_expect_success 'a stage before, and a holder elsewhere' '
	cd r && done_by alice "require-stage" && advice "requires-holder" &&
	test_grep "somebody promotes a version to canary first" ../do &&
	as alice git model promote --new-stage $V canary && advice approvals &&
	test_grep ! requires-holder ../said
'

test_expect_success 'what is to be recorded' '
	cd r && done_by alice "eval-on" "s/NAME=VALUE/auc=0.95/" && done_by alice "license" "s/NAME/mit/"
'

test_expect_success 'who has to approve, and who may not' '
	cd r && advice approvals && test_grep "^somebody else of leads must approve: git model approve" ../do &&
	test_expect_code 1 as bob git model check --stage production $V >../said &&
	test_grep "do: .*somebody else of leads must approve" ../said &&
	advice veto && test_grep "whoever said no" ../do && done_by bob veto && done_by carol approvals &&
	as alice git model check --stage production $V
'

test_expect_success 'a new policy' '
	cp -r r rules && cd rules && echo "policy-approvals = 1 from leads" >p && cat .gitmodel/policy >>p &&
	mv p .gitmodel/policy && by_dora git commit -qam rules && git checkout -qb more && echo "# more" >>.gitmodel/policy &&
	by_dora git commit -qam more && test_expect_code 1 git model check main..more >../said &&
	sed -n "s/^ *do: *somebody of leads approves it: //p" ../said | sed "s/REVISION/more/" >../run &&
	test_line_count = 1 ../run && as bob sh ../run && git model check main..more
'

test_expect_success 'who may promote' '
	cp -r r who && cd who && git tag -l "fraud#production*" | xargs -r git tag -d &&
	printf "[stage \"live\"]\npromoter = leads\n" >>.gitmodel/policy && by_dora git commit -qam live &&
	test_expect_code 1 as alice git model promote $V live >../said &&
	sed -n "s/^ *do: *somebody of leads does it: //p" ../said >../run && test_line_count = 1 ../run &&
	as bob sh ../run && test "$(git model which "fraud#live")" = $V
'

test_done
