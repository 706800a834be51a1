/* SPDX-License-Identifier: GPL-2.0-only */
/* The verbs; argv[0] is the verb's name. */
#pragma once

#include "enforcer/machine.h"

int cmd_enforce(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_release(int argc, char **argv);
int cmd_confirm(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_verify(int argc, char **argv);

/* Rights and kernel types, asked for before anything else. */
int check_rights(struct diag *d);

/* Of the -errno of machine, slots and table: what is said with which status. */
int end(struct diag *d, int r);

/* Does one of the patterns (workload or cgroup folder; none: all) name the workload? */
bool is_named(const struct enforce_name *n, char *const *patterns, int npatterns);
