#!/bin/sh

test_description='git model import: MLflow, DVC and DVCLive'

. ./lib-test.sh
. "$TEST_DIR/lib-filter.sh"

# The lines of the note on what the index has at a path.
note () {
	git notes --ref=model show "$(git rev-parse ":$1")"
}

RUN1=0123456789abcdef0123456789abcdef
RUN2=fedcba9876543210fedcba9876543210
COMMIT=1111111111111111111111111111111111111111

# mlflow_run <folder> <experiment> <run> <name> <start>: as MLflow 2 has it
mlflow_run () {
	mkdir -p "$1/$2/$3/metrics/train" "$1/$2/$3/params" "$1/$2/$3/tags" \
		"$1/$2/$3/artifacts/model" &&
	cat >"$1/$2/$3/meta.yaml" <<-EOF
	artifact_uri: file:///elsewhere/$2/$3/artifacts
	end_time: $(($5 + 60000))
	entry_point_name: ''
	experiment_id: '$2'
	lifecycle_stage: active
	run_id: $3
	run_name: $4
	run_uuid: $3
	source_name: ''
	source_type: 4
	source_version: ''
	start_time: $5
	status: 3
	tags: []
	user_id: ada
	EOF
}

test_expect_success 'a repository with two models, and older ones' '
	git init -q r &&
	cd r &&
	git model track "*.pkl" "data/**" &&
	mkdir -p models data &&
	mv-test random 3000 1 >models/fraud.pkl &&
	mv-test random 3000 2 >models/churn.pkl &&
	git model add . && git commit -q -m one &&
	cp models/churn.pkl ../churn-old.pkl &&
	mv-test random 3000 3 >models/churn.pkl &&
	mv-test random 2000 4 >data/train.csv &&
	mv-test random 2000 5 >data/test.csv &&
	: >models/empty.pkl &&
	git model add . && git commit -q -m two
'

test_expect_success 'a file store of MLflow' '
	mkdir -p mlruns/.trash/9 mlruns/0/datasets/d1 mlruns/0/tags &&
	cat >mlruns/0/meta.yaml <<-\EOF &&
	artifact_location: file:///elsewhere/0
	creation_time: 1795000000000
	experiment_id: "0"
	last_update_time: 1795000000000
	lifecycle_stage: active
	name: Default
	EOF
	mlflow_run mlruns 0 $RUN1 brave-owl-1 1795000000000 &&
	cd mlruns/0/$RUN1 &&
	cp "$TRASH/work/r/models/fraud.pkl" artifacts/model/model.pkl &&
	printf "1795000001000 0.7 0\n1795000002000 0.5 1\n1795000003000 nan 2" \
		>metrics/train/loss &&
	printf "1795000003000 0.91\n" >metrics/auc &&
	printf 0.1 >params/lr && printf True >params/amsgrad &&
	printf "two\nlines" >params/note && printf None >params/seed &&
	printf brave-owl >tags/mlflow.runName &&
	printf $COMMIT >tags/mlflow.source.git.commit &&
	printf team-a >tags/owner &&
	printf "[{}]" >tags/mlflow.log-model.history &&
	mkdir -p inputs/i1 &&
	cat >inputs/i1/meta.yaml <<-\EOF &&
	destination_id: x
	destination_type: RUN
	source_id: d1
	source_type: DATASET
	tags: {mlflow.data.context: training}
	EOF
	cat >../datasets/d1/meta.yaml <<-\EOF
	digest: 3f2a9c1d
	name: transactions
	profile: "{}"
	schema: "{}"
	source: "{\"uri\": \"s3://b/t.csv\"}"
	source_type: s3
	EOF
'

test_expect_success 'a dry run writes nothing' '
	cd r &&
	git model import mlflow ../mlruns -n >actual &&
	test_grep "would go onto models/fraud.pkl" actual &&
	test_grep "1 run read, 1 record would be written, 0 known" actual &&
	test_must_fail git rev-parse -q --verify refs/notes/model
'

