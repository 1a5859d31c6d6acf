/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/meta/holding.h"
#include "libmv/meta/project.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/meta/version.h"
#include "libmv/release/release.h"
#include "libmv/repo/files.h"
#include "libmv/repo/state.h"
#include "libmv/subject/release.h"
#include "libmv/subject/subject.h"
#include "libmv/transfer/transfer.h"

/*
 * Tags are made by git itself (`git tag -a`), which signs them, knows who the
 * tagger is, and refuses a name that is taken. That refusal is the whole
 * concurrency control; see mv_release_tag().
 */
#define TAGS "refs/tags/"
#define TRIES 10
#define MESSAGE_MAX ((size_t)1 << 20)
#define OURS "Model-"

/* -- making tags ---------------------------------------------------------- */

void mv_release_tag_init(struct mv_tag_event *event)
{
	memset(event, 0, sizeof(*event));
	event->tag.counter = -1;
	mv_buf_init(&event->trailers, MESSAGE_MAX);
}

void mv_release_tag_clear(struct mv_tag_event *event)
{
	mv_tag_release(&event->tag);
	free(event->commit);
	free(event->message);
	mv_buf_release(&event->trailers);
	memset(event, 0, sizeof(*event));
}

int mv_release_tag_trailer(struct mv_tag_event *event, const char *key,
			   const char *value, struct mv_err *err)
{
	if (strncmp(key, OURS, strlen(OURS)) || !*value || *value == ' ' ||
	    strpbrk(value, "\r\n") || value[strlen(value) - 1] == ' ')
		return mv_fail(err, MV_EINVALID, "'%s' cannot be the value of "
			       "the trailer '%s'", value, key);
	if (mv_buf_addf(&event->trailers, "%s: %s\n", key, value))
		return mv_fail(err, MV_ENOMEM, "the message of a tag would be "
			       "too long");
	return 0;
}

static int add_subject(struct mv_buf *out, const struct mv_tag *tag)
{
	const char *version = tag->version ? tag->version : "";

	switch (tag->kind) {
	case MV_EVENT_REGISTER:
		return mv_buf_addf(out, "Register %s %s", tag->artifact,
				   version);
	case MV_EVENT_DEREGISTER:
		return mv_buf_addf(out, "Deregister %s %s", tag->artifact,
				   version);
	case MV_EVENT_ASSIGN:
		return mv_buf_addf(out, "Assign stage %s of %s", tag->stage,
				   tag->artifact);
	case MV_EVENT_UNASSIGN:
		return mv_buf_addf(out, "Unassign stage %s of %s", tag->stage,
				   tag->artifact);
	case MV_EVENT_DEPRECATE:
		return mv_buf_addf(out, "Deprecate %s", tag->artifact);
	case MV_EVENT_CREATE:
		break;
	}
	return mv_buf_addf(out, "Create %s", tag->artifact);
}

/* What the person said, without blank ends; then our paragraph, the last. */
static int make_message(struct mv_buf *out, const struct mv_tag_event *event,
			struct mv_err *err)
{
	const char *text = event->message ? event->message : "";
	size_t len;
	int rc;

	text += strspn(text, " \t\r\n");
	for (len = strlen(text); len && strchr(" \t\r\n", text[len - 1]);)
		len--;
	rc = len ? mv_buf_add(out, text, len) : add_subject(out, &event->tag);
	if (!rc)
		rc = mv_buf_addf(out, "\n%s%s", event->trailers.len ? "\n" : "",
				 event->trailers.data);
	return rc ? mv_fail(err, MV_ENOMEM, "the message of a tag would be too "
			    "long") : 0;
}

