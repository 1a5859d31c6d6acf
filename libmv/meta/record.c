/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "libmv/base/grow.h"
#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/base/time.h"
#include "libmv/base/utf8.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/record.h"

/*
 * One record, one line (docs/format/records.md). Reading is strict about the
 * members that are known here, because what is read is judged by: one of
 * another type makes the whole line malformed. Unknown members are ignored.
 */
#define OID_PREFIX "sha256:"
#define ID_LEN 16
/* Too long a record is printed all the same, to say what is too long in it. */
#define LINE_MAX_PRINTED ((size_t)1 << 30)

/* -- references ----------------------------------------------------------- */

static void release_ref(struct mv_ref *ref)
{
	free(ref->role);
	free(ref->name);
	free(ref->path);
	free(ref->digest);
}

void mv_refs_release(struct mv_refs *refs)
{
	for (size_t i = 0; i < refs->count; i++)
		release_ref(&refs->v[i]);
	free(refs->v);
	*refs = (struct mv_refs){ NULL, 0, 0 };
}

/* Takes what is in *ref, also on failure. */
static int take_ref(struct mv_refs *refs, struct mv_ref *ref,
		    struct mv_err *err)
{
	if (MV_GROW(refs->v, refs->alloc, refs->count + 1, err) < 0) {
		release_ref(ref);
		return MV_ENOMEM;
	}
	refs->v[refs->count++] = *ref;
	return 0;
}

int mv_refs_add(struct mv_refs *refs, const struct mv_ref *ref,
		struct mv_err *err)
{
	struct mv_ref copy = *ref;

	copy.role = copy.name = copy.path = copy.digest = NULL;
	if (mv_set_str(&copy.role, ref->role ? ref->role : "", err) ||
	    mv_set_str(&copy.name, ref->name, err) ||
	    mv_set_str(&copy.path, ref->path, err) ||
	    mv_set_str(&copy.digest, ref->digest, err)) {
		release_ref(&copy);
		return MV_ENOMEM;
	}
	return take_ref(refs, &copy, err);
}

/* -- the struct ----------------------------------------------------------- */

