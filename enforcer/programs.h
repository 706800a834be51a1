/* SPDX-License-Identifier: GPL-2.0-only */
/* The enforcer's programs and maps as tables: which back end has which, what each is for, what it needs of the kernel. */
#pragma once

#include <linux/bpf.h>

#include "schema/base/base.h"
#include "schema/enforce.h"
#include "schema/image.h"

/* What policies ask of the programs: image_settings.judges, and the guards above. */
#define NEED_GUARD(guard) ((uint32_t)(guard) << 8)
#define NEED_ALWAYS       (1u << 31)
#define NEED_LOADER       (1u << 30)    /* run by us, never attached */

#define BACKEND_BIT(b)    (1u << (b))
#define BACKEND_ANY       UINT32_MAX
#define BACKEND_BEHIND    0             /* of none: behind fmod_ret where programs are interrupted */

struct program {
	const char *name;
	uint32_t backends;        /* BACKEND_BIT() */
	uint32_t need;            /* one of the above */
	const char *target;       /* must be in the kernel's types: a function, or a tracepoint's btf_trace_ type; NULL: no matter */
	bool optional;            /* without its target the rest is still right */
	enum bpf_attach_type cgroup;   /* of NEED_CONNECT */
};

enum { PROGRAMS_MAX = 64, CONNECT_PROGRAMS = 5 };    /* the latter in a row, from connect_4 on */
extern const struct program programs[];
extern const size_t nprograms;

const char *backend_name(enum enforce_backend b);
int backend_from(const char *name);         /* or -1 */

/*
 * The programs of a back end. fmod_ret has copies: the kernel leaves a tracing program out while another task, interrupted, is
 * inside it on the same processor, so where it interrupts (PREEMPTS) each is attached COPIES times, and what of all those is left
 * out meets in copy 1 the signal back end's programs: tracepoints are not interrupted. An exec always does, since the mode may
 * change later. Where that one comes late (before 6.10), another notes who begins an exec.
 */
enum { COPIES = 4 };
bool program_of(const struct program *p, enum enforce_backend b, size_t copy, bool preempts);
size_t program_number(const char *name);   /* which must be there */

enum machine_map {
#define MAP(symbol, name, type, key, value) MACHINE_##symbol,
	IMAGE_MAPS(MAP)                   /* the place of "settings" is not used */
#undef MAP
	MACHINE_PATH_HITS, MACHINE_PORT_HITS, MACHINE_FILTERS, MACHINE_TABLES,
	MACHINE_CGROUPS = MACHINE_TABLES, MACHINE_WORKLOADS, MACHINE_REFUSALS, MACHINE_STATE, MACHINE_NAMES,
	MACHINE_VOUCHED, MACHINE_CALLERS, MACHINE_RECENT, MACHINE_COPIES, MACHINE_MAPS,
};
extern const char *const machine_map_names[MACHINE_MAPS];   /* NULL for the one not used */
