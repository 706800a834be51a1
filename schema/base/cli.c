/* SPDX-License-Identifier: GPL-2.0-only */
/* getopt_long driven by option rows, so that help and parsing cannot disagree. */
#include "schema/base/cli.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>

#include "schema/base/diag.h"

#ifndef VERSION
#define VERSION "0"
#endif
const char stakeout_version[] = VERSION;

enum { MAX_OPTIONS = 40, OPT_BASE = 1000, OPT_HELP = 999 };

static void print_help(const struct cli_verb *verb)
{
	printf("Usage: stakeout %s%s%s%s\n\n%c%s.\n", verb->name, verb->noptions ? " [OPTION...]" : "",
	       *verb->args ? " " : "", verb->args, toupper((unsigned char)*verb->summary),
	       verb->summary + 1);
	printf("\nOptions:\n");
	for (size_t i = 0; i < verb->noptions; i++) {
		const struct cli_option *o = &verb->options[i];
		char left[64];
		snprintf(left, sizeof(left), "%c%c%s --%s%s%s", o->letter ? '-' : ' ',
			 o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name,
			 o->arg ? " " : "", o->arg ? o->arg : "");
		printf("  %-28s  %s\n", left, o->help);
	}
	printf("  %-28s  %s\n", "-h, --help", "show this and exit");
	if (verb->details)
		printf("\n%s\n", verb->details);
	/* Details that tell a verb's own statuses need no general line. */
	if (!verb->details || !strstr(verb->details, "Exit status:"))
		printf("\nExit status: 0 yes or done, 1 the answer is no, 2 usage or input, 3 this machine cannot.\n");
}

int cli_duration(const char *text, uint64_t *ret_ns)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = {{"", NSEC_PER_SEC},        {"s", NSEC_PER_SEC},          {"ms", 1000000},
		     {"m", 60 * NSEC_PER_SEC},  {"h", 3600 * NSEC_PER_SEC},   {"d", 86400 * NSEC_PER_SEC}};
	size_t digits = strspn(text, "0123456789");
	uint64_t n;
	if (str_to_u64((struct str){text, digits}, &n))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(text + digits, units[i].unit))
			return __builtin_mul_overflow(n, units[i].ns, ret_ns) ? -EINVAL : 0;
	return -EINVAL;
}

static bool set_option(const struct cli_verb *verb, const struct cli_option *o, void *opts,
		       const char *value)
{
	void *field = (char *)opts + o->offset;
	switch (o->type) {
	case CLI_FLAG:
		*(bool *)field = true;
		return true;
	case CLI_STRING:
		*(const char **)field = value;
		return true;
	case CLI_LIST:
		*VEC_PUSH((struct cli_list *)field) = value;
		return true;
	case CLI_U64:
		if (!str_to_u64(str_from(value), field))
			return true;
		diag_say("stakeout %s: --%s wants a whole number, not '%s'", verb->name, o->name,
			 value);
		return false;
	case CLI_DURATION:
		if (!cli_duration(value, field) && *(uint64_t *)field)   /* 0: without end */
			return true;
		diag_say("stakeout %s: --%s wants a duration such as 90s, 20m or 2h, not '%s'",
			 verb->name, o->name, value);
		return false;
	}
	return false;
}

/* getopt refuses "--json=yes" as it does what it never heard of. */
static bool gives_flag_a_value(const struct cli_verb *verb, const char *typed)
{
	size_t n = strcspn(typed, "=");
	for (size_t i = 0; i < verb->noptions; i++) {
		const struct cli_option *o = &verb->options[i];
		if (o->type != CLI_FLAG || !typed[n] || n != 2 + strlen(o->name) || strncmp(typed + 2, o->name, n - 2))
			continue;
		diag_say("stakeout %s: --%s takes no value; see 'stakeout %s --help'", verb->name, o->name, verb->name);
		return true;
	}
	return false;
}

