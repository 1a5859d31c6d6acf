#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='git model import mlflow: what MLflow 3 writes, and what may
not be taken for what it is'

. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

note () {
	git notes --ref=model show "$(git rev-parse ":$1")"
}

# run <store> <experiment> <run> <status> <start> [<artifact uri>]
run () {
	mkdir -p "$1/$2/$3/metrics" "$1/$2/$3/tags" "$1/$2/$3/params" &&
	cat >"$1/$2/$3/meta.yaml" <<-EOF
	artifact_uri: ${6:-file:///elsewhere/$2/$3/artifacts}
	end_time: $(($5 + 60000))
	experiment_id: '$2'
	lifecycle_stage: active
	run_id: $3
	run_name: run-$3
	start_time: $5
	status: $4
	tags: []
	user_id: ada
	EOF
}

# model <store> <experiment> <run> <model> [<artifact location>]
model () {
	mkdir -p "$1/$2/$3/outputs/$4" "$1/$2/models/$4/metrics" "$1/$2/models/$4/tags" &&
	cat >"$1/$2/$3/outputs/$4/meta.yaml" <<-EOF &&
	destination_id: $4
	destination_type: MODEL_OUTPUT
	source_id: $3
	source_type: RUN_OUTPUT
	step: 0
	tags: {}
	EOF
	cat >"$1/$2/models/$4/meta.yaml" <<-EOF
	artifact_location: ${5:-file:///elsewhere/$2/models/$4/artifacts}
	experiment_id: '$2'
	model_id: $4
	name: net
	source_run_id: $3
	status: 2
	EOF
}

store () {
	mkdir -p "$1/7" && printf "experiment_id: '7'\nlifecycle_stage: active\nname: seven\n" >"$1/7/meta.yaml"
}

test_expect_success 'a repository' '
	git init -q r && cd r && git model track "*.pkl" "*.csv" && mkdir models data out &&
	for i in 1 2 3 4; do mv-test random 3000 $i >models/m$i.pkl || return 1; done &&
	mv-test random 2000 9 >data/train.csv && git model add . && git commit -q -m one
'

test_expect_success 'logged models: each gets what was measured of it' '
	store s && run s 7 aa 3 1795000000000 && model s 7 aa m-1 && model s 7 aa m-2 &&
	mkdir -p s/7/models/m-1/artifacts s/7/models/m-2/artifacts/data s/7/aa/artifacts &&
	cp r/models/m1.pkl s/7/models/m-1/artifacts/model.pkl &&
	cp r/models/m2.pkl s/7/models/m-2/artifacts/data/model.pkl &&
	cp r/data/train.csv s/7/aa/artifacts/train.csv &&
	printf "10 0.7 1 aa\n" >s/7/models/m-1/metrics/auc &&
	printf "20 0.8 2 aa\n" >s/7/models/m-2/metrics/auc && printf "20 0.5 2 aa\n" >s/7/models/m-2/metrics/test &&
	printf "10 0.7 1\n20 0.8 2\n" >s/7/aa/metrics/auc && printf "20 0.5 2\n" >s/7/aa/metrics/test &&
	printf "30 0.1 9\n" >s/7/aa/metrics/loss && printf 0.3 >s/7/aa/params/lr &&
	cd r && git model import mlflow ../s >actual && test_grep "1 run read, 2 records written" actual &&
	note models/m1.pkl >line && test_grep "\"metrics\":{\"auc\":0.7,\"loss\":0.1}" line &&
	test_grep "\"model\":\"m-1\"" line && test_grep "\"params\":{\"lr\":0.3}" line &&
	note models/m2.pkl >line && test_grep "\"metrics\":{\"auc\":0.8,\"loss\":0.1,\"test\":0.5}" line &&
	test_must_fail note data/train.csv &&
	git model import mlflow ../s >actual && test_grep "0 records written, 2 known" actual
'

test_expect_success 'what is data is noted as data, not measured' '
	store s2 && run s2 7 bb 3 1795000000000 && mkdir -p s2/7/bb/artifacts &&
	cp r/models/m3.pkl r/data/train.csv s2/7/bb/artifacts && printf "10 0.7 1\n" >s2/7/bb/metrics/auc &&
	cd r && git model import mlflow ../s2 >actual && test_grep "1 record written" actual &&
	test_grep "data/train.csv is data that it kept" actual &&
	note models/m3.pkl >line && test_grep "\"data\":\[{\"content\":\"sha256:$(sha256sum data/train.csv | cut -c1-64)\"" line &&
	test_must_fail note data/train.csv
'

test_expect_success 'metrics that come to a finished run are brought' '
	cd r && printf "40 0.95 1\n" >../s2/7/bb/metrics/late && git model import mlflow ../s2 >actual &&
	test_grep "1 record written" actual && note models/m3.pkl >lines && test_line_count = 2 lines &&
	test_grep "\"late\":0.95" lines &&
	printf "5 0.6 0\n10 0.7 1\n" >../s2/7/bb/metrics/auc && git model import mlflow ../s2 >actual &&
	test_grep "1 record written" actual &&
	git model import mlflow ../s2 >actual && test_grep "0 records written, 1 known" actual
'

test_expect_success 'a run that failed does not speak over a good one' '
	cp -r s2 s3 && run s3 7 cc 4 1795000900000 && run s3 7 dd 5 1795000900000 && mkdir -p s3/7/cc/artifacts &&
	cp r/models/m3.pkl s3/7/cc/artifacts && printf "50 0.01 1\n" >s3/7/cc/metrics/auc && cd r &&
	git model import mlflow ../s3 >actual && test_grep "not imported: run cc FAILED" actual &&
	test_grep "not imported: run dd KILLED" actual && note models/m3.pkl >lines && test_grep ! "0.01" lines &&
	git model import mlflow ../s3 --failed >actual && test_grep "run cc (run-cc): recorded on models/m3.pkl" actual
'

test_expect_success 'artifacts elsewhere: in the work tree, where it is named, or said' '
	store s4 && top=$(cd r && pwd -P) && run s4 7 ee 3 1795000000000 "file://$top/out/ee/artifacts" &&
	run s4 7 ff 3 1795000000000 "file:///elsewhere/ff/artifacts" && model s4 7 ff m-9 "file:///elsewhere/models/m-9/artifacts" &&
	printf "10 0.7 1\n" | tee s4/7/ee/metrics/auc >s4/7/ff/metrics/auc && mkdir -p r/out/ee/artifacts away/models/m-9/artifacts &&
	cp r/models/m4.pkl r/out/ee/artifacts && cp r/models/m1.pkl away/models/m-9/artifacts && cd r &&
	git model import mlflow ../s4 >actual && test_grep "run ee (run-ee): recorded on models/m4.pkl" actual &&
	test_grep "run ff: its artifacts are at .file:///elsewhere/ff/artifacts.*--artifacts FOLDER" actual &&
	test_grep "m-9.*it is at file:///elsewhere/models" actual &&
	git model import mlflow ../s4 --artifacts ../away >actual && test_grep "run ff (run-ff): recorded on models/m1.pkl" actual &&
	sed -i "s/^artifact_uri:.*/artifact_uri: file:\/\/\/etc/" ../s4/7/ee/meta.yaml && ln -s "$TRASH/work/away" out/away &&
	sed -i "s,^artifact_uri:.*,artifact_uri: file://$top/out/away," ../s4/7/ff/meta.yaml && cp models/m2.pkl ../away &&
	test_expect_code 1 git model import mlflow ../s4 >actual && test_grep ! "recorded on models/m2.pkl" actual &&
	test_grep "its artifacts are at .file:///etc., and nothing is read there" actual
'

test_expect_success 'a store is the folder that was named, not where a link in it leads' '
	mkdir linked && ln -s ../s linked/mlruns && cd r &&
	test_expect_code 128 git model import mlflow ../linked 2>err && test_grep "name the folder itself" err
'

test_expect_success 'registered versions, their aliases and tags are listed' '
	mkdir -p s/models/fraud/version-2/tags s/models/fraud/aliases && printf 2 >s/models/fraud/aliases/champion &&
	printf 1 >s/models/fraud/aliases/old && printf yes >s/models/fraud/version-2/tags/validated &&
	printf "name: fraud\nrun_id: aa\nversion: 2\n" >s/models/fraud/version-2/meta.yaml && cd r &&
	git model import mlflow ../s >actual &&
	test_grep "version 2 of the registered model .fraud. is of run aa, alias .champion., tag .validated=yes.: tag" actual &&
	test_grep ! old actual
'

db () {
	sqlite3 "$1" <<-\EOF
	create table experiments (experiment_id integer, name text);
	create table runs (run_uuid text, name text, user_id text, status text, start_time bigint,
		end_time bigint, source_version text, lifecycle_stage text, artifact_uri text, experiment_id integer);
	create table metrics (key text, value float, timestamp bigint, step bigint, is_nan boolean, run_uuid text);
	create table logged_models (model_id text, experiment_id integer, name text, artifact_location text,
		creation_timestamp_ms bigint, lifecycle_stage text, source_run_id text);
	create table logged_model_metrics (model_id text, metric_name text, metric_timestamp_ms bigint,
		metric_step bigint, metric_value float, run_id text);
	create table model_versions (name text, version integer, run_id text);
	create table model_version_tags (key text, value text, name text, version integer);
	create table registered_model_aliases (alias text, version integer, name text);
	insert into experiments values (7, 'seven');
	insert into runs values ('aa', 'early', 'ada', 'FINISHED', 1795000000000, 1795000060000, null, 'active', 'x', 7),
		('zz', 'bad', 'ada', 'FAILED', 1795000000000, 1795000060000, null, 'active', 'x', 7);
	insert into metrics values ('auc', 0.7, 1, 1, 0, 'aa'), ('auc', 0.8, 2, 2, 0, 'aa');
	insert into logged_models values ('m-1', 7, 'net', 'x', 1, 'active', 'aa'), ('m-2', 7, 'net', 'x', 2, 'active', 'aa'),
		('m-3', 7, 'net', 'x', 2, 'deleted', 'aa');
	insert into logged_model_metrics values ('m-1', 'auc', 1, 1, 0.7, 'aa'), ('m-2', 'auc', 2, 2, 0.8, 'aa');
	insert into model_versions values ('fraud', 2, 'aa');
	insert into model_version_tags values ('validated', 'yes', 'fraud', 2);
	insert into registered_model_aliases values ('champion', 2, 'fraud');
	EOF
}

test_expect_success 'the same in a database' '
	mkdir d && db d/mlflow.db && mkdir -p d/mlruns/7/models/m-1/artifacts d/mlartifacts/7/models/m-2/artifacts &&
	cp r/models/m1.pkl d/mlruns/7/models/m-1/artifacts && cp r/models/m2.pkl d/mlartifacts/7/models/m-2/artifacts &&
	git clone -q r r2 && cp -r r/.git/model r2/.git/ && cd r2 && git model import mlflow ../d >actual &&
	test_grep "1 run read, 2 records written" actual && test_grep "run zz FAILED" actual &&
	test_grep "version 2 of the registered model .fraud., alias .champion., tag .validated=yes.: tag" actual &&
	note models/m1.pkl >line && test_grep "\"metrics\":{\"auc\":0.7}" line &&
	note models/m2.pkl >line && test_grep "\"metrics\":{\"auc\":0.8}" line
'

test_expect_success 'a view without an end is stopped, and nothing is written' '
	mkdir e && db e/mlflow.db && sqlite3 e/mlflow.db "drop table metrics; create view metrics as
		with recursive c(x) as (select 1 union all select x + 1 from c)
		select \"m\" as key, x as value, x as timestamp, x as step, 0 as is_nan, \"aa\" as run_uuid from c" &&
	cd r2 && git rev-parse refs/notes/model >before &&
	test_expect_code 128 git model import mlflow ../e --onto models/m1.pkl --timeout 1s 2>err &&
	test_grep "takes too long" err && git rev-parse refs/notes/model >after && test_cmp before after
'

test_done
