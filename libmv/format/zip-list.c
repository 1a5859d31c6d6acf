/* SPDX-License-Identifier: MIT */
#include "libmv/format/parts.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/json.h"
#include "libmv/base/json-read.h"
#include "libmv/format/pickle.h"

/*
 * What is in a zip: arrays (NPZ), a PyTorch file, a Keras model, or members.
 */
#define PICKLE_MAX (64u * 1024 * 1024)
#define VALUES_MAX (1u << 21)
#define JSON_MAX (1u << 20)

struct file {
	mv_read_at_fn fn;
	void *payload;
	uint64_t size;
	struct mv_err *err;
};

static int ends_with(const struct mv_zip_member *m, const char *end)
{
	size_t n = strlen(end);

	return m->name_len >= n && !memcmp(m->name + m->name_len - n, end, n);
}

static const struct mv_zip_member *find(const struct mv_zip *zip,
					const char *name)
{
	return mv_zip_find(zip, name, strlen(name));
}

/* -- PyTorch -------------------------------------------------------------- */

static int read_pickle(struct mv_pickle *p, const struct file *f,
		       const struct mv_zip_member *m)
{
	uint8_t *data = malloc(MV_LOOK_MAX);
	uint64_t at = 0, used;
	int rc = data ? 0 : mv_nomem(f->err);

	while (!rc) {
		size_t len = m->size - at < MV_LOOK_MAX ?
			(size_t)(m->size - at) : MV_LOOK_MAX;

		rc = mv_read_exactly(f->fn, f->payload, f->size, m->data + at,
				     data, len, f->err);
		if (!rc)
			rc = mv_pickle_feed(p, data, len, &used, f->err);
		if (rc < 0)
			break;
		at += used;
		if (!rc && (!used || at >= m->size))
			rc = mv_fail(f->err, MV_EINVALID, "data.pkl ends early");
		if (rc == 1 && at != m->size)
			rc = mv_fail(f->err, MV_EINVALID,
				     "data.pkl goes on behind its end");
	}
	free(data);
	return rc < 0 ? rc : 0;
}

/* Loaders look for names without regard to case. */
static int check_case(const struct mv_zip *zip, struct mv_err *err)
{
	const struct mv_name *twice;
	struct mv_name *names;
	char shown[MV_SHOWN];
	char *folded;
	size_t total = 0;
	int rc = 0;

	for (size_t i = 0; i < zip->count; i++)
		total += zip->members[i].name_len;
	folded = malloc(total + 1);
	names = calloc(zip->count, sizeof(*names));
	if (!folded || !names) {
		rc = mv_nomem(err);
		goto out;
	}
	total = 0;
	for (size_t i = 0; i < zip->count; i++) {
		const struct mv_zip_member *m = &zip->members[i];

		names[i].s = folded + total;
		names[i].len = m->name_len;
		for (size_t k = 0; k < m->name_len; k++) {
			char c = m->name[k];

			folded[total++] = (char)(c >= 'A' && c <= 'Z' ?
						 c + 32 : c);
		}
	}
	twice = mv_names_twice(names, zip->count);
	if (twice)
		rc = mv_fail(err, MV_EINVALID,
			     "two members are called '%s', but for case",
			     mv_name_shown(shown, twice->s, twice->len));
out:
	free(folded);
	free(names);
	return rc;
}

/* Where the storage's member is, and that it is as long as it should be. */
static int storage_member(const struct mv_zip_member **out,
			  const struct mv_zip *zip,
			  const struct mv_zip_member *pickle,
			  const struct mv_storage *s, struct mv_err *err)
{
	size_t folder = pickle->name_len - strlen("data.pkl");
	char shown[MV_SHOWN];
	char *name = malloc(folder + 5 + s->key_len);

	if (!name)
		return mv_nomem(err);
	memcpy(name, pickle->name, folder);
	memcpy(name + folder, "data/", 5);
	memcpy(name + folder + 5, s->key, s->key_len);
	*out = mv_zip_find(zip, name, folder + 5 + s->key_len);
	free(name);
	mv_name_shown(shown, s->key, s->key_len);
	if (!*out)
		return mv_fail(err, MV_EINVALID, "storage '%s' is missing",
			       shown);
	if ((*out)->size != s->bytes)
		return mv_fail(err, MV_EINVALID,
			       "storage '%s' is not as long as data.pkl says",
			       shown);
	return 0;
}

/* "little" or "big", in a member of its own since 2.1. */
static int is_big_endian(const struct mv_zip *zip, const struct file *f,
			 const struct mv_zip_member *pickle, int *big)
{
	size_t folder = pickle->name_len - strlen("data.pkl");
	const struct mv_zip_member *m = NULL;
	char text[6];
	size_t len;
	int rc;

	*big = 0;
	for (size_t i = 0; i < zip->count && !m; i++)
		if (zip->members[i].name_len == folder + 9 &&
		    !memcmp(zip->members[i].name, pickle->name, folder) &&
		    !memcmp(zip->members[i].name + folder, "byteorder", 9))
			m = &zip->members[i];
	if (!m || m->method)
		return 0;
	len = m->size < sizeof(text) ? (size_t)m->size : sizeof(text);
	rc = mv_read_exactly(f->fn, f->payload, f->size, m->data, text, len,
			     f->err);
	if (rc < 0)
		return rc;
	*big = m->size == 3 && !memcmp(text, "big", 3);
	if (!*big && (m->size != 6 || memcmp(text, "little", 6)))
		return mv_fail(f->err, MV_EINVALID, "its byteorder is unknown");
	return 0;
}

