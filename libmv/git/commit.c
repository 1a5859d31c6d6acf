/* SPDX-License-Identifier: MIT */
#include "libmv/git/priv.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"

/*
 * Commits and annotated tags from their bytes, which anybody may have made.
 * What a signature is over must be what git hands to gpg and ssh-keygen,
 * byte for byte, or our verdict and git's could differ:
 *
 * - of a commit, the signature is a header "gpgsig" ("gpgsig-sha256" in a
 *   SHA-256 repository), continued by lines with a blank in front; the
 *   payload is everything but that and other headers that begin with
 *   "gpgsig";
 * - of a tag, it is what begins with the last line that looks like the
 *   start of a signature; the payload is everything before, without headers
 *   of that name.
 */
#define OBJECT_MAX ((size_t)8 << 20)

struct lines {
	const char *p;
	const char *end;
};

/* Where the line that begins at `p` ends, its newline included. */
static const char *line_end(const char *p, const char *end)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));

	return nl ? nl + 1 : end;
}

static int starts(const char *p, const char *end, const char *with)
{
	const size_t n = strlen(with);

	return (size_t)(end - p) >= n && !memcmp(p, with, n);
}

/* "<key> <value>\n" is next: value and its length, and it is passed. */
static int take_header(struct lines *in, const char *key, const char **value,
		       size_t *len)
{
	const size_t n = strlen(key);
	const char *next = line_end(in->p, in->end);

	if (!starts(in->p, in->end, key) || (size_t)(in->end - in->p) <= n ||
	    in->p[n] != ' ')
		return 0;
	*value = in->p + n + 1;
	*len = (size_t)(next - *value);
	if (*len && (*value)[*len - 1] == '\n')
		--*len;
	in->p = next;
	return 1;
}

static int take_hex(struct lines *in, const char *key, char *hex,
		    size_t hex_len)
{
	const char *value;
	size_t len;

	if (!take_header(in, key, &value, &len) || len != hex_len)
		return 0;
	memcpy(hex, value, len);
	hex[len] = '\0';
	return mv_is_hex(hex, hex_len);
}

/* -- people --------------------------------------------------------------- */

/* " 1700000000 +0130"; what is no number is 0. */
static void parse_moment(struct mv_git_person *p, const char *s,
			 const char *end)
{
	int64_t v = 0;
	int sign;

	while (s < end && *s == ' ')
		s++;
	for (; s < end && *s >= '0' && *s <= '9'; s++) {
		if (v > (INT64_MAX - 9) / 10)
			return;
		v = v * 10 + (*s - '0');
	}
	p->when = v;
	while (s < end && *s == ' ')
		s++;
	if (end - s < 5 || (*s != '+' && *s != '-'))
		return;
	sign = *s++ == '-' ? -1 : 1;
	v = 0;
	for (int i = 0; i < 4; i++) {
		if (s[i] < '0' || s[i] > '9')
			return;
		v = v * 10 + (s[i] - '0');
	}
	p->tz = sign * (int)(v / 100 * 60 + v % 100);
}

/* "Name <email> moment": as git, the date stands behind the last ">". */
static int parse_person(struct mv_git_person *p, const char *s, size_t len)
{
	const char *end = s + len;
	const char *lt = memchr(s, '<', len);
	const char *gt = lt ? memchr(lt, '>', (size_t)(end - lt)) : NULL;
	const char *last = memrchr(s, '>', len);
	const char *stop = lt ? lt : end;

	while (stop > s && stop[-1] == ' ')
		stop--;
	free(p->name);
	free(p->email);
	p->name = strndup(s, (size_t)(stop - s));
	p->email = strndup(lt ? lt + 1 : "",
			   lt && gt ? (size_t)(gt - lt - 1) : 0);
	if (gt)
		parse_moment(p, last + 1, end);
	return p->name && p->email ? 0 : MV_ENOMEM;
}

/* Everybody has a name, be it an empty one. */
static int take_person(struct lines *in, const char *key,
		       struct mv_git_person *p)
{
	const char *value = "";
	size_t len = 0;

	(void)take_header(in, key, &value, &len);
	return parse_person(p, value, len);
}

/* -- signatures ----------------------------------------------------------- */

