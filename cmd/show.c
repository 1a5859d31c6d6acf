/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cmd/look.h"
#include "cmd/out.h"
#include "cmd/registry.h"
#include "libmv/look/look.h"
#include "libmv/report/json.h"
#include "libmv/report/md.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

static const char *const usage[] = {
	"git model show [--format <format>] [--json] [--color <when>] [--] "
	"<what> | <name> <stage>",
	NULL
};

static const char *const formats[] = { "text", "json", "md", NULL };

static int show_print(const struct look *look, struct cmd_env *env,
		      const struct mv_card *card)
{
	struct mv_buf text;
	struct mv_err err;
	int rc, status;

	if (look_is(look, "json"))
		return out_json(mv_card_json(card));
	mv_buf_init(&text, LOOK_MAX);
	rc = look_is(look, "md") ? mv_card_md(&text, card, &err) :
	     mv_card_text(&text, card, &look->style, &err);
	status = rc ? out_fatal(&err) : look_print(look, env, &text, CMD_OK, 1);
	mv_buf_release(&text);
	return status;
}

int cmd_show(int argc, const char **argv, struct cmd_env *env)
{
	struct look look = { .color = NULL };
	const struct opt opts[] = {
		OPT_STRING(0, "format", &look.format, "format",
			   "text, json or md"),
		OPT_JSON(&look.json),
		OPT_LOOK_COLOR(&look),
		OPT_END
	};
	struct mv_card card;
	struct mv_err err;
	char *spec;
	int status;

	argc = opt_parse(argc, argv, opts, usage);
	status = registry_spec(&spec, argc, argv, opts, usage);
	if (!status)
		status = look_begin(&look, env, formats, opts, usage);
	if (!status && mv_look_card(&card, env->repo, spec, &err))
		status = out_fatal(&err);
	free(spec);
	if (status)
		return status;
	if (!card.evidence.count)
		look_hint_notes(env);
	status = show_print(&look, env, &card);
	mv_card_release(&card);
	return status;
}