static int run_tag(struct mv_repo *repo, const char *name,
		   const struct mv_tag_event *event, struct mv_err *err)
{
	const char *const args[] = {
		"tag", event->flags & MV_TAG_SIGN ? "-s" : "-a",
		"--cleanup=verbatim", "-F", "-", "--", name, event->commit,
		NULL
	};
	struct mv_buf message;
	int limit = 0, rc;

	mv_buf_init(&message, 2 * MESSAGE_MAX);
	rc = make_message(&message, event, err);
	if (!rc)
		rc = mv_repo_sign_limit(&limit, repo, err);
	if (!rc) {
		mv_git_limit(repo->git, limit);
		rc = mv_git_run(repo->git, args, message.data, message.len,
				NULL, err);
		mv_git_limit(repo->git, 0);
	}
	if (rc == MV_EBUSY)
		rc = mv_fail(err, MV_EBUSY, "git tag was stopped after %d "
			     "seconds (model.signTimeout): is there nobody to "
			     "give the passphrase of the key? No tag was made",
			     limit / 1000);
	mv_buf_release(&message);
	return rc;
}

static int see_signature(void *payload, size_t i,
			 const struct mv_git_object_info *tag,
			 struct mv_err *err)
{
	(void)i;
	(void)err;
	*(int *)payload = tag && tag->signature;
	return 0;
}

/*
 * Git (seen with 2.39) makes an unsigned tag, and calls it success, when
 * ssh-keygen cannot sign. Such a tag is taken away again.
 */
static int check_signed(struct mv_repo *repo, const char *ref,
			const struct mv_tag_event *event, struct mv_err *err)
{
	const char *names[1];
	int is_signed = 0, sign, rc;
	char oid[65];

	rc = mv_git_config_bool(&sign, repo->git, "tag.gpgsign", 0, err);
	if (rc || !(sign || (event->flags & MV_TAG_SIGN)))
		return rc;
	rc = mv_git_ref_get(oid, repo->git, ref, err);
	names[0] = oid;
	if (!rc)
		rc = mv_git_objects(repo->git, names, 1, see_signature,
				    &is_signed, err);
	if (rc || is_signed)
		return rc;
	rc = mv_git_ref_set(repo->git, ref, "", oid, "not signed", err);
	return rc ? rc : mv_fail(err, MV_EDENIED, "git could not sign it; see "
				 "user.signingKey and gpg.format");
}

/* MV_EEXISTS: somebody has the name. */
static int make_tag(struct mv_repo *repo, const char *name,
		    const struct mv_tag_event *event, struct mv_err *err)
{
	char *ref = mv_strf(TAGS "%s", name);
	struct mv_err why;
	char hex[65];
	int rc;

	if (!ref)
		return mv_nomem(err);
	rc = run_tag(repo, name, event, &why);
	if (rc == MV_EIO && !mv_git_ref_get(hex, repo->git, ref, NULL)) {
		rc = mv_fail(err, MV_EEXISTS, "tag '%s' exists already",
			     name);
		goto out;
	}
	if (!rc)
		rc = check_signed(repo, ref, event, &why);
	if (rc == MV_EEXISTS)	/* it was changed while we looked at it */
		rc = MV_EIO;
	if (rc)
		mv_fail(err, rc, "cannot make tag '%s': %s", name, why.msg);
out:
	free(ref);
	return rc;
}

static int refuse_twin(void *payload, const char *name, const char *other,
		       struct mv_err *err)
{
	(void)payload;
	return mv_fail(err, MV_EINVALID, "'%s' differs from '%s', which is "
		       "there, only in the case of letters: where files do "
		       "not, one of the two would be lost; write '%s', or take "
		       "another name", name, other, other);
}

/* The registry of one artifact knows its stages and versions; a new artifact
   is compared with all. */
static int check_twins(struct mv_repo *repo, const struct mv_registry *r,
		       const struct mv_tag *tag, struct mv_err *err)
{
	struct mv_registry all = MV_REGISTRY_INIT;
	int new = !mv_registry_knows(r, tag->artifact);
	int rc = new ? mv_registry_load(&all, repo->git, NULL, err) : 0;

	if (!rc)
		rc = mv_registry_twins(new ? &all : r, &tag, 1, refuse_twin,
				       NULL, err);
	mv_registry_release(&all);
	return rc;
}