static int begins_signature(const char *p, const char *end)
{
	return starts(p, end, "-----BEGIN PGP SIGNATURE-----") ||
	       starts(p, end, "-----BEGIN PGP MESSAGE-----") ||
	       starts(p, end, "-----BEGIN SIGNED MESSAGE-----") ||
	       starts(p, end, "-----BEGIN SSH SIGNATURE-----");
}

static const char *tag_signature(const char *p, const char *end)
{
	const char *hit = NULL;

	for (; p < end; p = line_end(p, end))
		if (begins_signature(p, end))
			hit = p;
	return hit;
}

/* A signature's header that is not ours; in tags git is more exact. */
static int is_other(const char *p, const char *end, const char *own)
{
	if (own)
		return starts(p, end, "gpgsig");
	return starts(p, end, "gpgsig ") || starts(p, end, "gpgsig-sha256 ");
}

/*
 * Split the headers: lines of the signature `own` (NULL: a tag, none is ours)
 * go to `signature` without their first blank, other gpgsig headers nowhere,
 * and all that remains, with the body, to `payload`.
 */
static int split_signed(struct mv_buf *payload, struct mv_buf *signature,
			const char *p, const char *end, const char *own)
{
	enum { KEEP, OWN, OTHER } in = KEEP;
	const size_t n = own ? strlen(own) : 0;

	while (p < end) {
		const char *next = line_end(p, end);
		const char *text = p;
		int rc = 0;

		if (*p == '\n')
			return mv_buf_add(payload, p, (size_t)(end - p));
		if (in != KEEP && *p == ' ') {
			text++;
		} else if (own && starts(p, end, own) &&
			   (size_t)(end - p) > n && p[n] == ' ') {
			in = OWN;
			text = p + n + 1;
		} else {
			in = is_other(p, end, own) ? OTHER : KEEP;
		}
		if (in == OWN)
			rc = mv_buf_add(signature, text,
					(size_t)(next - text));
		else if (in == KEEP)
			rc = mv_buf_add(payload, p, (size_t)(next - p));
		if (rc)
			return rc;
		p = next;
	}
	return 0;
}

/* Payload and signature into memory of their own. */
static int take_signature(struct mv_git_object_info *info,
			  enum mv_git_type type, size_t hex_len)
{
	const char *end = info->raw + info->raw_len;
	const char *sig = type == MV_GIT_TAG ? tag_signature(info->raw, end) :
					       NULL;
	const char *own = type == MV_GIT_TAG ? NULL :
			  hex_len == 64 ? "gpgsig-sha256" : "gpgsig";
	struct mv_buf payload, signature;
	int rc;

	mv_buf_init(&payload, info->raw_len + 1);
	mv_buf_init(&signature, info->raw_len + 1);
	rc = split_signed(&payload, &signature, info->raw, sig ? sig : end,
			  own);
	if (!rc && sig)
		rc = mv_buf_add(&signature, sig, (size_t)(end - sig));
	info->payload_len = payload.len;
	if (!rc && !(info->payload = mv_buf_detach(&payload)))
		rc = MV_ENOMEM;
	if (!rc && signature.len &&
	    !(info->signature = mv_buf_detach(&signature)))
		rc = MV_ENOMEM;
	mv_buf_release(&payload);
	mv_buf_release(&signature);
	return rc;
}

/* -- objects -------------------------------------------------------------- */

static int broken(struct mv_err *err, enum mv_git_type type)
{
	return mv_fail(err, MV_ECORRUPT, "a %s is not made as git makes them",
		       type == MV_GIT_TAG ? "tag" : "commit");
}

static int parse_commit(struct mv_git_object_info *info, struct lines *in,
			size_t hex_len, struct mv_err *err)
{
	char hex[MV_GIT_HEX_MAX];
	size_t alloc = 0;
	int rc;

	if (!take_hex(in, "tree", info->tree, hex_len))
		return broken(err, MV_GIT_COMMIT);
	while (starts(in->p, in->end, "parent ")) {
		if (!take_hex(in, "parent", hex, hex_len))
			return broken(err, MV_GIT_COMMIT);
		if (MV_GROW(info->parents, alloc, info->parent_count + 1, err) < 0)
			return MV_ENOMEM;
		info->parents[info->parent_count] = strdup(hex);
		if (!info->parents[info->parent_count++])
			return mv_nomem(err);
	}
	rc = take_person(in, "author", &info->author);
	if (!rc)
		rc = take_person(in, "committer", &info->committer);
	return rc ? mv_nomem(err) : 0;
}

