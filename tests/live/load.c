/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads for the bench: "load open N PATH" opens and closes; "load exec N PROGRAM" starts and waits for a program
 * without libc (on many virtual machines cpuid traps, and libc's start would hide everything else).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	for (long i = atol(argv[2]); i > 0; i--) {
		if (!strcmp(argv[1], "open")) {
			int fd = open(argv[3], O_RDONLY | O_CLOEXEC);
			if (fd < 0)
				return 1;
			close(fd);
		} else {
			pid_t pid;
			if (posix_spawn(&pid, argv[3], NULL, NULL, (char *[]){argv[3], NULL}, (char *[]){NULL}))
				return 1;
			waitpid(pid, NULL, 0);
		}
	}
	return 0;
}