/* Decide, and make the tag that says so. *again: somebody has the name, but
   next time it may be another one. */
static int try_event(char **name, int *again, struct mv_repo *repo,
		     struct mv_tag_event *event, mv_tag_decide_fn decide,
		     void *payload, struct mv_err *err)
{
	struct mv_registry r = MV_REGISTRY_INIT;
	struct mv_tag tag;
	struct mv_buf text;
	int counted, rc;

	rc = mv_registry_load(&r, repo->git, event->tag.artifact, err);

	mv_buf_init(&text, 2 * MV_TAG_MAX);
	if (rc)
		goto out;
	if (decide) {
		mv_buf_clear(&event->trailers);
		rc = decide(payload, event, &r, err);
	}
	if (rc)
		goto out;
	rc = check_twins(repo, &r, &event->tag, err);
	if (rc)
		goto out;
	tag = event->tag;
	counted = tag.counter == 0;
	if (counted)
		tag.counter = mv_registry_next(&r, tag.artifact);
	if (counted && tag.counter < 0)
		rc = mv_fail(err, MV_EINVALID, "no counter is left for '%s': "
			     "somebody made a tag with the greatest one; "
			     "delete it", tag.artifact);
	if (!rc)
		rc = mv_tag_print(&text, &tag, err);
	if (!rc)
		rc = make_tag(repo, text.data, event, err);
	*again = rc == MV_EEXISTS && (counted || decide);
	if (!rc && !(*name = mv_buf_detach(&text)))
		rc = mv_nomem(err);
out:
	mv_buf_release(&text);
	mv_registry_release(&r);
	return rc;
}

int mv_release_tag(char **name, struct mv_repo *repo,
		   struct mv_tag_event *event, mv_tag_decide_fn decide,
		   void *payload, struct mv_err *err)
{
	struct mv_err own;
	int rc = MV_EEXISTS, again = 1;

	*name = NULL;
	if (!err)
		err = &own;
	for (int i = 0; again && i < TRIES; i++) {
		again = 0;	/* a refusal by `decide` is final */
		rc = try_event(name, &again, repo, event, decide, payload,
			       err);
	}
	return rc;
}

/* An event of one artifact, without its version or stage. */
static int begin_event(struct mv_tag_event *event, enum mv_event_kind kind,
		       const char *artifact, const char *message,
		       unsigned flags, struct mv_err *err)
{
	int rc;

	mv_release_tag_init(event);
	event->tag.kind = kind;
	event->flags = flags;
	if (!mv_artifact_name_ok(artifact))
		return mv_fail(err, MV_EINVALID, "'%s' cannot be the name of "
			       "an artifact", artifact);
	rc = mv_set_str(&event->tag.artifact, artifact, err);
	if (!rc && message)
		rc = mv_set_str(&event->message, message, err);
	return rc;
}

static int add_names(struct mv_tag_event *event, struct mv_err *err)
{
	int rc = mv_release_tag_trailer(event, "Model-Artifact",
					event->tag.artifact, err);

	if (!rc && event->tag.version)
		rc = mv_release_tag_trailer(event, "Model-Version",
					    event->tag.version, err);
	return rc;
}

/* -- register ------------------------------------------------------------- */

void mv_release_registered_clear(struct mv_registered *r)
{
	free(r->tag);
	free(r->artifact);
	free(r->version);
	free(r->commit);
	free(r->path);
	memset(r, 0, sizeof(*r));
}

struct registering {
	const struct mv_register *ask;
	const struct mv_subject *subject;
};

/* Numbers are not used again, so taken back ones count, too. */
static int next_version(char **out, const struct mv_registry *r,
			enum mv_bump bump, struct mv_err *err)
{
	const char *greatest = NULL;

	for (size_t i = 0; i < r->count; i++)
		if (r->v[i].tag.kind == MV_EVENT_REGISTER &&
		    (!greatest ||
		     mv_version_cmp(r->v[i].tag.version, greatest) > 0))
			greatest = r->v[i].tag.version;
	free(*out);
	return mv_version_bump(out, greatest, bump, err);
}