static int place_tensors(struct mv_torch *torch, const struct mv_zip *zip,
			 const struct file *f,
			 const struct mv_zip_member *pickle)
{
	int big, rc = is_big_endian(zip, f, pickle, &big);

	for (size_t i = 0; i < torch->storage_count && !rc; i++) {
		const struct mv_zip_member *m = NULL;

		rc = storage_member(&m, zip, pickle, &torch->storages[i],
				    f->err);
		if (!rc && m->method)
			torch->storages[i].bytes = 0;	/* packed */
		else if (!rc)
			torch->storages[i].bytes = m->data;
	}
	for (size_t i = 0; i < torch->layout.count && !rc; i++) {
		struct mv_tensor *t = &torch->layout.tensors[i];
		uint64_t at = torch->storages[torch->storage_of[i]].bytes;

		t->offset = at ? at + t->offset : 0;
		t->big_endian = big && t->unit > 1;
	}
	return rc;
}

/* Sparse tensors, NumPy's arrays ...: what is made of them is not known. */
static int note_unlisted(struct mv_torch *torch, struct mv_err *err)
{
	for (size_t i = 0; i < torch->storage_count; i++)
		if (!torch->storages[i].count && torch->storages[i].bytes)
			return mv_layout_note(&torch->layout,
					      "has data that no tensor here is made of",
					      err);
	return 0;
}

static int torch_list(struct mv_layout *out, const struct mv_zip *zip,
		      const struct file *f,
		      const struct mv_zip_member *member)
{
	struct mv_pickle *p = NULL;
	struct mv_torch torch;
	int rc = check_case(zip, f->err);

	out->format = "pytorch";
	if (!rc && (member->method || member->size > PICKLE_MAX)) {
		out->not_listed = 1;
		return mv_layout_note(out, "its data.pkl is packed or too long",
				      f->err);
	}
	if (!rc)
		rc = mv_pickle_new(&p, VALUES_MAX, f->err);
	if (!rc)
		rc = read_pickle(p, f, member);
	if (!rc)
		rc = mv_torch_read(&torch, p, f->err);
	mv_pickle_free(p);
	if (rc < 0)
		return rc;
	rc = note_unlisted(&torch, f->err);
	if (!rc)
		rc = place_tensors(&torch, zip, f, member);
	if (!rc) {
		mv_layout_release(out);
		*out = torch.layout;
		memset(&torch.layout, 0, sizeof(torch.layout));
		out->format = "pytorch";
		mv_layout_sort(out);
		rc = mv_layout_note_twice(out, f->err);
	}
	mv_torch_release(&torch);
	return rc;
}

/* -- Keras ---------------------------------------------------------------- */

static int add_json_meta(struct mv_layout *out, const struct mv_zip *zip,
			 const struct file *f, const char *member,
			 const char *key)
{
	const struct mv_zip_member *m = find(zip, member);
	const struct mv_json *value;
	struct mv_json *root;
	char *text;
	size_t len;
	int rc;

	if (!m || m->method || m->size > JSON_MAX)
		return 0;
	text = malloc((size_t)m->size + 1);
	if (!text)
		return mv_nomem(f->err);
	rc = mv_read_exactly(f->fn, f->payload, f->size, m->data, text,
			     (size_t)m->size, f->err);
	if (!rc && !mv_json_parse(&root, text, (size_t)m->size, NULL)) {
		value = mv_json_type(root) == MV_JSON_OBJECT ?
			mv_json_get(root, key) : NULL;
		if (value && mv_json_type(value) == MV_JSON_STRING) {
			const char *s = mv_json_get_str(value, &len);

			rc = mv_layout_meta(out, key, strlen(key), s, len,
					    f->err);
		}
		mv_json_free(root);
	}
	free(text);
	return rc;
}

static int keras_list(struct mv_layout *out, const struct mv_zip *zip,
		      const struct file *f)
{
	int rc;

	out->format = "keras";
	out->not_listed = 1;
	rc = add_json_meta(out, zip, f, "metadata.json", "keras_version");
	if (!rc)
		rc = add_json_meta(out, zip, f, "config.json", "class_name");
	return rc;
}

/* -- members -------------------------------------------------------------- */

static int members_list(struct mv_layout *out, const struct mv_zip *zip,
			struct mv_err *err)
{
	int rc = 0;

	out->format = "zip";
	for (size_t i = 0; i < zip->count && !rc; i++) {
		const struct mv_zip_member *m = &zip->members[i];
		const struct mv_tensor t = {
			.dtype = MV_DTYPE_FILE, .dtype_name = "FILE",
			.unit = 1, .offset = m->method ? 0 : m->data,
			.length = m->size
		};

		rc = mv_layout_copy(out, &t, m->name, m->name_len, err);
	}
	if (!rc)
		mv_layout_sort(out);
	return rc;
}

int mv_zip_list(struct mv_layout *out, mv_read_at_fn fn, void *payload,
		uint64_t size, struct mv_err *err)
{
	const struct file f = { fn, payload, size, err };
	const struct mv_zip_member *pickle = NULL;
	struct mv_zip zip;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = mv_zip_read(&zip, fn, payload, size, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < zip.count && !pickle; i++)
		if (ends_with(&zip.members[i], "/data.pkl"))
			pickle = &zip.members[i];
	if (pickle)
		rc = torch_list(out, &zip, &f, pickle);
	else if (zip.count && ends_with(&zip.members[0], ".npy"))
		rc = mv_npz_list(out, &zip, fn, payload, size, err);
	else if (find(&zip, "config.json") && find(&zip, "model.weights.h5"))
		rc = keras_list(out, &zip, &f);
	else
		rc = members_list(out, &zip, err);
	mv_zip_release(&zip);
	if (rc < 0)
		mv_layout_release(out);
	return rc;
}
