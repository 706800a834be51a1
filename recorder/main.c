/* SPDX-License-Identifier: GPL-2.0-only */
/* The stakeout-record program: run by "stakeout record ...", or by itself as "stakeout-record record ...". */
#include <stdio.h>

#include "recorder/cmd_record.h"
#include "schema/base/cli.h"

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		printf("stakeout-record %s\n", stakeout_version);
		return EXIT_YES;
	}
	if (argc > 1 && !strcmp(argv[1], "record"))
		return cli_end(cmd_record(argc - 1, argv + 1));
	return cli_end(cmd_record(argc, argv));
}