/* May this version be registered at this commit now? */
static int may_register(const struct mv_tag_event *event,
			const struct mv_registry *r, int force,
			struct mv_err *err)
{
	const char *artifact = event->tag.artifact;
	const char *version = event->tag.version;
	const struct mv_event *old = mv_registry_deprecated(r, artifact);
	const struct mv_event *e = mv_registry_version(r, artifact, version);

	if (old && (!force || old->tag.counter < 0))
		return mv_fail(err, MV_EINVALID, "'%s' is deprecated (tag "
			       "'%s'); %s", artifact, mv_subject_event_name(old),
			       old->tag.counter < 0 ? "delete that tag first" :
			       "--force takes it up again");
	if (e)
		return mv_fail(err, MV_EEXISTS, "version '%s' of '%s' exists "
			       "already, at %.12s", version, artifact,
			       e->commit);
	if (mv_subject_was_registered(r, artifact, version))
		return mv_fail(err, MV_EEXISTS, "version '%s' of '%s' was "
			       "registered and taken back; take another "
			       "number", version, artifact);
	e = mv_registry_version_at(r, artifact, event->commit);
	if (e && !force)
		return mv_fail(err, MV_EEXISTS, "commit %.12s is '%s' of '%s' "
			       "already; what is new is registered once it is "
			       "committed, and --force registers a second "
			       "version there", event->commit, e->tag.version,
			       artifact);
	return 0;
}

static int decide_register(void *payload, struct mv_tag_event *event,
			   const struct mv_registry *r, struct mv_err *err)
{
	const struct registering *x = payload;
	const struct mv_register *ask = x->ask;
	char text[MV_OID_NAME], size[32];
	int rc = 0;

	if (!ask->version)
		rc = next_version(&event->tag.version, r, ask->bump, err);
	if (!rc)
		rc = may_register(event, r, !!(ask->flags & MV_TAG_FORCE),
				  err);
	if (rc)
		return rc;
	event->tag.counter = mv_registry_deprecated(r, event->tag.artifact) ?
			     0 : -1;
	mv_oid_name(text, &x->subject->pointer.oid);
	snprintf(size, sizeof(size), "%llu",
		 (unsigned long long)x->subject->pointer.size);
	rc = add_names(event, err);
	if (!rc)
		rc = mv_release_tag_trailer(event, "Model-Path",
					    x->subject->path, err);
	if (!rc)
		rc = mv_release_tag_trailer(event, "Model-Content", text, err);
	return rc ? rc : mv_release_tag_trailer(event, "Model-Size", size, err);
}

/* The artifact as its commit has it; says what to do when it has not. */
static int find_artifact(struct mv_subject *out, struct mv_repo *repo,
			 const char *artifact, const char *commit,
			 struct mv_err *err)
{
	struct mv_nearest near = MV_NEAREST_INIT(artifact);
	const struct mv_artifact *a;
	struct mv_project project;
	struct mv_err why;
	int rc = mv_subject_project(&project, repo, commit, err);

	if (rc)
		return rc;
	a = mv_project_by_name(&project, artifact);
	for (size_t i = 0; !a && i < project.artifact_count; i++)
		mv_nearest_try(&near, project.artifacts[i].name);
	if (!a)
		rc = mv_fail(err, MV_EINVALID, "'%s' is not an artifact of "
			     ".gitmodel/config in %.12s; %s%s%sput [artifact "
			     "\"%s\"] with its path there, and commit",
			     artifact, commit,
			     near.best ? "did you mean '" : "",
			     near.best ? near.best : "",
			     near.best ? "'? else " : "", artifact);
	else
		rc = mv_subject_find_at(out, repo, commit, a->path, &why);
	if (a && rc == MV_ENOENT)
		rc = mv_fail(err, MV_EINVALID, "the path of '%s', '%s', is not "
			     "in %.12s; commit it first, or if it was moved, "
			     "put its new path into .gitmodel/config and "
			     "commit that", artifact, a->path, commit);
	else if (a && rc)
		mv_fail(err, rc, "%s", why.msg);
	mv_project_release(&project);
	return rc;
}

