/* SPDX-License-Identifier: MIT */
#include "cmd/opt.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/out.h"
#include "libmv/base/config.h"
#include "libmv/base/grow.h"
#include "libmv/base/near.h"
#include "libmv/report/text.h"

struct parser {
	int argc;
	const char **argv;
	int at;			/* the argument in work */
	const struct opt *opts;
	const char *const *usage;
};

static int option_width(const struct opt *o)
{
	int width = (int)strlen(o->name) + 2 + 4;

	if (o->arg)
		width += (int)strlen(o->arg) + 3;
	return width;
}

enum { HELP_COLUMN = 28, HELP_LEAST = 40, HELP_WIDTH = 80 };

/* As wide as the manual's pages, or as a narrower terminal. */
static size_t help_width(FILE *to)
{
	size_t columns = out_columns(to == stderr ? 2 : 1);

	if (columns && columns < HELP_LEAST)
		return HELP_LEAST;
	return columns && columns < HELP_WIDTH ? columns : HELP_WIDTH;
}

static void print_wrapped(FILE *to, const char *text, size_t hang)
{
	struct mv_buf lines;

	mv_buf_init(&lines, 1 << 16);
	if (mv_wrap(&lines, text, strlen(text), help_width(to), hang))
		fprintf(to, "%s\n", text);
	else
		fprintf(to, "%s\n", lines.data);
	mv_buf_release(&lines);
}

static void print_option(FILE *to, const struct opt *o)
{
	struct mv_buf line;
	int bad, width = option_width(o) + (o->letter ? 4 : 0);

	mv_buf_init(&line, 1 << 16);
	bad = mv_buf_addstr(&line, "    ") ||
	      (o->letter && mv_buf_addf(&line, "-%c, ", o->letter)) ||
	      mv_buf_addf(&line, "--%s", o->name) ||
	      (o->arg && mv_buf_addf(&line, " <%s>", o->arg));
	/* A long name has a line of its own. */
	if (!bad && width > HELP_COLUMN - 2) {
		fprintf(to, "%s\n", line.data);
		mv_buf_clear(&line);
	}
	bad = bad || mv_buf_addf(&line, "%*s%s",
				 HELP_COLUMN - (int)line.len, "", o->help);
	if (!bad)
		print_wrapped(to, line.data, HELP_COLUMN);
	mv_buf_release(&line);
}

static void print_usage(FILE *to, const struct opt *opts,
			const char *const *usage)
{
	const char *lead = "usage: ";
	char *line;

	for (; *usage; usage++) {
		line = mv_strf("%s%s", lead, *usage);
		if (line)
			print_wrapped(to, line, 11);
		free(line);
		lead = "   or: ";
	}
	if (opts->type != OPT_TYPE_END)
		fputc('\n', to);
	for (; opts->type != OPT_TYPE_END; opts++)
		print_option(to, opts);
}

/* The last blank within `room` before an option, a pipe or a redirection;
   NULL: none. */
static const char *example_cut(const char *line, size_t room)
{
	const char *cut = NULL;
	char quote = 0;

	for (const char *at = line; *at && (size_t)(at - line) + 2 <= room;
	     at++) {
		if (*at == '\'')
			quote ^= *at;
		if (!quote && *at == ' ' && at[1] && strchr("->|", at[1]) &&
		    at > line)
			cut = at;
	}
	return cut;
}

/*
 * A command goes on in the next line as a shell reads it where it is too long
 * for one.
 */
static void print_example(const char *line)
{
	size_t room = help_width(stdout) - 4, indent = 4;
	const char *cut;

	while (strlen(line) > room) {
		cut = example_cut(line, room);
		if (!cut)
			break;
		printf("%*s%.*s \\\n", (int)indent, "", (int)(cut - line),
		       line);
		line = cut + 1;
		indent = 8;
		room = help_width(stdout) - 8;
	}
	printf("%*s%s\n", (int)indent, "", line);
}

static const struct opt_about *about;

void opt_about(const struct opt_about *a)
{
	about = a;
}

static void print_help(const struct opt *opts, const char *const *usage)
{
	char *purpose = about ? mv_strf("git model %s: %s", about->name,
					about->summary) : NULL;

	if (purpose) {
		print_wrapped(stdout, purpose, 4);
		putchar('\n');
	}
	free(purpose);
	print_usage(stdout, opts, usage);
	if (about && *about->examples)
		printf("\nexamples:\n");
	for (size_t i = 0; about && about->examples[i]; i++)
		print_example(about->examples[i]);
}