static bool unknown_option(const struct cli_verb *verb, const char *typed)
{
	if (!strncmp(typed, "--", 2) && gives_flag_a_value(verb, typed))
		return false;
	const char *names[MAX_OPTIONS];
	for (size_t i = 0; i < verb->noptions; i++)
		names[i] = verb->options[i].name;
	const char *near = strncmp(typed, "--", 2) ? NULL : cli_nearest(typed + 2, names, verb->noptions);
	diag_say("stakeout %s: unknown option '%s'%s%s%s; see 'stakeout %s --help'", verb->name,
		 typed, near ? ", did you mean '--" : "", near ? near : "", near ? "'" : "",
		 verb->name);
	return false;
}

void cli_done(const struct cli_verb *verb, void *opts)
{
	for (size_t i = 0; i < verb->noptions; i++) {
		if (verb->options[i].type != CLI_LIST)
			continue;
		struct cli_list *list = (struct cli_list *)((char *)opts + verb->options[i].offset);
		free(list->v);
		*list = (struct cli_list){0};
	}
}

static bool parse(const struct cli_verb *verb, int argc, char **argv, void *opts,
		  struct cli_args *args, int *ret_status)
{
	struct option longs[MAX_OPTIONS + 2] = {0};
	char shorts[2 * MAX_OPTIONS + 4] = ":h";
	if (verb->noptions > MAX_OPTIONS)
		abort();
	for (size_t i = 0; i < verb->noptions; i++) {
		const struct cli_option *o = &verb->options[i];
		longs[i] = (struct option){o->name, o->type == CLI_FLAG ? no_argument : required_argument,
					   NULL, OPT_BASE + (int)i};
		size_t n = strlen(shorts);
		if (o->letter)
			snprintf(shorts + n, sizeof(shorts) - n, "%c%s", o->letter,
				 o->type == CLI_FLAG ? "" : ":");
	}
	longs[verb->noptions] = (struct option){"help", no_argument, NULL, OPT_HELP};

	*ret_status = EXIT_INPUT;
	optind = 0;
	for (int c; (c = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
		if (c == 'h' || c == OPT_HELP) {
			print_help(verb);
			*ret_status = EXIT_YES;
			return false;
		}
		if (c == ':') {
			diag_say("stakeout %s: %s needs a value; see 'stakeout %s --help'",
				 verb->name, argv[optind - 1], verb->name);
			return false;
		}
		if (c == '?')
			return unknown_option(verb, argv[optind - 1]);
		const struct cli_option *o = NULL;
		for (size_t i = 0; i < verb->noptions; i++)
			if (c == OPT_BASE + (int)i || (c < 256 && c == verb->options[i].letter))
				o = &verb->options[i];
		if (!o || !set_option(verb, o, opts, optarg))
			return false;
	}
	*args = (struct cli_args){argv + optind, argc - optind};
	if (args->n < verb->min || (verb->max >= 0 && args->n > verb->max)) {
		diag_say("stakeout %s: wants %s%s; see 'stakeout %s --help'", verb->name,
			 *verb->args ? verb->args : "no arguments",
			 args->n > verb->min ? ", got too many" : "", verb->name);
		return false;
	}
	return true;
}

bool cli_parse(const struct cli_verb *verb, int argc, char **argv, void *opts,
	       struct cli_args *args, int *ret_status)
{
	if (parse(verb, argc, argv, opts, args, ret_status))
		return true;
	cli_done(verb, opts);
	return false;
}

int cli_end(int status)
{
	int failed = fflush(stdout);
	int why = errno;
	if (!failed && !ferror(stdout))
		return status;
	if (status != EXIT_MACHINE)
		diag_say("stakeout: standard output cannot be written: %s",
			 failed ? strerror(why) : "an earlier write failed");
	return EXIT_MACHINE;
}

/* Levenshtein distance of short words, row by row. */
static size_t distance(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	size_t row[64];
	if (na >= ARRAY_SIZE(row) || nb >= ARRAY_SIZE(row))
		return SIZE_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			row[j] = MIN(change, MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[nb];
}

const char *cli_nearest(const char *typed, const char *const *names, size_t n)
{
	const char *best = NULL;
	size_t least = strlen(typed) / 3 + 2;
	for (size_t i = 0; i < n; i++) {
		size_t d = distance(typed, names[i]);
		if (d < least) {
			least = d;
			best = names[i];
		}
	}
	return best;
}
