/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "libmv/evidence/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/record.h"
#include "libmv/repo/files.h"
#include "libmv/run/priv.h"

/*
 * What a command ran on. Variables of the environment are never recorded,
 * because secrets are kept there; the few that are looked at are named here.
 * What cannot be found out is left out: nobody's training waits or fails
 * for it.
 */
#define FILE_MAX ((size_t)1 << 20)
#define ANSWER_MAX ((size_t)4 << 20)
#define PATIENCE_MS 30000

/* -- asking --------------------------------------------------------------- */

/*
 * With -c the current folder comes first where modules are looked for: it
 * goes, so that no "pip.py" of the repository is run for this.
 */
static const char ask_python[] =
	"import sys\n"
	"sys.path = [p for p in sys.path if p]\n"
	"print('%d.%d.%d' % sys.version_info[:3])\n"
	"sys.stdout.flush()\n"
	"sys.argv = ['pip', 'freeze', '--disable-pip-version-check']\n"
	"import runpy\n"
	"runpy.run_module('pip', run_name='__main__')\n";

static void start(struct mv_proc *out, const struct mv_repo *repo,
		  const char *const *argv)
{
	struct mv_err err;

	if (out->pid <= 0)
		mv_proc_start(out, argv, NULL, &repo->env, &err);
}

static void start_python(struct mv_probe *probe, const struct mv_repo *repo)
{
	const char *venv = mv_repo_getenv(repo, "VIRTUAL_ENV");
	const char *argv[] = { NULL, "-c", ask_python, NULL };
	char *own = venv && *venv == '/' ?
		    mv_path_join(venv, "bin/python") : NULL;

	argv[0] = own;
	if (own)
		start(&probe->python, repo, argv);
	argv[0] = "python";
	start(&probe->python, repo, argv);
	argv[0] = "python3";
	start(&probe->python, repo, argv);
	free(own);
}

void mv_run_probe_begin(struct mv_probe *probe, struct mv_repo *repo)
{
	static const char *const gpu[] = { "nvidia-smi", "-L", NULL };
	static const char *const conda[] = {
		"conda", "list", "--export", NULL
	};
	const struct mv_proc none = MV_PROC_INIT;

	probe->python = probe->conda = probe->gpu = none;
	start_python(probe, repo);
	start(&probe->gpu, repo, gpu);
	if (mv_repo_getenv(repo, "CONDA_PREFIX"))
		start(&probe->conda, repo, conda);
	probe->begun = 1;
}

void mv_run_probe_drop(struct mv_probe *probe)
{
	struct mv_proc *all[] = {
		&probe->python, &probe->conda, &probe->gpu
	};
	struct mv_buf out;
	int status;

	if (!probe->begun)
		return;
	for (size_t i = 0; i < 3; i++) {
		mv_buf_init(&out, ANSWER_MAX);
		mv_proc_collect(&status, all[i], &out, 0, NULL);
		mv_buf_release(&out);
	}
	probe->begun = 0;
}

/* -- writing it down ------------------------------------------------------ */

static int set_text(struct mv_record *r, const char *key, const char *text,
		    struct mv_err *err)
{
	const struct mv_value v = {
		.type = MV_VALUE_STRING, .text = (char *)(uintptr_t)text
	};

	return *text ? mv_facts_set(&r->environment, key, &v, 0, err) : 0;
}

static int set_int(struct mv_record *r, const char *key, int64_t i,
		   struct mv_err *err)
{
	char text[24];
	const struct mv_value v = {
		.type = MV_VALUE_INT, .i = i, .r = (double)i, .text = text
	};

	snprintf(text, sizeof(text), "%" PRId64, i);
	return mv_facts_set(&r->environment, key, &v, 0, err);
}

/* The rest of the first line that begins so; in place. */
static char *environment_value_of(char *text, const char *begins)
{
	size_t n = strlen(begins);
	char *line = text;

	while (line && strncmp(line, begins, n)) {
		line = strchr(line, '\n');
		line += line != NULL;
	}
	if (!line)
		return NULL;
	line += n;
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static int add_os(struct mv_record *r, struct mv_err *err)
{
	struct mv_buf text;
	char *name;
	size_t len;
	int rc = 0;

	mv_buf_init(&text, FILE_MAX);
	if (!mv_read_file(&text, "/etc/os-release", NULL)) {
		name = environment_value_of(text.data, "PRETTY_NAME=");
		len = name ? strlen(name) : 0;
		if (len > 1 && *name == '"' && name[len - 1] == '"') {
			name[len - 1] = '\0';
			name++;
		}
		if (name)
			rc = set_text(r, "os", name, err);
	}
	mv_buf_release(&text);
	return rc;
}

static int add_kernel(struct mv_record *r, struct mv_err *err)
{
	struct utsname u;
	char *text;
	int rc;

	if (uname(&u))
		return 0;
	text = mv_strf("%s %s %s", u.sysname, u.release, u.machine);
	rc = text ? set_text(r, "kernel", text, err) : mv_nomem(err);
	free(text);
	return rc;
}

static int add_cpu(struct mv_record *r, struct mv_err *err)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	struct sysinfo info;
	struct mv_buf text;
	char *model = NULL;
	int rc = 0;

	mv_buf_init(&text, FILE_MAX);
	/* Of many processors the file is long; the first is enough. */
	if (!mv_read_file(&text, "/proc/cpuinfo", NULL))
		model = environment_value_of(text.data, "model name\t: ");
	if (model)
		rc = set_text(r, "cpu", model, err);
	mv_buf_release(&text);
	if (!rc && n > 0)
		rc = set_int(r, "cpus", n, err);
	if (!rc && !sysinfo(&info))
		rc = set_int(r, "memory",
			     (int64_t)info.totalram * info.mem_unit, err);
	return rc;
}