int opt_usage_error(const struct opt *opts, const char *const *usage,
		    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	out_verror(fmt, ap);
	va_end(ap);
	print_usage(stderr, opts, usage);
	return CMD_USAGE;
}

int opt_count(int argc, const char **argv, int least, int most,
	      const struct opt *opts, const char *const *usage)
{
	if (argc < least)
		return opt_usage_error(opts, usage, argc ?
				       "an argument is missing after '%s'" :
				       "an argument is missing",
				       argc ? argv[argc - 1] : NULL);
	if (most != OPT_ANY && argc > most)
		return opt_usage_error(opts, usage, most ?
				       "'%s' is one argument too many" :
				       "no argument is expected, not '%s'",
				       argv[most]);
	return 0;
}

__attribute__((format(printf, 2, 3), noreturn))
static void opt_refuse(const struct parser *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	out_verror(fmt, ap);
	va_end(ap);
	print_usage(stderr, p->opts, p->usage);
	exit(CMD_USAGE);
}

__attribute__((noreturn))
static void help(const struct parser *p)
{
	print_help(p->opts, p->usage);
	exit(out_finish(CMD_OK));
}

/* Run `man` with these arguments; does it know the page? */
static int man_knows(const char *page)
{
	const char *argv[] = { "man", "-w", page, NULL };
	posix_spawn_file_actions_t quiet;
	int status = -1, rc;
	pid_t pid;

	if (posix_spawn_file_actions_init(&quiet))
		return 0;
	rc = posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null",
					      O_WRONLY, 0);
	if (!rc)
		rc = posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null",
						      O_WRONLY, 0);
	if (!rc)
		rc = posix_spawnp(&pid, argv[0], &quiet, NULL,
				  (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&quiet);
	while (!rc && waitpid(pid, &status, 0) < 0)
		rc = errno == EINTR ? 0 : errno;
	return !rc && !status;
}

/* As git does; this process becomes man. */
__attribute__((noreturn))
static void manual(const struct parser *p)
{
	char page[64];
	const char *argv[] = { "man", page, NULL };

	if (about && snprintf(page, sizeof(page), "git-model-%s",
			      about->name) < (int)sizeof(page) &&
	    man_knows(page))
		execvp(argv[0], (char *const *)argv);
	help(p);
}

static void set_uint(const struct parser *p, const struct opt *o,
		     const char *value)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end || errno || v > UINT_MAX)
		opt_refuse(p, "'--%s' takes a number, not '%s'", o->name,
			   value);
	*o->out.uint = (unsigned)v;
}

void opt_list_release(struct opt_list *list)
{
	free(list->v);
	free(list->by);
	memset(list, 0, sizeof(*list));
}

/* One place more than values: the NULL behind them. */
static void opt_add_value(const struct parser *p, const struct opt *o,
			  const char *value)
{
	struct opt_list *list = o->out.list;
	size_t alloc = list->alloc;

	if (MV_GROW(list->v, alloc, list->count + 2, NULL) < 0 ||
	    MV_GROW(list->by, list->alloc, list->count + 2, NULL) < 0)
		opt_refuse(p, "'--%s' was given too often", o->name);
	list->by[list->count] = o->name;
	list->v[list->count++] = value;
	list->v[list->count] = NULL;
}

static void set_value(const struct parser *p, const struct opt *o,
		      const char *value)
{
	struct mv_err err;

	switch (o->type) {
	case OPT_TYPE_STRING:
		*o->out.string = value;
		break;
	case OPT_TYPE_UINT:
		set_uint(p, o, value);
		break;
	case OPT_TYPE_SIZE:
		if (mv_parse_size(o->out.size, value, &err) < 0)
			opt_refuse(p, "'--%s': %s", o->name, err.msg);
		break;
	case OPT_TYPE_DURATION:
		if (mv_parse_duration(o->out.duration, value, &err) < 0)
			opt_refuse(p, "'--%s': %s", o->name, err.msg);
		break;
	case OPT_TYPE_LIST:
		opt_add_value(p, o, value);
		break;
	case OPT_TYPE_BOOL:
	case OPT_TYPE_END:
		break;
	}
}