test_expect_success 'a run goes onto the content that it made' '
	cd r &&
	find ../mlruns -exec stat -c "%n %Y %s" {} + | sort >before &&
	git model import mlflow ../mlruns >actual &&
	find ../mlruns -exec stat -c "%n %Y %s" {} + | sort >after &&
	test_cmp before after &&
	test_grep "run $RUN1 (brave-owl): recorded on models/fraud.pkl" actual &&
	test_grep "not imported: run $RUN1: tag .mlflow.log-model.history" actual &&
	note models/fraud.pkl >line &&
	test_line_count = 1 line &&
	test_grep "\"metrics\":{\"auc\":0.91,\"train/loss\":{\"number\":\"nan\"}}" line &&
	test_grep "\"params\":{\"amsgrad\":true,\"lr\":0.1,\"note\":\"two\\\\nlines\",\"seed\":null}" line &&
	test_grep "\"tags\":{\"owner\":\"team-a\"}" line &&
	test_grep "\"commit\":\"$COMMIT\"" line &&
	test_grep "\"digest\":\"mlflow:3f2a9c1d\",\"name\":\"transactions\",\"role\":\"train\"" line &&
	test_grep "\"id\":\"$RUN1\"" line &&
	test_grep "\"state\":\"FINISHED\"" line &&
	test_grep "\"user\":\"ada\"" line &&
	test_grep "\"tool\":\"mlflow\"" line &&
	test_grep "\"name\":\"brave-owl\"" line &&
	test_grep "\"experiment\":\"Default\"" line &&
	test_grep "\"started\":\"2026-11-18T" line
'

test_expect_success 'steps are curves, and those are content' '
	cd r &&
	oid=$(sed -n "s/.*\"attached\":\[{\"content\":\"sha256:\([0-9a-f]*\)\",\"role\":\"curves\".*/\1/p" line) &&
	git model cat $oid >curves &&
	cat >want <<-\EOF &&
	{"metric":"auc","points":[[0,1795000003000,0.91]]}
	{"metric":"train/loss","points":[[0,1795000001000,0.7],[1,1795000002000,0.5],[2,1795000003000,{"number":"nan"}]]}
	EOF
	test_cmp want curves
'

test_expect_success 'importing twice adds nothing, a run that went on is news' '
	cd r &&
	git rev-parse refs/notes/model >before &&
	git model import mlflow ../mlruns >actual &&
	test_grep "is known already of models/fraud.pkl" actual &&
	test_grep "0 records written, 1 known" actual &&
	git rev-parse refs/notes/model >after &&
	test_cmp before after &&
	sed -i "s/^status: 3/status: 4/" ../mlruns/0/$RUN1/meta.yaml &&
	git model import mlflow .. >actual &&
	test_grep "run $RUN1 FAILED: .*--failed" actual &&
	test_grep "0 records written" actual &&
	git model import mlflow .. --failed >actual &&
	test_grep "1 record written" actual &&
	note models/fraud.pkl >line &&
	test_line_count = 2 line
'

test_expect_success 'an older version is found by its bytes, other bytes are no guess' '
	mlflow_run mlruns 0 $RUN2 old 1794000000000 &&
	cp churn-old.pkl mlruns/0/$RUN2/artifacts/churn.pkl &&
	printf "1 2 3\n" >mlruns/0/$RUN2/metrics/m &&
	cd r &&
	git model import mlflow ../mlruns --run $RUN2 >actual &&
	test_grep "1 run read, 1 record written" actual &&
	test_must_fail note models/churn.pkl &&
	git notes --ref=model show $(git rev-parse HEAD~1:models/churn.pkl) >line &&
	test_grep "\"m\":2.0" line &&
	echo other >>../mlruns/0/$RUN2/artifacts/churn.pkl &&
	sed -i "s/^status: 3/status: 5/" ../mlruns/0/$RUN2/meta.yaml &&
	test_expect_code 1 git model import mlflow ../mlruns --run $RUN2 >actual &&
	test_grep "has the name of .models/churn.pkl. but is no content known here; name it with --onto" actual &&
	git model import mlflow ../mlruns --run $RUN2 --onto models/churn.pkl >actual &&
	test_grep "recorded on models/churn.pkl" actual &&
	note models/churn.pkl >line &&
	test_grep "\"state\":\"KILLED\"" line &&
	test_grep ! "\"commit\"" line
