/* SPDX-License-Identifier: GPL-2.0-only */
/* The stakeout-enforce program: run by "stakeout enforce ...", or by itself as "stakeout-enforce enforce ...". */
#include <stdio.h>

#include "enforcer/cmd.h"
#include "enforcer/probe.h"
#include "schema/base/cli.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} verbs[] = {
	{"status", cmd_status}, {"release", cmd_release}, {"confirm", cmd_confirm}, {"watch", cmd_watch},
	{"verify", cmd_verify},
};

/* argv[0] is "enforce": one of its own verbs, else images to apply. */
static int run(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].run(argc - 1, argv + 1);
	return cmd_enforce(argc, argv);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], PROBE_WORD))
		return probe_main(argc, argv);
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		printf("stakeout-enforce %s\n", stakeout_version);
		return EXIT_YES;
	}
	if (argc > 1 && !strcmp(argv[1], "enforce"))
		return cli_end(run(argc - 1, argv + 1));
	return cli_end(run(argc, argv));
}
