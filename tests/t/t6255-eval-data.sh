#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='data that a policy measures on: wherever its bytes are, and how it comes to the branch'
. ./lib-test.sh
. "$TEST_DIR/lib-trust.sh"

person alice
V=fraud@v1.0.0

test_expect_success 'data that git holds itself is data' '
	governed r alice <<-\EOT &&
	[stage "production"]
	eval-on = hold.csv
	eval-on = large.csv
	data-in-repo = true
	[branch "main"]
	metric = auc >= 0.5
	eval-on = hold.csv
	eval-on = large.csv
	EOT
	echo hold >hold.csv && mv-test random 1500000 7 >large.csv &&
	git add . && by_dora git commit -qm data && new_version 2 v1.0.0 &&
	git model record fraud --metric auc=0.9 --data hold.csv --eval-data hold.csv --eval-data large.csv &&
	as alice git model check $V production >../said &&
	git model check HEAD~..HEAD >../said
'

test_expect_success 'other bytes there, or none, are not that data' '
	cp -r r other && cd other && echo changed >hold.csv && by_dora git commit -qam changed &&
	test_expect_code 3 as alice git model check $V production >../said &&
	test_grep "nothing is recorded that was measured on" ../said &&
	git rm -q hold.csv && by_dora git commit -qm gone &&
	test_expect_code 3 as alice git model check $V production >../said &&
	test_grep "hold.csv is no content of the trusted branch" ../said &&
	test_grep "do: *have it there: git add hold.csv, commit, and merge that" ../said
'

test_expect_success 'a link, a folder above or a damaged pointer is none' '
	cp -r r link && cd link && ln -sf large.csv hold.csv && git add . && by_dora git commit -qm link &&
	test_expect_code 3 as alice git model check $V production >../said &&
	test_grep "hold.csv is no content of the trusted branch" ../said &&
	rm hold.csv && printf "git-model/1\noid sha256:12\n" >hold.csv && git add . && by_dora git commit -qm damaged &&
	git model record fraud --metric auc=0.9 --eval-data hold.csv --eval-data large.csv &&
	test_expect_code 1 as alice git model check $V production >../said &&
	test_grep "hold.csv is no content of the trusted branch" ../said
'

test_expect_success 'the advice, where git-model holds it: it is no model that has to be measured on itself' '
	cp -r r new && cd new && git rm -q hold.csv && by_dora git commit -qm gone && git checkout -q -b feat &&
	git model track "*.csv" && echo other >hold.csv && git add . && by_dora git commit -qm data &&
	git model check main..feat && git checkout -q main && git merge -q feat &&
	git model record $V --metric auc=0.8 --data hold.csv --eval-data hold.csv --eval-data large.csv &&
	as alice git model check --stage production $V >../said
'

test_expect_success 'what else is there is judged, and so is an artifact in its place' '
	cd new && git checkout -q -b worse && echo new >other.csv && git add other.csv && by_dora git commit -qm other &&
	test_expect_code 3 git model check main..worse >../said && test_grep "other.csv on main" ../said &&
	git reset -q --hard main && git mv models/fraud.bin hold.csv -f && echo worse >hold.csv &&
	sed -i "s,models/fraud.bin,hold.csv," .gitmodel/config && git add . && by_dora git commit -qm moved &&
	test_expect_code 3 git model check main..worse >../said && test_grep "change fraud on main" ../said
'

test_done
