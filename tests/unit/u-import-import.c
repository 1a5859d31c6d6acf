/* SPDX-License-Identifier: MIT */
#include "libmv/evidence/evidence.h"
#include "libmv/import/import.h"
#include "libmv/subject/subject.h"
#include "tests/unit/u-world.h"

/* What other tools say of contents that are ours, and what strangers may have
   put into their folders. */
#define NOW 1700000000000LL
#define RUN "0123456789abcdef0123456789abcdef"

struct heard {
	char text[8192];
	size_t unmapped;
};

static void hear(void *payload, int unmapped, const char *message)
{
	struct heard *h = payload;
	size_t len = strlen(h->text);

	snprintf(h->text + len, sizeof(h->text) - len, "%s\n", message);
	h->unmapped += unmapped != 0;
}

/* m.bin is "one\n", of which git has the pointer and the store nothing. */
static void begin(struct world *w)
{
	world_new(w, "");
	run(&w->r, "printf 'git-model/1\\noid sha256:%%s\\nsize 4\\n' "
	    "$(echo one | sha256sum | cut -c1-64) >m.bin && "
	    "echo '*.bin filter=model -text' >.gitattributes && git add . && "
	    "git commit -qm two");
	world_open(w, NULL);
}

/* One run of MLflow, whose artifact is those bytes. */
static void put_mlruns(struct world *w)
{
	run(&w->r, "mkdir -p ml/0/" RUN "/params ml/0/" RUN "/metrics ml/0/"
	    RUN "/tags ml/0/" RUN "/artifacts && cd ml/0 && "
	    "printf 'experiment_id: \"0\"\\nname: Default\\n"
	    "lifecycle_stage: active\\nartifact_location: file:///x/0\\n' "
	    ">meta.yaml && cd " RUN " && printf 'artifact_uri: "
	    "file:///x/0/" RUN "/artifacts\\nexperiment_id: \"0\"\\n"
	    "lifecycle_stage: active\\nrun_id: " RUN "\\nrun_uuid: " RUN
	    "\\nrun_name: owl\\nstart_time: 1690000000000\\nend_time: "
	    "1690000001000\\nstatus: 3\\n' >meta.yaml && echo one "
	    ">artifacts/model.bin && printf 0.1 >params/lr && "
	    "printf '1690000000000 0.5 0\\n1690000000500 0.9 1\\n' "
	    ">metrics/auc");
}

struct asked {
	struct mv_import import;
	struct mv_import_stats stats;
	struct heard heard;
	char path[600];
};

static int import(struct asked *a, struct world *w, const char *path,
		  int (*fn)(struct mv_repo *, const struct mv_import *,
			    struct mv_import_stats *, struct mv_err *))
{
	memset(&a->heard, 0, sizeof(a->heard));
	memset(&a->stats, 0xff, sizeof(a->stats));
	a->import.path = at(&w->r, a->path, sizeof(a->path), path);
	a->import.now = NOW;
	a->import.tell = hear;
	a->import.payload = &a->heard;
	world_open(w, NULL);
	return fn(w->repo, &a->import, &a->stats, &w->err);
}

static void assert_lines(struct world *w, const char *count)
{
	assert_prints(&w->r, count, "git notes --ref=model show "
		      "$(git rev-parse :m.bin) 2>/dev/null | wc -l");
}

/* -- MLflow --------------------------------------------------------------- */

static void test_import_mlflow__once_on_the_content_of_its_artifact(void **state)
{
	struct asked a = { .import = { .dry_run = 1 } };
	struct world w;

	(void)state;
	begin(&w);
	put_mlruns(&w);
	assert_ok(&w, import(&a, &w, "ml", mv_import_mlflow));
	assert_int_equal(a.stats.runs, 1);
	assert_lines(&w, "0\n");
	a.import.dry_run = 0;
	assert_ok(&w, import(&a, &w, "ml", mv_import_mlflow));
	assert_int_equal(a.stats.recorded, 1);
	assert_int_equal(a.stats.known, 0);
	assert_int_equal(a.stats.lost, 0);
	assert_lines(&w, "1\n");
	assert_prints(&w.r, "1\n", "git notes --ref=model show "
		      "$(git rev-parse :m.bin) | grep -c '\"auc\":0.9.*"
		      "\"lr\":0.1'");
	assert_ok(&w, import(&a, &w, "ml", mv_import_mlflow));
	assert_int_equal(a.stats.recorded, 0);
	assert_int_equal(a.stats.known, 1);
	assert_lines(&w, "1\n");
	world_drop(&w);
}