'

test_expect_success 'links, other names and broken files are passed over' '
	cp -r mlruns hostile &&
	ln -s /etc hostile/0/link &&
	ln -s /etc/passwd hostile/0/$RUN1/params/passwd &&
	ln -s /etc hostile/0/$RUN1/artifacts/etc &&
	mkfifo hostile/0/$RUN1/metrics/fifo &&
	printf "x y z\n1 2 3\n\n1\n" >hostile/0/$RUN1/metrics/broken &&
	printf "\377" >hostile/0/$RUN1/params/bytes &&
	printf "a: [" >hostile/0/$RUN2/meta.yaml &&
	mkdir hostile/1 && echo "a: &a [*a]" >hostile/1/meta.yaml &&
	mkdir -p hostile/0/$RUN1/inputs/evil hostile/0/$RUN1/inputs/none &&
	echo "source_id: ../../../../../etc" >hostile/0/$RUN1/inputs/evil/meta.yaml &&
	echo "status: 2" >>hostile/0/$RUN1/meta.yaml &&
	sed -i "/^status: 4/d" hostile/0/$RUN1/meta.yaml &&
	cd r &&
	git model import mlflow ../hostile >actual &&
	test_grep "not imported: .0/link. is no folder" actual &&
	test_grep "not imported: run $RUN1: params/passwd is a link" actual &&
	test_grep "artifacts/etc. is a link" actual &&
	test_grep "metrics/fifo is a link" actual &&
	test_grep "2 lines of metric .broken. cannot be read" actual &&
	test_grep "value of .bytes. is not UTF-8" actual &&
	test_grep "$RUN2.*YAML line 2" actual &&
	test_grep "1/meta.yaml.*what it is in" actual &&
	test_grep "input .evil. names no dataset" actual &&
	test_grep "recorded on models/fraud.pkl" actual &&
	note models/fraud.pkl >lines &&
	test_grep "\"broken\":2.0" lines &&
	test_grep ! root: lines
'

mlflow_db () {
	rm -f "$1" && sqlite3 "$1" <<-\EOF
	create table experiments (experiment_id integer primary key, name text,
		artifact_location text, lifecycle_stage text, creation_time bigint,
		last_update_time bigint);
	create table runs (run_uuid text primary key, name text, source_type text,
		source_name text, entry_point_name text, user_id text, status text,
		start_time bigint, end_time bigint, deleted_time bigint,
		source_version text, lifecycle_stage text, artifact_uri text,
		experiment_id integer);
	create table metrics (key text, value float, timestamp bigint, step bigint,
		is_nan boolean, run_uuid text);
	create table params (key text, value text, run_uuid text);
	create table tags (key text, value text, run_uuid text);
	create table datasets (dataset_uuid text, experiment_id integer, name text,
		digest text, dataset_source_type text, dataset_source text,
		dataset_schema text, dataset_profile text);
	create table inputs (input_uuid text, source_type text, source_id text,
		destination_type text, destination_id text);
	create table input_tags (input_uuid text, name text, value text);
	create table model_versions (name text, version integer, run_id text);
	insert into experiments values (1, 'exp one', 'x', 'active', 1, 1),
		(2, 'two', 'x', 'active', 1, 1);
	insert into runs values
		('aaaa', 'early', 'LOCAL', '', '', 'ada', 'FINISHED',
		 1795000000000, 1795000060000, null, null, 'active', '/etc', 1),
		('bbbb', 'late', 'LOCAL', '', '', 'bob', 'RUNNING',
		 1795000090000, null, null, null, 'active', 's3://b/x', 1),
		('cccc', 'gone', 'LOCAL', '', '', 'bob', 'FAILED', 1, 2, 3, null,
		 'deleted', 'x', 1),
		('../../etc', 'evil', 'LOCAL', '', '', 'bob', 'FAILED', 1, 2, 3,
		 null, 'active', 'x', 2);
	insert into metrics values ('loss', 0.5, 2, 1, 0, 'aaaa'),
		('loss', 0.7, 1, 0, 0, 'aaaa'), ('loss', 0, 3, 2, 1, 'aaaa'),
		('inf', 1.7976931348623157e308, 1, 0, 0, 'aaaa'),
		('broken', 'text', 1, 0, 0, 'aaaa'),
		(x'00ff', 1, 1, 0, 0, 'aaaa'), ('loss', 0.25, 1, 9, 0, 'bbbb');
	insert into params values ('lr', '0.1', 'aaaa'), ('n', '007', 'aaaa'),
		('a=b', 'c', 'aaaa'), ('lr', '0.2', 'bbbb'), ('x', null, 'aaaa');
	insert into tags values ('mlflow.user', 'ada l', 'aaaa'),
		('mlflow.source.git.commit',
		 '2222222222222222222222222222222222222222', 'aaaa'),
		('t', '1', 'aaaa');
	insert into datasets values ('u1', 1, 'ds', 'ab12', 'local', '{}', '', '');
	insert into inputs values ('i1', 'DATASET', 'u1', 'RUN', 'aaaa');
	insert into input_tags values ('i1', 'mlflow.data.context', 'eval');
	insert into model_versions values ('fraud', 3, 'aaaa');
	EOF
}