struct absence {
	struct mv_repo *repo;
	const char *path;
	struct mv_pointer *v;
	size_t count, alloc;
};

static int note_absent(void *payload, const struct mv_file *file,
		       struct mv_err *err)
{
	struct absence *a = payload;
	size_t len = strlen(a->path);

	if (file->state != MV_FILE_MISSING ||
	    strncmp(file->path, a->path, len) ||
	    (file->path[len] && file->path[len] != '/'))
		return 0;
	if (MV_GROW(a->v, a->alloc, a->count + 1, err) < 0)
		return MV_ENOMEM;
	a->v[a->count++] = file->pointer;
	return 0;
}

/* A version that nobody can get is of little use, but content may be on its
   way: so it is said, and no more. */
static int warn_absent(struct mv_repo *repo, const struct mv_subject *s,
		       struct mv_err *err)
{
	struct absence a = { .repo = repo, .path = s->path };
	uint8_t *there = NULL;
	size_t missing = 0;
	int rc = mv_repo_ls(repo, s->commit, note_absent, &a, err);

	if (!rc && a.count && !(there = calloc(a.count, 1)))
		rc = mv_nomem(err);
	if (!rc && a.count)
		rc = mv_transfer_elsewhere(repo, a.v, a.count, there, err);
	for (size_t i = 0; !rc && i < a.count; i++)
		missing += !there[i];
	if (missing)
		mv_repo_warn(repo, "the content of '%s' in %.12s (%zu file%s) "
			     "is neither here nor at the remote: push it from "
			     "where it is", s->path, s->commit, missing,
			     missing == 1 ? "" : "s");
	free(there);
	free(a.v);
	return rc;
}

static int fill_registered(struct mv_registered *out,
			   const struct mv_tag_event *event,
			   const struct mv_subject *s, struct mv_err *err)
{
	int rc = mv_set_str(&out->artifact, event->tag.artifact, err);

	if (!rc)
		rc = mv_set_str(&out->version, event->tag.version, err);
	if (!rc)
		rc = mv_set_str(&out->commit, event->commit, err);
	if (!rc)
		rc = mv_set_str(&out->path, s->path, err);
	out->pointer = s->pointer;
	return rc;
}

int mv_release_register(struct mv_registered *out, struct mv_repo *repo,
			const struct mv_register *ask, struct mv_err *err)
{
	struct mv_subject subject = { 0 };
	struct registering x = { ask, &subject };
	struct mv_tag_event event;
	char commit[65];
	int rc;

	memset(out, 0, sizeof(*out));
	rc = begin_event(&event, MV_EVENT_REGISTER, ask->artifact,
			 ask->message, ask->flags, err);
	if (!rc && ask->version && !mv_version_ok(ask->version))
		rc = mv_fail(err, MV_EINVALID, "'%s' is not a version like "
			     "v1.2.3", ask->version);
	if (!rc && ask->version)
		rc = mv_set_str(&event.tag.version, ask->version, err);
	if (!rc)
		rc = mv_git_commit_sure(commit, repo->git, ask->rev ?
					ask->rev : "HEAD", err);
	if (!rc)
		rc = mv_set_str(&event.commit, commit, err);
	if (!rc)
		rc = find_artifact(&subject, repo, ask->artifact, commit, err);
	if (!rc)
		rc = warn_absent(repo, &subject, err);
	if (!rc)
		rc = mv_release_tag(&out->tag, repo, &event,
				    decide_register, &x, err);
	if (!rc)
		rc = fill_registered(out, &event, &subject, err);
	if (rc)
		mv_release_registered_clear(out);
	mv_subject_release(&subject);
	mv_release_tag_clear(&event);
	return rc;
}

/* -- and back ------------------------------------------------------------- */

