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

# shelf <rule>: what check says is to be done about it, on another stage; then it is run by <person>
shelf () {
	as alice git model check --stage shelf $W >../said
	sed -n "/ shelf: $1/,/ do: /s/^ *do: *//p" ../said >../do && test_line_count = 1 ../do
}

# does <person> <sed script>: what ../do says, as its commands
does () {
	sed "$2" ../do >../run && cat ../run && as "$1" sh -e ../run >../out
}

test_expect_success 'the file, the number, the moment: another file, a release, or somebody who may overrule it' '
	cp -r r shelf && cd shelf && W=fraud@v2.0.0-rc.1 && cat >>.gitmodel/policy <<-\EOT &&
	[stage "shelf"]
	format = safetensors
	forbid-format = pickle
	max-size = 9KiB
	freeze = 2020-01-01..2099-12-31
	prerelease = false
	license = apache-2.0
	metric = auc >= 0.99
	override = 1 from leads ttl 2d
	EOT
	by_dora git commit -qam shelf && new_version 9 v2.0.0-rc.1 &&
	git model record $W --metric auc=0.1 --tag license=mit &&
	for rule in format forbid-format max-size freeze prerelease license metric
	do
		shelf $rule && test_grep "or 1 of leads may overrule it: git model override --rules $rule" ../do || return 1
	done
'

test_expect_success 'and doing it helps' '
	cd shelf && W=fraud@v2.0.0-rc.1 && shelf freeze && does bob "s/.*may overrule it: //; s/WHY/holidays/" &&
	test_expect_code 1 as alice git model check --stage shelf $W >../said && test_grep "overridden .*freeze" ../said &&
	shelf prerelease && does alice "s/^[^:]*: //; s/; or .*//" && git model which fraud@v2.0.0 && W=fraud@v2.0.0 &&
	test_expect_code 1 as alice git model check --stage shelf $W >../said && test_grep ! " shelf: prerelease" ../said &&
	shelf license && does alice "s/.*record that: //; s/; or .*//; s/NAME/apache-2.0/" && shelf max-size &&
	echo text >models/fraud.bin && does alice "s/^[^:]*: //; s/; or .*//; s/git commit/git commit -qam smaller/; s/, / \&\& /g" &&
	W=fraud@latest && test_expect_code 1 as alice git model check --stage shelf $W >../said &&
	test_grep ! "no .* shelf: .*\(size\|license\|prerelease\)" ../said
'

test_done