test_expect_success 'a database of MLflow' '
	mkdir -p db/mlruns/1/aaaa/artifacts db/mlartifacts/1/bbbb/artifacts/m &&
	mlflow_db db/mlflow.db &&
	cp r/data/test.csv db/mlruns/1/aaaa/artifacts/ &&
	cp r/data/test.csv db/mlartifacts/1/bbbb/artifacts/m/any.bin &&
	stat -c "%n %s %y" db db/* >before &&
	cd r &&
	git model import mlflow ../db/mlflow.db --experiment "exp one" >actual &&
	(cd .. && stat -c "%n %s %y" db db/*) >after &&
	test_cmp ../before after &&
	test_grep "2 runs read, 2 records written" actual &&
	test_grep "run cccc is deleted" actual &&
	test_grep "run aaaa: 2 rows of metrics cannot be read" actual &&
	test_grep "run aaaa: 1 row of params cannot be read" actual &&
	test_grep "run aaaa: it is version 3 of the registered model .fraud." actual &&
	note data/test.csv >lines &&
	test_line_count = 2 lines &&
	grep "\"id\":\"aaaa\"" lines >line &&
	test_grep "\"metrics\":{\"inf\":{\"number\":\"inf\"},\"loss\":{\"number\":\"nan\"}}" line &&
	test_grep "\"params\":{\"a=b\":\"c\",\"lr\":0.1,\"n\":\"007\"}" line &&
	test_grep "\"commit\":\"2222222222222222222222222222222222222222\"" line &&
	test_grep "\"digest\":\"mlflow:ab12\",\"name\":\"ds\",\"role\":\"eval\"" line &&
	test_grep "\"user\":\"ada l\"" line &&
	test_grep "\"tags\":{\"t\":\"1\"}" line &&
	# The later run has the later word.
	tail -n 1 lines >line && test_grep "\"id\":\"bbbb\"" line
'

test_expect_success 'the folder of a database, one run, and what is not there' '
	cd r &&
	git model import mlflow ../db --run aaaa --json >actual &&
	test_grep "\"known\": 1" actual &&
	test_grep "\"recorded\": 0" actual &&
	test_expect_code 128 git model import mlflow ../db --run nope 2>err &&
	test_grep "no such run" err &&
	test_expect_code 128 git model import mlflow ../gone 2>err &&
	test_grep "there is no" err &&
	test_expect_code 128 git model import mlflow models/fraud.pkl 2>err &&
	test_grep "no SQLite database" err &&
	test_expect_code 128 git model import mlflow models 2>err &&
	test_grep "no run of MLflow" err &&
	sqlite3 ../other.db "create table t (a)" &&
	test_expect_code 128 git model import mlflow ../other.db 2>err &&
	test_grep "not MLflow" err
'

# Another program that has the database open, in WAL mode, with a row that is
# in the log only. It ends when descriptor 9 is closed.
start_writer () {
	mkfifo live/in
	sqlite3 live/mlflow.db <live/in >live/out 2>&1 &
	writer=$!
	exec 9>live/in
	echo "pragma journal_mode=wal;
		insert into params values ('late', '1', 'bbbb');
		select 'done';" >&9
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
	do
		grep -q done live/out && return
		sleep 0.1
	done
	return 1
}

stop_writer () {
	exec 9>&-
	wait $writer
}

test_expect_success 'a database that is being written is read with its log' '
	mkdir live && mlflow_db live/mlflow.db &&
	start_writer &&
	test_when_finished stop_writer &&
	test -s live/mlflow.db-wal &&
	stat -c "%n %s %y" live live/mlflow* >before &&
	(cd r && git model import mlflow ../live/mlflow.db --run bbbb \
		--onto models/fraud.pkl) >actual &&
	stat -c "%n %s %y" live live/mlflow* >after &&
	test_cmp before after &&
	test_grep "1 record written" actual &&
	cd r && note models/fraud.pkl >lines && test_grep "\"late\":1" lines
'

test_expect_success 'stages of DVC' '
	cd r &&
	md5 () { md5sum <"$1" | cut -c1-32; } &&
	echo "print(1)" >train.py &&
	printf "{\"auc\": 0.9, \"by\": {\"class\": [1, 2]}, \"n\": 5}" >eval.json &&
	cat >dvc.yaml <<-\EOF &&
	stages:
	  train:
	    cmd: python train.py
	    deps: [train.py, data/train.csv]
	    outs: [models/churn.pkl]
	  evaluate:
	    cmd: python eval.py
	    deps: [models/churn.pkl, data/test.csv]
	    metrics:
	    - eval.json: {cache: false}
	    plots: [p.csv]
	metrics: [other.json]
	EOF
	cat >dvc.lock <<-EOF &&
	schema: "2.0"
	stages:
	  train:
	    cmd: python train.py
	    deps:
	    - {path: train.py, hash: md5, md5: $(md5 train.py), size: 9}
	    - {path: data/train.csv, hash: md5, md5: $(md5 data/train.csv), size: 2000}
	    - {path: raw, hash: md5, md5: 3863d0e317dee0a55c4e59d2ec0eef33.dir, size: 7, nfiles: 2}
	    - {path: ../../outside, hash: md5, md5: 3863d0e317dee0a55c4e59d2ec0eef33}
	    params:
	      params.yaml: {train.lr: 1e-3, train.layers: [64, 32]}
	    outs:
	    - {path: models/churn.pkl, hash: md5, md5: $(md5 models/churn.pkl), size: 3000}
	  evaluate:
	    cmd: [python eval.py, echo]
	    deps:
	    - {path: models/churn.pkl, hash: md5, md5: $(md5 models/churn.pkl), size: 3000}
	    - {path: data/test.csv, hash: md5, md5: $(md5 data/test.csv), size: 2000}
	    outs:
	    - {path: eval.json, hash: md5, md5: $(md5 eval.json), size: 9}
	  other:
	    cmd: x
	    outs:
	    - {path: models/fraud.pkl, hash: md5, md5: $(md5 train.py), size: 3000}
	EOF
	git add train.py && git commit -q -m code &&
	note models/churn.pkl >before &&
	git model import dvc >actual &&
	test_grep "3 runs read, 2 records written" actual &&
	test_grep "not imported: run other: .models/fraud.pkl. changed since DVC" actual &&
	test_grep "run train: dependency .../../outside. is outside" actual &&
	test_grep "run evaluate: its plots" actual &&
	test_grep "1 value of .eval.json.: a list or null" actual &&
	test_grep "metrics .other.json. are of no stage" actual &&
	note models/churn.pkl | grep -vxFf before >lines &&
	test_line_count = 2 lines &&
	grep "\"name\":\"train\"" lines >line &&
	test_grep "\"params\":{\"train.layers\":{\"list\":\"\[64,32\]\"},\"train.lr\":0.001}" line &&
	test_grep "\"command\":\"python train.py\"" line &&
	test_grep "{\"content\":\"sha256:$(sha256sum data/train.csv | cut -c1-64)\",\"path\":\"data/train.csv\"" line &&
	test_grep "\"digest\":\"md5:3863d0e317dee0a55c4e59d2ec0eef33.dir\",\"path\":\"raw\"" line &&
	test_grep ! "\"path\":\"train.py\"" line &&
	test_grep "\"commit\":\"$(git rev-parse HEAD)\"" line &&
	grep "\"name\":\"evaluate\"" lines >line &&
	test_grep "\"metrics\":{\"auc\":0.9,\"n\":5}" line &&
	test_grep "\"path\":\"data/test.csv\",\"role\":\"eval\"" line &&
	test_grep ! "{[^}]*\"path\":\"models/churn.pkl\"[^}]*\"role\"" line
'

test_expect_success 'DVC twice, one stage, changed metrics' '
	cd r &&
	git model import dvc dvc.lock >actual &&
	test_grep "0 records written, 2 known" actual &&
	echo >>eval.json &&
	git model import dvc . --run evaluate >actual &&
	test_grep "1 run read" actual &&
	test_grep "metrics: .eval.json. changed since DVC" actual &&
	test_expect_code 128 git model import dvc . --run nope 2>err &&
	test_grep "no stage .nope." err &&
	mkdir sub && test_expect_code 128 git model import dvc sub 2>err &&
	printf "stages: [\n" >sub/dvc.lock &&
	test_expect_code 128 git model import dvc sub 2>err &&
	test_grep "dvc.lock: YAML line 2" err
'

test_expect_success 'DVCLive' '
	cd r &&
	mkdir -p dvclive/plots/metrics/train dvclive/plots/images &&
	printf "timestamp\tstep\tloss\n1795000000000\t0\t0.7\n1795000001000\t1\t0.5\n" \
		>dvclive/plots/metrics/train/loss.tsv &&
	printf "{\"train\": {\"loss\": 0.5}, \"step\": 1}" >dvclive/metrics.json &&
	printf "lr: 0.3\n" >dvclive/params.yaml &&
	test_expect_code 1 git model import dvclive dvclive >actual &&
	test_grep "is not known; name it with --onto" actual &&
	test_grep "plots/images" actual &&
	printf "artifacts:\n  fraud: {path: ../models/fraud.pkl}\n  no: {path: ../no.pkl}\n" \
		>dvclive/dvc.yaml &&
	note models/fraud.pkl >before &&
	git model import dvclive dvclive >actual &&
	test_grep "recorded on models/fraud.pkl" actual &&
	test_grep "artifact .no. is no file of git-model" actual &&
	note models/fraud.pkl | grep -vxFf before >line &&
	test_line_count = 1 line &&
	test_grep "\"metrics\":{\"step\":1,\"train.loss\":0.5}" line &&
	test_grep "\"params\":{\"lr\":0.3}" line &&
	test_grep "\"role\":\"curves\"" line &&
	git model import dvclive dvclive >actual &&
	test_grep "0 records written, 1 known" actual &&
	git model import dvclive dvclive --onto data/train.csv >actual &&
	test_grep "recorded on data/train.csv" actual &&
	git model import dvclive dvclive --onto models/empty.pkl >actual &&
	test_grep "models/empty.pkl. is empty" actual
'

test_expect_success 'called wrongly' '
	cd r &&
	test_expect_code 129 git model import &&
	test_expect_code 129 git model import wandb x &&
	test_expect_code 129 git model import mlflow &&
	test_expect_code 129 git model import mlflow a b &&
	test_expect_code 129 git model import dvc --experiment x &&
	test_expect_code 129 git model import dvclive . --run x
'

test_done
