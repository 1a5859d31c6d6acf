#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='values that were measured on other data are not compared'
. ./lib-test.sh

# version <seed> <auc> <data>...
version () {
	mv-test random 5K "$1" >m.bin && git add . && git commit -qm "v$1" && test_tick &&
	git model register m "@v$1.0.0" && record_seed=$1 record_auc=$2 && shift 2 &&
	git model record m --metric auc=$record_auc --metric loss=0.$record_seed "$@"
}

test_expect_success 'three on one set of data, one on another, one that does not say' '
	git init -q r && cd r && git model install --local >/dev/null && git model track "*.bin" &&
	mkdir .gitmodel && cat >.gitmodel/config <<-\EOT &&
	[artifact "m"]
	path = m.bin
	[metric "auc"]
	direction = up
	[metric "loss"]
	direction = down
	EOT
	echo hold >hold.csv && echo train >train.csv && git add . && git commit -qm data &&
	version 1 0.81 --eval-data hold.csv && version 2 0.82 --eval-data hold.csv &&
	cp -r . ../same && version 3 0.99 --eval-data train.csv && version 4 0.98 &&
	version 5 0.80 --eval-data hold.csv
'

test_expect_success 'all on the same: a star, its meaning, and no other sign' '
	cd same && git model compare m >../out && test_grep "v2.0.0 .*0.82\*" ../out &&
	test_grep "^\* best of its column$" ../out && test_grep ! "~" ../out &&
	git model compare m --json >../out && test_grep ! other_eval_data ../out &&
	git model compare m --columns auc -n 1 >../out && test_grep ! "[*~]" ../out &&
	git model log m >../out && test_grep "^\* best of its column$" ../out
'

test_expect_success 'no star spans different data; text, Markdown, log' '
	cd r && for command in "compare m" "log m" "compare m --format md"
	do
		git model $command >../raw && sed "s/&#42;/*/g; s/&#126;/~/g" ../raw >../out && test_grep "0.82\*" ../out && test_grep "0.99~" ../out &&
		test_grep "0.98~" ../out && test_grep ! "0.8[*~]" ../out && test_grep "best of its column" ../out &&
		test_grep "measured on other evaluation data" ../out || return 1
	done &&
	git model compare m >../out && test_grep "^\* best of its column; ~ measured on other" ../out
'

test_expect_success 'without a direction the mark stays' '
	cp -r r none && cd none && printf "[artifact \"m\"]\npath = m.bin\n" >.gitmodel/config &&
	git commit -qam none && git model compare m >../out && test_grep "0.99~" ../out && test_grep ! "\*" ../out &&
	test_grep "^~ measured on other" ../out
'

test_expect_success 'JSON, the page, and the front know it, too' '
	cd r && git model compare m --json >../out && python3 - ../out <<-\EOT &&
	import json, sys
	rows = {r["version"]: r for r in json.load(open(sys.argv[1]))["rows"]}
	assert rows["v3.0.0"]["other_eval_data"] == ["auc", "loss"], rows["v3.0.0"]
	assert rows["v4.0.0"]["other_eval_data"] == ["auc", "loss"]
	assert "other_eval_data" not in rows["v1.0.0"], rows["v1.0.0"]
	EOT
	git model compare m --format html >../out.html && test_grep "on other data" ../out.html &&
	test_grep "best of its column" ../out.html &&
	git model compare m --pareto auc >../out && test_grep v2.0.0 ../out && test_grep v3.0.0 ../out &&
	test_grep v4.0.0 ../out && test_grep ! v1.0.0 ../out
'

test_done