static int add_image(struct mv_record *r, const struct mv_repo *repo,
		     struct mv_err *err)
{
	const char *image = mv_repo_getenv(repo, "GIT_MODEL_IMAGE");
	char host[256] = "";

	if (image && *image)
		return set_text(r, "image", image, err);
	if (access("/.dockerenv", F_OK) || gethostname(host, sizeof(host) - 1))
		return 0;
	return set_text(r, "container", host, err);
}

/* "GPU 0: NVIDIA A100 (UUID: ...)" each: names, the same one once. */
static int add_gpus(struct mv_record *r, char *text, struct mv_err *err)
{
	struct mv_buf names;
	int64_t n = 0;
	char *line, *next, *end;
	int rc = 0;

	mv_buf_init(&names, 4096);
	for (line = text; !rc && *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		if (strncmp(line, "GPU ", 4) || !(line = strstr(line, ": ")))
			continue;
		line += 2;
		end = strstr(line, " (UUID");
		if (end)
			*end = '\0';
		n++;
		if (names.len && strstr(names.data, line))
			continue;
		if (names.len)
			rc = mv_buf_addstr(&names, ", ");
		if (!rc)
			rc = mv_buf_addstr(&names, line);
	}
	rc = rc ? mv_nomem(err) : 0;
	if (!rc && n)
		rc = set_text(r, "gpu", names.data, err);
	if (!rc && n)
		rc = set_int(r, "gpus", n, err);
	mv_buf_release(&names);
	return rc;
}

static int64_t count_packages(const char *text)
{
	int64_t n = 0;

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		n += *text != '#' && *text != '\n';
	return n;
}

/* The list itself is a content; tokens in its URLs are not for the store. */
static int add_packages(struct mv_repo *repo, struct mv_record *r,
			const char *tool, const char *text, struct mv_err *err)
{
	const struct mv_ref *ref;
	struct mv_buf clean;
	char digest[7 + MV_OID_HEX + 1] = "sha256:";
	int rc = 0;

	mv_buf_init(&clean, ANSWER_MAX);
	if (mv_run_mask_text(&clean, text, strlen(text)))
		rc = mv_nomem(err);
	if (!rc && clean.len) {
		rc = mv_evidence_attach(repo, r, "packages", clean.data,
					clean.len,
					err);
		ref = r->attached.count ? &r->attached.v[r->attached.count - 1] :
					  NULL;
		if (!rc && ref) {
			mv_oid_hex(digest + 7, &ref->oid);
			rc = set_text(r, "packages.digest", digest, err);
		}
		if (!rc)
			rc = set_int(r, "packages.count",
				     count_packages(clean.data), err);
		if (!rc)
			rc = set_text(r, "packages.tool", tool, err);
	}
	mv_buf_release(&clean);
	return rc;
}

/* 0: it answered, maybe with nothing; MV_ENOENT: it is not there. */
static int answer(struct mv_buf *out, struct mv_repo *repo,
		  struct mv_proc *proc, const char *what)
{
	struct mv_err err;
	int status = 0, rc;

	if (proc->pid <= 0)
		return MV_ENOENT;
	rc = mv_proc_collect(&status, proc, out, PATIENCE_MS, &err);
	if (rc)
		mv_repo_warn(repo, "%s is not recorded: %s", what, err.msg);
	return rc ? rc : status;
}

static int add_answers(struct mv_repo *repo, struct mv_record *r,
		       struct mv_probe *probe, struct mv_err *err)
{
	struct mv_buf python, other;
	char *packages;
	int has_pip, rc = 0;

	mv_buf_init(&python, ANSWER_MAX);
	mv_buf_init(&other, ANSWER_MAX);
	if (!answer(&other, repo, &probe->gpu, "the GPU"))
		rc = add_gpus(r, other.data, err);
	mv_buf_clear(&other);
	/* Without pip it fails, but has said its version. */
	has_pip = !answer(&python, repo, &probe->python,
			  "the list of python packages");
	packages = strchr(python.data, '\n');
	if (!rc && packages) {
		*packages++ = '\0';
		rc = set_text(r, "python", python.data, err);
	}
	/* conda's list has those of pip in it. */
	if (!rc && !answer(&other, repo, &probe->conda,
			   "the list of conda packages") && other.len)
		rc = add_packages(repo, r, "conda", other.data, err);
	else if (!rc && packages && has_pip)
		rc = add_packages(repo, r, "pip", packages, err);
	mv_buf_release(&python);
	mv_buf_release(&other);
	return rc;
}

int mv_run_probe_end(struct mv_probe *probe, struct mv_repo *repo,
		     struct mv_record *record, struct mv_err *err)
{
	int rc = add_os(record, err);

	if (!rc)
		rc = add_kernel(record, err);
	if (!rc)
		rc = add_cpu(record, err);
	if (!rc)
		rc = add_image(record, repo, err);
	if (!rc)
		rc = add_answers(repo, record, probe, err);
	mv_run_probe_drop(probe);
	return rc;
}
