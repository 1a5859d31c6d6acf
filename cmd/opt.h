/* SPDX-License-Identifier: MIT */
#ifndef CMD_OPT_H
#define CMD_OPT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Options: a table beside the usage text, from which both the parsing and
 * the help are made.
 *
 *	static const char *const usage[] = {
 *		"git model add [--json] [--] <path>...",
 *		NULL
 *	};
 *	const struct opt opts[] = {
 *		OPT_BOOL('n', "dry-run", &dry_run, "only say what would be done"),
 *		OPT_SIZE(0, "above", &above, "size", "only files above this"),
 *		OPT_END
 *	};
 *
 *	argc = opt_parse(argc, argv, opts, usage);
 *	if (opt_count(argc, argv, 1, OPT_ANY, opts, usage))
 *		return CMD_USAGE;
 *
 * Understood: -x, -xy, -x value, -xvalue, --name, --no-name (of flags),
 * --name value, --name=value; options and arguments in any order; after `--`
 * everything is an argument. The last of several wins, but of a list, which
 * keeps them all in their order. The manual's synopsis
 * is the usage text, word for word; scripts/check-docs.sh compares them.
 */
enum opt_type {
	OPT_TYPE_END,
	OPT_TYPE_BOOL,
	OPT_TYPE_STRING,
	OPT_TYPE_UINT,
	OPT_TYPE_SIZE,
	OPT_TYPE_DURATION,
	OPT_TYPE_LIST
};

/*
 * The values of an option that may be given several times; or of several
 * options, when their order matters.
 */
struct opt_list {
	const char **v;		/* NULL-terminated; NULL when there is none */
	const char **by;	/* the name of the option that each belongs to */
	size_t count, alloc;
};
#define OPT_LIST_INIT { NULL, NULL, 0, 0 }
void opt_list_release(struct opt_list *list);	/* the values are argv's */

struct opt {
	enum opt_type type;
	char letter;			/* 0: none */
	const char *name;		/* never NULL */
	const char *arg;		/* what the value is; NULL for flags */
	const char *help;
	union {
		int *flag;
		const char **string;
		unsigned *uint;
		uint64_t *size;		/* bytes; mv_parse_size() */
		int64_t *duration;	/* seconds; mv_parse_duration() */
		struct opt_list *list;
	} out;
};

#define OPT_BOOL(l, n, v, h) \
	{ OPT_TYPE_BOOL, (l), (n), NULL, (h), { .flag = (v) } }
#define OPT_STRING(l, n, v, a, h) \
	{ OPT_TYPE_STRING, (l), (n), (a), (h), { .string = (v) } }
#define OPT_UINT(l, n, v, a, h) \
	{ OPT_TYPE_UINT, (l), (n), (a), (h), { .uint = (v) } }
#define OPT_SIZE(l, n, v, a, h) \
	{ OPT_TYPE_SIZE, (l), (n), (a), (h), { .size = (v) } }
#define OPT_DURATION(l, n, v, a, h) \
	{ OPT_TYPE_DURATION, (l), (n), (a), (h), { .duration = (v) } }
#define OPT_LIST(l, n, v, a, h) \
	{ OPT_TYPE_LIST, (l), (n), (a), (h), { .list = (v) } }
#define OPT_END { OPT_TYPE_END, 0, NULL, NULL, NULL, { .flag = NULL } }

/* The same words for the same thing in every command. */
#define OPT_JSON(v) OPT_BOOL(0, "json", (v), "print JSON, for programs")
#define OPT_MESSAGE(v) \
	OPT_STRING('m', "message", (v), "text", "what the tag says")
#define OPT_PROGRESS(env) \
	OPT_BOOL(0, "progress", &(env)->progress, \
		 "show progress even if standard error is no terminal")

/*
 * What help says beside the usage: what the command is for, and lines that
 * people type. Told once, before the command runs; borrowed.
 */
struct opt_about {
	const char *name;		/* "add" */
	const char *summary;
	const char *const *examples;	/* NULL-terminated */
};
void opt_about(const struct opt_about *about);

/*
 * Returns the number of arguments that are not options; they are moved to
 * the front of argv (over the command's name), and a NULL stands behind
 * them. `-h` prints the help and exits with CMD_OK; `--help` shows the manual
 * where it is installed, else the same. A wrong
 * option prints what is wrong and the usage and exits with CMD_USAGE: a
 * command is called with nothing acquired, so that there is nothing to undo.
 */
int opt_parse(int argc, const char **argv, const struct opt *opts,
	      const char *const *usage);

/*
 * The same, but stops at the first argument and leaves it and all that
 * follows alone: for commands that have subcommands.
 */
int opt_parse_sub(int argc, const char **argv, const struct opt *opts,
		  const char *const *usage);

#define OPT_ANY (-1)
/*
 * Are there at least `least` arguments and at most `most` (OPT_ANY: no
 * limit)? 0, or CMD_USAGE after saying which is missing or too many, and the
 * usage.
 */
int opt_count(int argc, const char **argv, int least, int most,
	      const struct opt *opts, const char *const *usage);
/* "error: ..." and the usage on standard error; CMD_USAGE. */
__attribute__((format(printf, 3, 4)))
int opt_usage_error(const struct opt *opts, const char *const *usage,
		    const char *fmt, ...);

#endif
