/* SPDX-License-Identifier: MIT */
#include "libmv/meta/priv.h"

#include <string.h>
#include <strings.h>

#include "libmv/base/yaml.h"
#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/meta/facts.h"

/* A file of parameters or metrics: which reader it gets, by its name. */

enum file_kind { KIND_OTHER, KIND_JSON, KIND_YAML, KIND_ENV, KIND_TOML };

static enum file_kind facts_file_kind_of(const char *name)
{
	static const struct {
		const char *suffix;
		enum file_kind kind;
	} kinds[] = {
		{ ".json", KIND_JSON }, { ".yaml", KIND_YAML },
		{ ".yml", KIND_YAML }, { ".lock", KIND_YAML },
		{ ".ini", KIND_ENV }, { ".env", KIND_ENV },
		{ ".cfg", KIND_ENV }, { ".properties", KIND_ENV },
		{ ".toml", KIND_TOML }
	};
	const char *slash = strrchr(name, '/');
	const char *base = slash ? slash + 1 : name;
	const char *dot = strrchr(base, '.');

	if (!dot)
		return KIND_YAML;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcasecmp(dot, kinds[i].suffix))
			return kinds[i].kind;
	/* ".env.production" */
	return strncmp(base, ".env.", 5) ? KIND_OTHER : KIND_ENV;
}

static int read_tree(struct mv_facts *facts, enum file_kind kind,
		     const char *data, size_t len, int metrics,
		     size_t *skipped, struct mv_err *err)
{
	struct mv_json *tree;
	int rc;

	rc = kind == KIND_JSON ? mv_json_parse_loose(&tree, data, len, err) :
				 mv_yaml_parse(&tree, data, len, err);
	if (rc)
		return rc;
	switch (mv_json_type(tree)) {
	case MV_JSON_OBJECT:
	case MV_JSON_NULL:
		rc = mv_facts_from_tree(facts, tree, "", 0, metrics, skipped,
					err);
		break;
	default:
		rc = mv_fail(err, MV_EINVALID, "names and their values are "
			     "wanted, not a %s", mv_json_type(tree) ==
			     MV_JSON_ARRAY ? "list" : "single value");
	}
	mv_json_free(tree);
	return rc;
}

int mv_facts_read(struct mv_facts *facts, const char *name, const char *data,
		  size_t len, int metrics, size_t *skipped,
		  struct mv_err *err)
{
	enum file_kind kind = facts_file_kind_of(name);
	int rc;

	if (kind == KIND_TOML)
		return mv_fail(err, MV_ENOTSUP, "%s: Debian has no TOML "
			       "library for C; convert it to JSON or YAML",
			       name);
	if (kind == KIND_OTHER)
		return mv_fail(err, MV_ENOTSUP, "%s: neither .json nor .yaml, "
			       ".ini, .env, .cfg, .properties", name);
	if (kind == KIND_ENV)
		return mv_env_read(facts, name, data, len, metrics, skipped,
				   err);
	rc = read_tree(facts, kind, data, len, metrics, skipped, err);
	if (rc)
		mv_facts_put_name(err, name);
	return rc;
}