static void test_import_mlflow__what_matches_nothing_is_told(void **state)
{
	struct asked a = { .import = { .run = NULL } };
	struct world w;

	(void)state;
	begin(&w);
	put_mlruns(&w);
	run(&w.r, "echo two >ml/0/" RUN "/artifacts/model.bin");
	assert_ok(&w, import(&a, &w, "ml", mv_import_mlflow));
	assert_int_equal(a.stats.lost, 1);
	assert_int_equal(a.stats.recorded, 0);
	assert_non_null(strstr(a.heard.text, RUN));
	/* Who says what it is about is believed. */
	a.import.onto = "m.bin";
	assert_ok(&w, import(&a, &w, "ml", mv_import_mlflow));
	assert_int_equal(a.stats.recorded, 1);
	a.import.onto = "nosuch";
	assert_int_equal(import(&a, &w, "ml", mv_import_mlflow), MV_ENOENT);
	a.import.onto = NULL;
	a.import.run = "ffffffffffffffffffffffffffffffff";
	assert_int_equal(import(&a, &w, "ml", mv_import_mlflow), MV_ENOENT);
	a.import.run = NULL;
	a.import.experiment = "nosuch";
	assert_int_equal(import(&a, &w, "ml", mv_import_mlflow), MV_ENOENT);
	world_drop(&w);
}

static void test_import_mlflow__a_failed_run_only_when_asked_for(void **state)
{
	struct asked a = { .import = { .failed = 0 } };
	struct world w;

	(void)state;
	begin(&w);
	put_mlruns(&w);
	run(&w.r, "sed -i 's/status: 3/status: 4/' ml/0/" RUN "/meta.yaml");
	assert_ok(&w, import(&a, &w, "ml", mv_import_mlflow));
	assert_int_equal(a.stats.recorded, 0);
	assert_lines(&w, "0\n");
	a.import.failed = 1;
	assert_ok(&w, import(&a, &w, "ml", mv_import_mlflow));
	assert_int_equal(a.stats.recorded, 1);
	world_drop(&w);
}

/* Links are not followed, what is torn is told, and the rest is taken. */
static void test_import_mlflow__of_strangers(void **state)
{
	struct asked a = { .import = { .onto = "m.bin" } };
	struct world w;

	(void)state;
	begin(&w);
	put_mlruns(&w);
	run(&w.r, "echo secret >../secret && cd ml/0/" RUN " && "
	    "ln -s ../../../../../secret params/stolen && "
	    "printf 'not a point\\n' >metrics/torn && mkfifo params/pipe && "
	    "head -c 300000 /dev/zero | tr '\\0' x >params/long");
	assert_ok(&w, import(&a, &w, "ml", mv_import_mlflow));
	assert_int_equal(a.stats.recorded, 1);
	assert_true(a.stats.unmapped >= 1);
	assert_int_equal(a.stats.unmapped, a.heard.unmapped);
	assert_prints(&w.r, "0\n", "git notes --ref=model show "
		      "$(git rev-parse :m.bin) | grep -c secret || true");
	assert_prints(&w.r, "1\n", "git notes --ref=model show "
		      "$(git rev-parse :m.bin) | grep -c '\"lr\":0.1'");
	run(&w.r, "printf '{{{' >ml/0/" RUN "/meta.yaml");
	a.import.onto = NULL;
	(void)import(&a, &w, "ml", mv_import_mlflow);
	assert_true(a.stats.unmapped || *w.err.msg);
	assert_lines(&w, "1\n");
	run(&w.r, "echo nonsense >x.db");
	assert_int_not_equal(import(&a, &w, "x.db", mv_import_mlflow), 0);
	assert_int_not_equal(import(&a, &w, "nosuch", mv_import_mlflow), 0);
	world_drop(&w);
}

/* -- DVC and DVCLive ------------------------------------------------------ */

static void put_lock(struct world *w, const char *path)
{
	run(&w->r, "mkdir -p dvc && printf 'stages:\\n  train:\\n    cmd: "
	    "python train.py\\n    params:\\n      params.yaml:\\n        lr: "
	    "0.1\\n    outs:\\n    - path: %s\\n      md5: "
	    "5bbf5a52328e7439ae6e719dfe712200\\n      size: 4\\n' "
	    ">dvc/dvc.lock && printf 'stages:\\n  train:\\n    cmd: python "
	    "train.py\\n    outs: [%s]\\n' >dvc/dvc.yaml", path, path);
}

