/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Command lines from tables: one row per option; usage, --help and completion are printed from the
 * rows. A verb is   int cmd_NAME(int argc, char **argv)   with argv[0] the verb's name.
 *
 *	static const struct cli_option options[] = {
 *		{"db", 'd', CLI_STRING, offsetof(struct opts, db), "FILE", "the store (default stakeout.db)"},
 *	};
 *	static const struct cli_verb verb = {"show", "what a workload did", "WORKLOAD", 1, 1,
 *					     options, ARRAY_SIZE(options), NULL};
 *	struct opts o = {.db = STORE_DEFAULT};
 *	struct cli_args args;
 *	int status;
 *	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
 *		return status;
 *	...
 *	cli_done(&verb, &o);   (only where an option is a CLI_LIST)
 */
#pragma once

#include "schema/base/base.h"

#define STORE_DEFAULT "stakeout.db"

enum cli_type {
	CLI_FLAG,      /* bool */
	CLI_STRING,    /* const char * */
	CLI_U64,       /* uint64_t */
	CLI_DURATION,  /* uint64_t nanoseconds, from 90, 90s, 20m, 2h, 500ms */
	CLI_LIST,      /* struct cli_list: may be given several times */
};

struct cli_list {
	const char **v;
	size_t n, cap;
};

struct cli_option {
	const char *name;
	char letter;           /* 0 = none */
	enum cli_type type;
	size_t offset;         /* into the verb's options struct */
	const char *arg;       /* "FILE"; NULL for a flag */
	const char *help;
};

struct cli_verb {
	const char *name, *summary;
	const char *args;      /* pattern shown in usage: "WORKLOAD..." */
	int min, max;          /* of positional arguments; max -1 = any */
	const struct cli_option *options;
	size_t noptions;
	const char *details;   /* further help text, or NULL */
};

struct cli_args {
	char **v;
	int n;
};

/*
 * Fills OPTS and ARGS and returns true. Otherwise help was printed (*ret_status EXIT_YES) or the usage was
 * wrong (one line on standard error, *ret_status EXIT_INPUT). Options may follow arguments.
 */
bool cli_parse(const struct cli_verb *verb, int argc, char **argv, void *opts,
	       struct cli_args *args, int *ret_status);

/* Frees what the lists of OPTS hold; cli_parse() has done so when it returns false. */
void cli_done(const struct cli_verb *verb, void *opts);

/*
 * Last in main(): STATUS, or EXIT_MACHINE with a line on standard error when what was printed could not be
 * written, so that no script takes half a listing for a whole one.
 */
int cli_end(int status);

/* The nearest of NAMES to what was typed, for "did you mean"; NULL when none is near. */
const char *cli_nearest(const char *typed, const char *const *names, size_t n);

int cli_duration(const char *text, uint64_t *ret_ns);   /* 0 or -EINVAL */

extern const char stakeout_version[];