static void release_list(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

static void release_run(struct mv_execution *run)
{
	free(run->id);
	free(run->name);
	release_list(run->command);
	free(run->cwd);
	mv_refs_release(&run->inputs);
	mv_refs_release(&run->outputs);
	mv_refs_release(&run->files);
}

void mv_record_release(struct mv_record *record)
{
	free(record->t);
	free(record->kind);
	free(record->id);
	free(record->by);
	free(record->artifact);
	free(record->path);
	free(record->commit);
	free(record->dirty);
	mv_facts_release(&record->params);
	mv_facts_release(&record->metrics);
	mv_facts_release(&record->tags);
	mv_refs_release(&record->data);
	mv_facts_release(&record->environment);
	release_run(&record->run);
	mv_facts_release(&record->source);
	release_list(record->supersedes);
	mv_refs_release(&record->attached);
	memset(record, 0, sizeof(*record));
}

int mv_record_id(char *id, struct mv_err *err)
{
	uint8_t random[ID_LEN / 2];
	ssize_t n;

	do {
		n = getrandom(random, sizeof(random), 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return mv_fail_errno(err, errno, "cannot get random bytes");
	if ((size_t)n != sizeof(random))
		return mv_fail(err, MV_EIO, "cannot get random bytes");
	mv_hex(id, random, sizeof(random));
	return 0;
}

/* -- small checks --------------------------------------------------------- */

static int is_id(const char *s)
{
	return mv_is_hex(s, ID_LEN);
}

static int is_commit(const char *s)
{
	return mv_is_hex(s, 40) || mv_is_hex(s, 64);
}

/* Our form exactly, so that the order of bytes is that of time. */
static int parse_moment(int64_t *ms, const char *s)
{
	char text[32];

	return mv_time_parse(ms, s, NULL) < 0 ||
	       strcmp(mv_time_print(text, *ms), s) ? -1 : 0;
}

static int parse_oid(struct mv_oid *out, const char *s)
{
	size_t skip = strlen(OID_PREFIX);

	if (strncmp(s, OID_PREFIX, skip) ||
	    strlen(s) != skip + MV_OID_HEX)
		return -1;
	return mv_oid_parse(out, s + skip, MV_OID_HEX);
}

int mv_record_supersede(struct mv_record *record, const char *id,
			struct mv_err *err)
{
	char **list = record->supersedes;
	size_t n = 0, alloc;

	for (; list && list[n]; n++)
		if (!strcmp(list[n], id))
			return 0;
	if (!is_id(id) || n == MV_SUPERSEDES_MAX)
		return mv_fail(err, MV_EINVALID, "a record supersedes at most "
			       "%d others, by ids of 16 hex digits",
			       MV_SUPERSEDES_MAX);
	alloc = n + 1;		/* and the NULL behind them */
	if (!MV_GROW_ONE(record->supersedes, alloc, err))
		return MV_ENOMEM;
	record->supersedes[n] = NULL;	/* nothing was there at first */
	return mv_set_str(&record->supersedes[n], id, err);
}

/* -- printing ------------------------------------------------------------- */

static struct mv_json *hex_of(const char *s)
{
	char *hex = malloc(2 * strlen(s) + 1);
	struct mv_json *v;

	if (!hex)
		return NULL;	/* what holds it will not print */
	mv_hex(hex, (const uint8_t *)s, strlen(s));
	v = mv_json_str(hex);
	free(hex);
	return v;
}

/* JSON cannot hold every name that a file can have: its bytes go beside. */
static void put_str(struct mv_json *o, const char *key, const char *s)
{
	char *beside;

	if (!s || !*s)
		return;
	mv_json_set(o, key, mv_json_str(s));
	if (mv_utf8_ok(s, strlen(s)))
		return;
	beside = mv_strf("%s_hex", key);
	if (beside)
		mv_json_set(o, beside, hex_of(s));
	else
		mv_json_set(o, key, NULL);	/* will not print */
	free(beside);
}

static void put_oid(struct mv_json *o, const char *key,
		    const struct mv_oid *oid)
{
	char text[sizeof(OID_PREFIX) + MV_OID_HEX];

	memcpy(text, OID_PREFIX, strlen(OID_PREFIX));
	mv_oid_hex(text + strlen(OID_PREFIX), oid);
	mv_json_set(o, key, mv_json_str(text));
}

static void put_facts(struct mv_json *o, const char *key,
		      const struct mv_facts *facts)
{
	if (facts->count)
		mv_json_set(o, key, mv_facts_to_json(facts));
}

static void put_ids(struct mv_json *o, const char *key, char *const *ids)
{
	struct mv_json *list;

	if (!ids || !*ids)
		return;
	list = mv_json_array();
	for (; *ids; ids++)
		mv_json_push(list, mv_json_str(*ids));
	mv_json_set(o, key, list);
}

static int put_size(struct mv_json *o, uint64_t size, struct mv_err *err)
{
	if (size > INT64_MAX)
		return mv_fail(err, MV_EINVALID,
			       "a record cannot hold a size over 2^63 - 1");
	mv_json_set(o, "size", mv_json_int((int64_t)size));
	return 0;
}

static int put_refs(struct mv_json *o, const char *key,
		    const struct mv_refs *refs, struct mv_err *err)
{
	struct mv_json *list;
	int rc = 0;

	if (!refs->count)
		return 0;
	list = mv_json_array();
	for (size_t i = 0; i < refs->count && !rc; i++) {
		const struct mv_ref *ref = &refs->v[i];
		struct mv_json *item = mv_json_object();

		put_str(item, "role", ref->role);
		put_str(item, "name", ref->name);
		put_str(item, "path", ref->path);
		put_str(item, "digest", ref->digest);
		if (ref->has_oid)
			put_oid(item, "content", &ref->oid);
		if (ref->size != UINT64_MAX)
			rc = put_size(item, ref->size, err);
		mv_json_push(list, item);
	}
	mv_json_set(o, key, list);
	return rc;
}

static void put_command(struct mv_json *o, char *const *command)
{
	struct mv_json *list = mv_json_array();
	int plain = 1;

	for (size_t i = 0; command[i]; i++) {
		mv_json_push(list, mv_json_str(command[i]));
		plain = plain && mv_utf8_ok(command[i], strlen(command[i]));
	}
	mv_json_set(o, "command", list);
	if (plain)
		return;
	list = mv_json_array();
	for (size_t i = 0; command[i]; i++)
		mv_json_push(list, hex_of(command[i]));
	mv_json_set(o, "command_hex", list);
}

static int record_put_run(struct mv_json *record,
			  const struct mv_execution *run,
			  struct mv_err *err)
{
	struct mv_json *o;
	char started[32];
	int64_t back;
	int rc;

	if (!run->command)
		return 0;
	if (!run->command[0])
		return mv_fail(err, MV_EINVALID, "a run without a command");
	if (run->id && !is_id(run->id))
		return mv_fail(err, MV_EINVALID,
			       "a run's id has 16 hex digits");
	mv_time_print(started, run->started_ms);
	if (parse_moment(&back, started) < 0 || back != run->started_ms)
		return mv_fail(err, MV_EINVALID,
			       "a run's start is outside the years 0 to 9999");
	o = mv_json_object();
	put_str(o, "id", run->id);
	put_str(o, "name", run->name);
	put_command(o, run->command);
	put_str(o, "cwd", run->cwd);
	mv_json_set(o, "started", mv_json_str(started));
	mv_json_set(o, "duration_ms", mv_json_int(run->duration_ms));
	mv_json_set(o, "exit", mv_json_int(run->exit_code));
	if (run->peak_bytes)
		mv_json_set(o, "peak_bytes", mv_json_int(run->peak_bytes));
	rc = put_refs(o, "inputs", &run->inputs, err);
	if (!rc)
		rc = put_refs(o, "outputs", &run->outputs, err);
	if (!rc)
		rc = put_refs(o, "files", &run->files, err);
	mv_json_set(record, "run", o);
	return rc;
}

/* Would it be read again? */
static int check_record(const struct mv_record *record, struct mv_err *err)
{
	int64_t ms;

	if (!record->t || parse_moment(&ms, record->t) < 0)
		return mv_fail(err, MV_EINVALID,
			       "a record's time is no RFC 3339 moment in UTC "
			       "with milliseconds");
	if (!record->kind || !*record->kind)
		return mv_fail(err, MV_EINVALID, "a record without a kind");
	if (record->id && *record->id && !is_id(record->id))
		return mv_fail(err, MV_EINVALID,
			       "a record's id has 16 hex digits");
	if (record->commit && *record->commit && !is_commit(record->commit))
		return mv_fail(err, MV_EINVALID,
			       "a record's commit is no full object name");
	return 0;
}

static int build(struct mv_json *o, const struct mv_record *record,
		 struct mv_err *err)
{
	int rc;

	put_str(o, "t", record->t);
	put_str(o, "kind", record->kind);
	put_str(o, "id", record->id);
	put_str(o, "by", record->by);
	put_str(o, "artifact", record->artifact);
	put_str(o, "path", record->path);
	put_str(o, "for", record->for_path ? "path" : NULL);
	put_oid(o, "content", &record->content);
	put_str(o, "commit", record->commit);
	put_str(o, "dirty", record->dirty);
	put_facts(o, "params", &record->params);
	put_facts(o, "metrics", &record->metrics);
	put_facts(o, "tags", &record->tags);
	put_facts(o, "environment", &record->environment);
	put_facts(o, "source", &record->source);
	put_ids(o, "supersedes", record->supersedes);
	rc = record->size ? put_size(o, record->size, err) : 0;
	if (!rc)
		rc = put_refs(o, "data", &record->data, err);
	if (!rc)
		rc = put_refs(o, "attached", &record->attached, err);
	return rc ? rc : record_put_run(o, &record->run, err);
}

/* What takes most of a record that is too long, and where it could go. */
struct largest {
	const char *key;
	size_t len;
};

static int find_largest(void *payload, const char *key,
			const struct mv_json *value)
{
	struct largest *l = payload;
	struct mv_buf text;

	mv_buf_init(&text, LINE_MAX_PRINTED);
	if (!mv_json_print_canonical(&text, value, NULL, NULL) &&
	    text.len > l->len)
		*l = (struct largest){ key, text.len };
	mv_buf_release(&text);
	return 0;
}

static const char *way_out(const char *key)
{
	if (!strcmp(key, "metrics"))
		return "record the series as a CSV file of metrics, and "
		       "their last values alone";
	if (!strcmp(key, "data") || !strcmp(key, "run") ||
	    !strcmp(key, "attached"))
		return "name a folder in place of each of its files";
	return "add the file that they come from as an artifact of its own";
}

static int fail_long(const struct mv_json *o, struct mv_err *err)
{
	struct largest l = { "params", 0 };

	mv_json_each(o, find_largest, &l);
	return mv_fail(err, MV_ENOMEM,
		       "the record would be longer than %zu KiB, most of it "
		       "in '%s': %s", MV_RECORD_MAX >> 10, l.key,
		       way_out(l.key));
}

int mv_record_print(struct mv_buf *out, const struct mv_record *record,
		    struct mv_err *err)
{
	static const char *const first[] = { "t", "kind", NULL };
	struct mv_json *o = NULL;
	struct mv_buf line;
	int rc;

	mv_buf_init(&line, LINE_MAX_PRINTED);
	rc = check_record(record, err);
	if (rc < 0)
		goto out;
	o = mv_json_object();
	rc = build(o, record, err);
	if (rc < 0)
		goto out;
	rc = mv_json_print_canonical(&line, o, first, err);
	if (!rc && line.len > MV_RECORD_MAX)
		rc = fail_long(o, err);
	if (!rc && mv_buf_add(out, line.data, line.len) < 0)
		rc = mv_nomem(err);
out:
	mv_json_free(o);
	mv_buf_release(&line);
	return rc;
}

/* -- parsing -------------------------------------------------------------- */

static int record_bad(struct mv_err *err, const char *key, const char *why)
{
	return mv_fail(err, MV_EINVALID, "the record's '%s' %s", key, why);
}

static int text_is(const struct mv_json *v, const char *s)
{
	const char *text = mv_json_get_str(v, NULL);

	return text && !strcmp(text, s);
}

/*
 * The bytes that `hex` says in the place of `text`, which must be the same
 * with U+FFFD in it: nobody shall read two different names in one record.
 */
static int take_hex(char **out, const char *text, const struct mv_json *hex)
{
	size_t len = 0;
	const char *s = mv_json_get_str(hex, &len);
	struct mv_json *shown;
	char *bytes;
	int rc;

	if (!s || !len || len % 2)
		return MV_EINVALID;
	bytes = calloc(1, len / 2 + 1);
	if (!bytes)
		return MV_ENOMEM;
	rc = mv_unhex((uint8_t *)bytes, s, len / 2) < 0 ? MV_EINVALID : 0;
	shown = mv_json_str(bytes);
	if (rc || strlen(bytes) != len / 2 || mv_utf8_ok(bytes, len / 2) ||
	    !text_is(shown, text)) {
		rc = MV_EINVALID;
		free(bytes);
	} else {
		free(*out);
		*out = bytes;
	}
	mv_json_free(shown);
	return rc;
}

/* A string; *out stays NULL when there is none, or nothing in it. */
static int take_str(char **out, const struct mv_json *o, const char *key,
		    struct mv_err *err)
{
	const struct mv_json *v = mv_json_get(o, key);
	const struct mv_json *hex;
	char beside[32];
	const char *s;
	size_t len;
	int rc;

	if (!v)
		return 0;
	s = mv_json_get_str(v, &len);
	if (!s || strlen(s) != len)
		return record_bad(err, key, "is not a string");
	if (!len)
		return 0;
	if (mv_set_str(out, s, err))
		return MV_ENOMEM;
	len = strlen(key);
	memcpy(beside, key, len);
	memcpy(beside + len, "_hex", 5);
	hex = mv_json_get(o, beside);
	if (!hex)
		return 0;
	rc = take_hex(out, s, hex);
	if (rc == MV_ENOMEM)
		return mv_nomem(err);
	return rc ? record_bad(err, beside, "does not fit its text") : 0;
}

static int take_int(int64_t *out, const struct mv_json *o, const char *key,
		    int64_t min, int64_t max, struct mv_err *err)
{
	const struct mv_json *v = mv_json_get(o, key);

	if (!v)
		return 0;
	if (mv_json_type(v) != MV_JSON_INT || mv_json_get_int(v) < min ||
	    mv_json_get_int(v) > max)
		return record_bad(err, key, "is not an integer in its range");
	*out = mv_json_get_int(v);
	return 0;
}

static int take_oid(struct mv_oid *out, int *has, const struct mv_json *o,
		    struct mv_err *err)
{
	const struct mv_json *v = mv_json_get(o, "content");
	const char *s = mv_json_get_str(v, NULL);

	*has = 0;
	if (!v)
		return 0;
	if (!s || parse_oid(out, s) < 0)
		return record_bad(err, "content",
				  "is not sha256: and 64 hex digits");
	*has = 1;
	return 0;
}

static int take_facts(struct mv_facts *out, const struct mv_json *o,
		      const char *key, struct mv_err *err)
{
	const struct mv_json *v = mv_json_get(o, key);

	if (!v)
		return 0;
	if (mv_json_type(v) != MV_JSON_OBJECT)
		return record_bad(err, key, "is not an object");
	return mv_facts_from_json(out, v, "", 0, NULL, err);
}

static int take_one_ref(struct mv_refs *out, const struct mv_json *item,
			struct mv_err *err)
{
	struct mv_ref ref = { 0 };
	int64_t size = -1;
	int rc;

	if (mv_json_type(item) != MV_JSON_OBJECT)
		return mv_fail(err, MV_EINVALID,
			       "a reference in the record is not an object");
	rc = take_str(&ref.role, item, "role", err);
	if (!rc)
		rc = take_str(&ref.name, item, "name", err);
	if (!rc)
		rc = take_str(&ref.path, item, "path", err);
	if (!rc)
		rc = take_str(&ref.digest, item, "digest", err);
	if (!rc)
		rc = take_oid(&ref.oid, &ref.has_oid, item, err);
	if (!rc)
		rc = take_int(&size, item, "size", 0, INT64_MAX, err);
	if (!rc && !ref.role)
		rc = mv_set_str(&ref.role, "", err);
	ref.size = size < 0 ? UINT64_MAX : (uint64_t)size;
	if (!rc)
		return take_ref(out, &ref, err);
	release_ref(&ref);
	return rc;
}

static int take_refs(struct mv_refs *out, const struct mv_json *o,
		     const char *key, struct mv_err *err)
{
	const struct mv_json *list = mv_json_get(o, key);
	int rc = 0;

	if (!list)
		return 0;
	if (mv_json_type(list) != MV_JSON_ARRAY)
		return record_bad(err, key, "is not an array");
	for (size_t i = 0; i < mv_json_size(list) && !rc; i++)
		rc = take_one_ref(out, mv_json_at(list, i), err);
	return rc;
}

static int take_command(char ***out, const struct mv_json *o,
			struct mv_err *err)
{
	const struct mv_json *list = mv_json_get(o, "command");
	const struct mv_json *hex = mv_json_get(o, "command_hex");
	size_t count = mv_json_size(list);
	int rc = 0, odd = 0;

	if (mv_json_type(list) != MV_JSON_ARRAY || !count)
		return record_bad(err, "command", "is not a list of words");
	*out = calloc(count + 1, sizeof(**out));
	if (!*out)
		return mv_nomem(err);
	for (size_t i = 0; i < count && !rc; i++) {
		const struct mv_json *word = mv_json_at(list, i);
		const struct mv_json *bytes = mv_json_at(hex, i);
		const char *s = mv_json_get_str(word, NULL);

		if (!s)
			return record_bad(err, "command",
					  "is not a list of words");
		if (mv_set_str(&(*out)[i], s, err))
			return MV_ENOMEM;
		if (hex)
			rc = take_hex(&(*out)[i], s, bytes);
		odd += hex && !rc;
		/* Words that JSON can hold stand there in hex, too. */
		if (rc == MV_EINVALID) {
			struct mv_json *same = hex_of(s);
			const char *want = mv_json_get_str(same, NULL);

			rc = want && text_is(bytes, want) ? 0 : MV_EINVALID;
			mv_json_free(same);
		}
	}
	if (rc == MV_ENOMEM)
		return mv_nomem(err);
	if (rc || (hex && (!odd || mv_json_size(hex) != count)))
		return record_bad(err, "command_hex", "does not fit its words");
	return 0;
}

static int take_moment(int64_t *out, const struct mv_json *o,
		       const char *key, struct mv_err *err)
{
	const struct mv_json *v = mv_json_get(o, key);
	const char *s = mv_json_get_str(v, NULL);

	if (!v)
		return 0;
	if (!s || parse_moment(out, s) < 0)
		return record_bad(err, key, "is not a moment in UTC with "
				  "milliseconds");
	return 0;
}

static int take_run(struct mv_execution *run, const struct mv_json *record,
		    struct mv_err *err)
{
	const struct mv_json *o = mv_json_get(record, "run");
	int64_t code = 0;
	int rc;

	if (!o)
		return 0;
	if (mv_json_type(o) != MV_JSON_OBJECT)
		return record_bad(err, "run", "is not an object");
	rc = take_command(&run->command, o, err);
	if (!rc)
		rc = take_str(&run->id, o, "id", err);
	if (!rc && run->id && !is_id(run->id))
		rc = record_bad(err, "id", "does not have 16 hex digits");
	if (!rc)
		rc = take_str(&run->name, o, "name", err);
	if (!rc)
		rc = take_str(&run->cwd, o, "cwd", err);
	if (!rc && !run->cwd)
		rc = mv_set_str(&run->cwd, "", err);
	if (!rc)
		rc = take_moment(&run->started_ms, o, "started", err);
	if (!rc)
		rc = take_int(&run->duration_ms, o, "duration_ms", INT64_MIN,
			      INT64_MAX, err);
	if (!rc)
		rc = take_int(&code, o, "exit", INT_MIN, INT_MAX, err);
	run->exit_code = (int)code;
	if (!rc)
		rc = take_int(&run->peak_bytes, o, "peak_bytes", INT64_MIN,
			      INT64_MAX, err);
	if (!rc)
		rc = take_refs(&run->inputs, o, "inputs", err);
	if (!rc)
		rc = take_refs(&run->outputs, o, "outputs", err);
	if (!rc)
		rc = take_refs(&run->files, o, "files", err);
	return rc;
}

static int take_superseded(struct mv_record *out, const struct mv_json *o,
			   struct mv_err *err)
{
	const struct mv_json *list = mv_json_get(o, "supersedes");
	int rc = 0;

	if (!list)
		return 0;
	if (mv_json_type(list) != MV_JSON_ARRAY)
		return record_bad(err, "supersedes", "is not an array");
	for (size_t i = 0; i < mv_json_size(list) && !rc; i++) {
		size_t len;
		const char *id = mv_json_get_str(mv_json_at(list, i), &len);

		if (!id || strlen(id) != len)
			return record_bad(err, "supersedes",
					  "is not a list of ids");
		rc = mv_record_supersede(out, id, err);
	}
	return rc;
}

static int record_is_known(const char *kind)
{
	return !strcmp(kind, "evidence") || !strcmp(kind, "run");
}

/* What every kind has. */
static int take_head(struct mv_record *out, const struct mv_json *o,
		     struct mv_err *err)
{
	int64_t ms;
	int rc;

	rc = take_str(&out->t, o, "t", err);
	if (!rc && (!out->t || parse_moment(&ms, out->t) < 0))
		rc = record_bad(err, "t", "is not a moment in UTC with "
				"milliseconds");
	if (!rc)
		rc = take_str(&out->kind, o, "kind", err);
	if (!rc && !out->kind)
		rc = record_bad(err, "kind", "is missing");
	if (!rc)
		rc = take_str(&out->id, o, "id", err);
	if (!rc && out->id && !is_id(out->id))
		rc = record_bad(err, "id", "does not have 16 hex digits");
	if (!rc)
		rc = take_str(&out->by, o, "by", err);
	if (!rc)
		rc = take_str(&out->artifact, o, "artifact", err);
	if (!rc)
		rc = take_oid(&out->content, &out->has_content, o, err);
	if (!rc && !out->has_content && record_is_known(out->kind))
		rc = record_bad(err, "content", "is missing");
	return rc;
}

static int take_body(struct mv_record *out, const struct mv_json *o,
		     struct mv_err *err)
{
	char *made_for = NULL;
	int64_t size = 0;
	int rc;

	rc = take_str(&out->path, o, "path", err);
	if (!rc)
		rc = take_int(&size, o, "size", 0, INT64_MAX, err);
	out->size = (uint64_t)size;
	if (!rc)
		rc = take_str(&out->commit, o, "commit", err);
	if (!rc && out->commit && !is_commit(out->commit))
		rc = record_bad(err, "commit", "is no full object name");
	if (!rc)
		rc = take_str(&out->dirty, o, "dirty", err);
	if (!rc)
		rc = take_facts(&out->params, o, "params", err);
	if (!rc)
		rc = take_facts(&out->metrics, o, "metrics", err);
	if (!rc)
		rc = take_facts(&out->tags, o, "tags", err);
	if (!rc)
		rc = take_facts(&out->environment, o, "environment", err);
	if (!rc)
		rc = take_facts(&out->source, o, "source", err);
	if (!rc)
		rc = take_str(&made_for, o, "for", err);
	out->for_path = made_for && !strcmp(made_for, "path");
	free(made_for);
	if (!rc)
		rc = take_superseded(out, o, err);
	if (!rc)
		rc = take_refs(&out->data, o, "data", err);
	if (!rc)
		rc = take_refs(&out->attached, o, "attached", err);
	return rc ? rc : take_run(&out->run, o, err);
}

int mv_record_parse(struct mv_record *out, const char *line, size_t len,
		    struct mv_err *err)
{
	struct mv_json *o = NULL;
	int rc;

	memset(out, 0, sizeof(*out));
	if (len > MV_RECORD_MAX)
		return mv_fail(err, MV_EINVALID, "a record of %zu bytes; "
			       "the longest has %zu", len, MV_RECORD_MAX);
	if (memchr(line, '\n', len))
		return mv_fail(err, MV_EINVALID, "a record of several lines");
	rc = mv_json_parse(&o, line, len, err);
	if (rc < 0)
		return rc;
	if (mv_json_type(o) != MV_JSON_OBJECT)
		rc = mv_fail(err, MV_EINVALID, "a record is not an object");
	if (!rc)
		rc = take_head(out, o, err);
	if (!rc && record_is_known(out->kind))
		rc = take_body(out, o, err);
	mv_json_free(o);
	if (rc < 0)
		mv_record_release(out);
	return rc;
}