struct taking {
	struct mv_repo *repo;
	int force;
};

/* Does a stage hold this version? */
static int check_unheld(const struct taking *x, const struct mv_registry *r,
			const struct mv_event *version, struct mv_err *err)
{
	const struct mv_event *const *holder;
	struct mv_event_info info;
	size_t count, at = 0;
	const struct mv_event *doubt = mv_registry_in_doubt(r,
		version->tag.artifact, NULL, &at);
	int rc = doubt ? mv_registry_refuse_ignored(doubt, err) : 0;

	holder = mv_registry_holders(r, version->tag.artifact, &count);
	for (size_t i = 0; !rc && i < count; i++) {
		if (strcmp(holder[i]->commit, version->commit))
			continue;
		rc = mv_subject_event_read(&info, x->repo, r, holder[i], err);
		if (rc)
			break;
		if (info.version &&
		    !strcmp(info.version, version->tag.version))
			rc = mv_fail(err, MV_EEXISTS, "version '%s' of '%s' "
				     "holds the stage '%s'; --force takes it "
				     "back all the same", info.version,
				     version->tag.artifact,
				     holder[i]->tag.stage);
		mv_subject_event_release(&info);
	}
	return rc;
}

static int decide_deregister(void *payload, struct mv_tag_event *event,
			     const struct mv_registry *r, struct mv_err *err)
{
	const struct taking *x = payload;
	const struct mv_release_spec spec = { event->tag.artifact, '@',
				   event->tag.version };
	const struct mv_event *e = mv_registry_version(r, spec.artifact,
						       spec.word);
	int rc = e ? 0 : mv_subject_no_version(&spec, r, err);

	if (!rc && !x->force)
		rc = check_unheld(x, r, e, err);
	if (!rc)
		rc = mv_set_str(&event->commit, e->commit, err);
	event->tag.counter = 0;
	return rc ? rc : add_names(event, err);
}

int mv_release_deregister(char **tag, struct mv_repo *repo,
			  const char *artifact,
			  const char *version, const char *message,
			  unsigned flags, struct mv_err *err)
{
	struct taking x = { repo, !!(flags & MV_TAG_FORCE) };
	struct mv_tag_event event;
	int rc = begin_event(&event, MV_EVENT_DEREGISTER, artifact, message,
			     flags, err);

	*tag = NULL;
	if (!rc)
		rc = mv_set_str(&event.tag.version, version, err);
	if (!rc)
		rc = mv_release_tag(tag, repo, &event, decide_deregister,
				    &x, err);
	mv_release_tag_clear(&event);
	return rc;
}

static int decide_deprecate(void *payload, struct mv_tag_event *event,
			    const struct mv_registry *r, struct mv_err *err)
{
	const char *artifact = event->tag.artifact;
	const struct mv_event *old = mv_registry_deprecated(r, artifact);
	const struct mv_event *e = mv_registry_greatest(r, artifact);
	int rc;

	(void)payload;
	if (old)
		return mv_fail(err, MV_EEXISTS, "'%s' is deprecated already "
			       "(tag '%s')", artifact, mv_subject_event_name(old));
	if (!r->count)
		return mv_fail(err, MV_ENOENT, "nothing of '%s' was ever "
			       "registered", artifact);
	rc = mv_set_str(&event->commit,
			e ? e->commit : r->v[r->count - 1].commit,
		  err);
	event->tag.counter = 0;
	return rc ? rc : add_names(event, err);
}

int mv_release_deprecate(char **tag, struct mv_repo *repo, const char *artifact,
			 const char *message, unsigned flags, struct mv_err *err)
{
	struct mv_tag_event event;
	int rc = begin_event(&event, MV_EVENT_DEPRECATE, artifact, message,
			     flags, err);

	*tag = NULL;
	if (!rc)
		rc = mv_release_tag(tag, repo, &event, decide_deprecate,
				    NULL, err);
	mv_release_tag_clear(&event);
	return rc;
}