static int parse_tag(struct mv_git_object_info *info, struct lines *in,
		     size_t hex_len, struct mv_err *err)
{
	const char *value;
	size_t len;
	int rc;

	if (!take_hex(in, "object", info->target, hex_len) ||
	    !take_header(in, "type", &value, &len) ||
	    !take_header(in, "tag", &value, &len))
		return broken(err, MV_GIT_TAG);
	info->name = strndup(value, len);
	if (!info->name)
		return mv_nomem(err);
	rc = take_person(in, "tagger", &info->author);
	if (!rc)
		rc = parse_person(&info->committer, "", 0);
	return rc ? mv_nomem(err) : 0;
}

/* Past the headers and the empty line; `end` if there is none. */
static const char *find_body(const char *p, const char *end)
{
	while (p < end && *p != '\n')
		p = line_end(p, end);
	return p < end ? p + 1 : end;
}

int mv_git_object_parse(struct mv_git_object_info *out, enum mv_git_type type,
			size_t hex_len, const void *data, size_t len,
			struct mv_err *err)
{
	struct mv_git_object_info info = { .raw_len = len };
	struct lines in;
	const char *body, *stop;
	int rc;

	memset(out, 0, sizeof(*out));
	info.raw = malloc(len + 1);
	if (!info.raw)
		return mv_nomem(err);
	if (len)
		memcpy(info.raw, data, len);
	info.raw[len] = '\0';
	in.p = info.raw;
	in.end = info.raw + len;
	body = find_body(in.p, in.end);
	if (memchr(in.p, '\0', (size_t)(body - in.p)))
		rc = broken(err, type);
	else if (type == MV_GIT_TAG)
		rc = parse_tag(&info, &in, hex_len, err);
	else
		rc = parse_commit(&info, &in, hex_len, err);
	if (!rc && take_signature(&info, type, hex_len))
		rc = mv_nomem(err);
	stop = type == MV_GIT_TAG ? tag_signature(info.raw, in.end) : NULL;
	if (!stop)
		stop = in.end;
	if (!rc) {
		info.message = strndup(body, stop > body ?
				       (size_t)(stop - body) : 0);
		if (!info.message)
			rc = mv_nomem(err);
	}
	if (rc)
		mv_git_object_release(&info);
	else
		*out = info;
	return rc;
}

void mv_git_object_release(struct mv_git_object_info *info)
{
	free(info->raw);
	free(info->name);
	for (size_t i = 0; i < info->parent_count; i++)
		free(info->parents[i]);
	free(info->parents);
	free(info->author.name);
	free(info->author.email);
	free(info->committer.name);
	free(info->committer.email);
	free(info->message);
	free(info->payload);
	free(info->signature);
	memset(info, 0, sizeof(*info));
}

struct infos {
	struct mv_git *git;
	mv_git_info_fn fn;
	void *payload;
};

static int give_info(void *payload, size_t i, const struct mv_git_answer *a,
		     struct mv_err *err)
{
	struct infos *s = payload;
	struct mv_git_object_info info;
	int rc;

	if (!a->data)
		return s->fn(s->payload, i, NULL, err);
	rc = mv_git_object_parse(&info, !strcmp(a->type, "tag") ? MV_GIT_TAG :
				 MV_GIT_COMMIT, s->git->info.hex_len, a->data,
				 (size_t)a->size, err);
	if (rc == MV_ECORRUPT)
		return s->fn(s->payload, i, NULL, err);
	if (rc)
		return rc;
	memcpy(info.hex, a->hex, sizeof(info.hex));
	rc = s->fn(s->payload, i, &info, err);
	mv_git_object_release(&info);
	return rc;
}

int mv_git_objects(struct mv_git *git, const char *const *names, size_t count,
		   mv_git_info_fn fn, void *payload, struct mv_err *err)
{
	struct infos s = { git, fn, payload };

	return mv_git_batch_each(git, names, count, MV_GIT_WANT_COMMIT |
				 MV_GIT_WANT_TAG, OBJECT_MAX, give_info, &s,
				 err);
}