static void test_import_dvc__by_its_name_or_told(void **state)
{
	struct asked a = { .import = { .onto = "m.bin" } };
	struct world w;

	(void)state;
	begin(&w);
	put_lock(&w, "model.bin");
	assert_ok(&w, import(&a, &w, "dvc", mv_import_dvc));
	assert_int_equal(a.stats.runs, 1);
	assert_int_equal(a.stats.recorded, 1);
	assert_lines(&w, "1\n");
	assert_ok(&w, import(&a, &w, "dvc", mv_import_dvc));
	assert_int_equal(a.stats.known, 1);
	a.import.onto = NULL;
	assert_ok(&w, import(&a, &w, "dvc", mv_import_dvc));
	assert_int_equal(a.stats.recorded, 0);
	assert_int_equal(a.stats.lost, 1);
	world_drop(&w);
}

static void test_import_dvc__of_strangers(void **state)
{
	struct asked a = { .import = { .onto = NULL } };
	struct world w;

	(void)state;
	begin(&w);
	put_lock(&w, "../../../etc/passwd");
	assert_ok(&w, import(&a, &w, "dvc", mv_import_dvc));
	assert_int_equal(a.stats.recorded, 0);
	run(&w.r, "echo '{{{' >dvc/dvc.lock");
	assert_true(import(&a, &w, "dvc", mv_import_dvc) ||
		    a.stats.unmapped);
	run(&w.r, "rm dvc/dvc.lock && mkfifo dvc/dvc.lock");
	assert_true(import(&a, &w, "dvc", mv_import_dvc) ||
		    a.stats.unmapped);
	run(&w.r, "rm -r dvc && mkdir dvc");
	assert_int_not_equal(import(&a, &w, "dvc", mv_import_dvc), 0);
	assert_int_not_equal(import(&a, &w, "nosuch", mv_import_dvc), 0);
	assert_lines(&w, "0\n");
	world_drop(&w);
}

static void test_import_dvclive__a_folder_is_a_run(void **state)
{
	struct asked a = { .import = { .onto = "m.bin" } };
	struct world w;

	(void)state;
	begin(&w);
	run(&w.r, "mkdir -p live/plots/metrics empty && "
	    "echo '{\"auc\": 0.5}' >live/metrics.json && "
	    "echo 'lr: 0.1' >live/params.yaml && "
	    "printf 'step\\tloss\\n0\\t1.0\\n1\\t0.5\\n' "
	    ">live/plots/metrics/loss.tsv");
	assert_ok(&w, import(&a, &w, "live", mv_import_dvclive));
	assert_int_equal(a.stats.recorded, 1);
	assert_prints(&w.r, "1\n", "git notes --ref=model show "
		      "$(git rev-parse :m.bin) | grep -c '\"auc\":0.5.*"
		      "\"lr\":0.1'");
	assert_ok(&w, import(&a, &w, "live", mv_import_dvclive));
	assert_int_equal(a.stats.known, 1);
	a.import.onto = NULL;
	assert_ok(&w, import(&a, &w, "live", mv_import_dvclive));
	assert_int_equal(a.stats.lost, 1);
	a.import.onto = "m.bin";
	assert_int_not_equal(import(&a, &w, "empty", mv_import_dvclive), 0);
	assert_int_not_equal(import(&a, &w, "nosuch", mv_import_dvclive), 0);
	/* A link out of the folder. */
	run(&w.r, "echo '{\"secret\": 42}' >secret.json && rm live/metrics.json "
	    "&& ln -s ../secret.json live/metrics.json");
	(void)import(&a, &w, "live", mv_import_dvclive);
	assert_prints(&w.r, "0\n", "git notes --ref=model show "
		      "$(git rev-parse :m.bin) | grep -c secret || true");
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_import_mlflow__once_on_the_content_of_its_artifact),
		cmocka_unit_test(
			test_import_mlflow__what_matches_nothing_is_told),
		cmocka_unit_test(
			test_import_mlflow__a_failed_run_only_when_asked_for),
		cmocka_unit_test(test_import_mlflow__of_strangers),
		cmocka_unit_test(test_import_dvc__by_its_name_or_told),
		cmocka_unit_test(test_import_dvc__of_strangers),
		cmocka_unit_test(test_import_dvclive__a_folder_is_a_run)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