/* The value of an option that has none attached: the next argument. */
static const char *next_value(struct parser *p, const struct opt *o)
{
	if (p->at + 1 >= p->argc)
		opt_refuse(p, "option '--%s' needs a value", o->name);
	return p->argv[++p->at];
}

static const struct opt *find_letter(const struct opt *opts, char letter)
{
	for (; opts->type != OPT_TYPE_END; opts++)
		if (opts->letter == letter)
			return opts;
	return NULL;
}

static const struct opt *find_name(const struct opt *opts, const char *name,
				   size_t len)
{
	for (; opts->type != OPT_TYPE_END; opts++)
		if (strlen(opts->name) == len && !memcmp(opts->name, name, len))
			return opts;
	return NULL;
}

/* "-abc", without the dash. */
static void parse_letters(struct parser *p, const char *letters)
{
	for (; *letters; letters++) {
		const struct opt *o = find_letter(p->opts, *letters);

		if (!o && *letters == 'h')
			help(p);
		if (!o)
			opt_refuse(p, "unknown option '-%c'", *letters);
		if (o->type == OPT_TYPE_BOOL) {
			*o->out.flag = 1;
			continue;
		}
		set_value(p, o, letters[1] ? letters + 1 : next_value(p, o));
		return;
	}
}

__attribute__((noreturn))
static void refuse_name(const struct parser *p, const char *name, size_t len)
{
	char word[64];
	struct mv_nearest near = MV_NEAREST_INIT(word);

	snprintf(word, sizeof(word), "%.*s", (int)len, name);
	for (const struct opt *o = p->opts; o->type != OPT_TYPE_END; o++)
		mv_nearest_try(&near, o->name);
	/* What it begins comes before what it is a slip of the pen for. */
	for (const struct opt *o = p->opts; o->type != OPT_TYPE_END; o++)
		if (o->name && len > 1 && !strncmp(o->name, word, strlen(word)))
			near.best = o->name;
	opt_refuse(p, "unknown option '--%.*s'%s%s%s", (int)len, name,
		   near.best ? "; did you mean '--" : "",
		   near.best ? near.best : "", near.best ? "'?" : "");
}

/* "name", "no-name" or "name=value". */
static void parse_name(struct parser *p, const char *name)
{
	const char *value = strchr(name, '=');
	size_t len = value ? (size_t)(value - name) : strlen(name);
	const struct opt *o = find_name(p->opts, name, len);
	int on = 1;

	if (!o && !strcmp(name, "help"))
		manual(p);
	if (!o && len > 3 && !strncmp(name, "no-", 3)) {
		o = find_name(p->opts, name + 3, len - 3);
		on = 0;
	}
	if (!o || (!on && o->type != OPT_TYPE_BOOL))
		refuse_name(p, name, len);
	if (o->type != OPT_TYPE_BOOL)
		set_value(p, o, value ? value + 1 : next_value(p, o));
	else if (value)
		opt_refuse(p, "option '--%s' takes no value", o->name);
	else
		*o->out.flag = on;
}

static int cmd_opt_parse(struct parser *p, int stop_at_argument)
{
	int kept = 0;

	for (p->at = 1; p->at < p->argc; p->at++) {
		const char *arg = p->argv[p->at];

		if (arg[0] != '-' || !arg[1]) {
			if (stop_at_argument)
				break;
			p->argv[kept++] = arg;
		} else if (!strcmp(arg, "--")) {
			p->at++;
			break;
		} else if (arg[1] == '-') {
			parse_name(p, arg + 2);
		} else {
			parse_letters(p, arg + 1);
		}
	}
	while (p->at < p->argc)
		p->argv[kept++] = p->argv[p->at++];
	p->argv[kept] = NULL;
	return kept;
}

int opt_parse(int argc, const char **argv, const struct opt *opts,
	      const char *const *usage)
{
	struct parser p = { argc, argv, 0, opts, usage };

	return cmd_opt_parse(&p, 0);
}

int opt_parse_sub(int argc, const char **argv, const struct opt *opts,
		  const char *const *usage)
{
	struct parser p = { argc, argv, 0, opts, usage };

	return cmd_opt_parse(&p, 1);
}
