/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs and maps in the kernel: loaded new, or found where an earlier run pinned them.
 *
 *	<bpffs>/stakeout/          0700; locked while a command changes something
 *	<bpffs>/stakeout/vN/       layout N: map_NAME, prog_NAME, link_NAME, prog_NAME+COPY, link_NAME+COPY, link_NAME@CGROUP
 *
 * What is new lives only in this process until machine_pin() puts all of it in place with one rename, so a command that fails
 * leaves nothing. Links that are added to pinned programs are pinned at once and taken away again by machine_undo().
 */
#pragma once

#include "enforcer/programs.h"
#include "schema/base/buf.h"
#include "schema/base/diag.h"

#define BPFFS_DEFAULT "/sys/fs/bpf"

struct machine {
	char *base, *folder;              /* .../stakeout, .../stakeout/vN */
	int lock;                         /* held while open */
	bool pinned, fresh;               /* fresh: pinned by this run */
	enum enforce_backend backend;
	int maps[MACHINE_MAPS];           /* -1: none */
	bool preempts;                    /* the kernel may leave tracing programs out now; see preempt.h */
	char preemption[16];
	struct machine_copy {
		int programs[PROGRAMS_MAX];
		int links[PROGRAMS_MAX];  /* made in this run */
	} copies[COPIES];
	struct machine_connect {          /* likewise, for cgroups */
		uint64_t cgroup;
		int links[CONNECT_PROGRAMS];
	} *connects;
	size_t nconnects, connects_cap;
	struct enforce_workload *workloads;   /* the map itself */
};

/* Opens what is pinned below BPFFS; *ret is NULL, and 0 returned, when nothing is. */
int machine_find(const char *bpffs, struct diag *d, struct machine **ret);

/* Loads the programs of B anew. -ENOTSUP: this kernel does not have what B needs of it (said as a note). */
int machine_load(const char *bpffs, enum enforce_backend b, struct diag *d, struct machine **ret);

void machine_close(struct machine *m);   /* what is not pinned ends */
DEFINE_CLEANUP(struct machine *, machine_close)

/* Loads the copies that the back end should have and are not there, also of a machine that was found. */
int machine_back_up(struct machine *m, struct diag *d);

/*
 * How many calls of a program's hook the kernel may have let pass without asking: those that it left the program out of, of the
 * copy of which it did so least often. 0 means none.
 */
uint64_t machine_unjudged(const struct machine *m, size_t program);
bool machine_backed(const struct machine *m, size_t program);   /* has the copies that the kernel's mode of now asks for */

/* Attaches what policies with these needs (NEED_*) want and is not attached yet. */
int machine_attach(struct machine *m, uint32_t needs, struct diag *d);

/* Attaches the connect hooks to a v2 cgroup, unless they are. */
int machine_connect(struct machine *m, int cgroup_fd, uint64_t cgroup, struct diag *d);
void machine_disconnect(struct machine *m, uint64_t cgroup);

int machine_pin(struct machine *m, struct diag *d);   /* nothing to do when found */
void machine_undo(struct machine *m);                 /* links made in this run; all of it, if that pinned it */

/* Needs that B cannot serve: what images with them would not get, as bits of NEED_*. */
uint32_t machine_unserved(enum enforce_backend b, uint32_t needs);
bool machine_knows_caller(const struct machine *m);   /* of an exec */

/* Removes every pin of every layout below BPFFS: enforcement ends. 0, or -errno of the first that stays. */
int machine_remove_all(const char *bpffs, struct diag *d);

int machine_remove(struct machine *m, struct diag *d);   /* takes everything of this layout out of the kernel */
void machine_unlock(struct machine *m);   /* for those that only look, and for long */
