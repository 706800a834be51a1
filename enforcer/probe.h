/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Harmless forbidden acts, done for real in a cgroup: the proof that a policy holds. Done by a copy of this program in a
 * memfd, which has nothing of the enforcer's exemption.
 */
#pragma once

#include "enforcer/groups.h"
#include "schema/enforce.h"

enum probe_result {
	PROBE_ALLOWED,
	PROBE_REFUSED,        /* EPERM */
	PROBE_KILLED,
	PROBE_FAILED,         /* could not be tried: not in the cgroup, no such file ... */
};
const char *probe_word(enum probe_result r);

/* What to try: FILE is opened for writing; ADDRESS is connected to by UDP, which sends nothing. */
struct probe {
	enum enforce_kind kind;
	const char *file;
	const char *address;  /* IPv4 */
	uint16_t port;
};

/* Tries it in the cgroup, in the namespaces of process PID there (0: ours). -errno when no copy can be made. */
int probe_run(const char *folder, int pid, const struct probe *p, enum probe_result *ret);

/* The copy's main(), when argv[1] is PROBE_WORD. */
#define PROBE_WORD "--stakeout-probe"
int probe_main(int argc, char **argv);
