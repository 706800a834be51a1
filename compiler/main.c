/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stakeout command: a table of verbs. A verb that another program owns is run from the
 * stakeout-VERB beside this one, as git does.
 */
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "schema/base/cli.h"
#include "compiler/verbs.h"
#include "schema/base/diag.h"

struct verb {
	const char *name, *summary;
	int (*run)(int argc, char **argv); /* NULL: another program's */
};

static const struct verb verbs[] = {
#define VERB(symbol, name, summary) {name, summary, cmd_##symbol},
#include "compiler/verbs.def"
#undef VERB
	{"record", "record this machine live into the store", NULL},
	{"enforce", "put policy images into force on this machine", NULL},
	{"serve", "the web UI on 127.0.0.1:5000", NULL},
};

static int print_help(void)
{
	printf("Usage: stakeout VERB [OPTION...] [ARGUMENT...]\n\n"
	       "Observe what workloads do, choose what they may do, prove what the policy would do, ship it.\n\n"
	       "Verbs:\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		printf("  %-14s %s\n", verbs[i].name, verbs[i].summary);
	printf("  %-14s %s\n\n'stakeout VERB --help' tells more, 'stakeout --version' which one this is.\n"
	       "Exit status: 0 yes or done, 1 the answer is no, 2 usage or input, 3 this machine cannot.\n",
	       "help", "this list, or help on a verb");
	return EXIT_YES;
}

/* Runs stakeout-NAME from this program's folder, else from PATH. Returns only on failure. */
static int run_beside(const char *name, char **argv)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0) {
		self[n] = '\0';
		CLEANUP_FREE char *beside = xasprintf("%s-%s", self, name);
		execv(beside, argv);
	}
	CLEANUP_FREE char *plain = xasprintf("stakeout-%s", name);
	execvp(plain, argv);
	diag_say("stakeout: cannot run %s: %s; it must lie beside stakeout or in PATH%s", plain,
		 strerror(errno),
		 strcmp(name, "record") ? "" : " (it is built only where clang and bpftool are)");
	return EXIT_MACHINE;
}

static int unknown_verb(const char *typed)
{
	const char *names[ARRAY_SIZE(verbs)];
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		names[i] = verbs[i].name;
	const char *near = cli_nearest(typed, names, ARRAY_SIZE(verbs));
	diag_say("stakeout: no verb '%s'%s%s%s; see 'stakeout help'", typed,
		 near ? ", did you mean '" : "", near ? near : "", near ? "'" : "");
	return EXIT_INPUT;
}

static int run_verb(int argc, char **argv)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(argv[0], verbs[i].name))
			continue;
		return verbs[i].run ? verbs[i].run(argc, argv) : run_beside(argv[0], argv);
	}
	return unknown_verb(argv[0]);
}

static bool asks_for_help(const char *word)
{
	return !strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h");
}

static int dispatch(int argc, char **argv)
{
	if (argc < 2) {
		print_help();
		return EXIT_INPUT;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "version")) {
		printf("stakeout %s\n", stakeout_version);
		return EXIT_YES;
	}
	bool help = asks_for_help(argv[1]);
	if (help && (argc == 2 || asks_for_help(argv[2])))
		return print_help();
	if (help)
		return run_verb(2, (char *[]){argv[2], "--help", NULL});
	return run_verb(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	return cli_end(dispatch(argc, argv));
}
