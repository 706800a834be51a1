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

struct program {
	const char *name;
	uint32_t backends;        /* BACKEND_BIT() */
	uint32_t need;            /* one of the above */
	const char *target;       /* must be in the kernel's types: a function, or a tracepoint's btf_trace_ type; NULL: no matter */
	bool optional;            /* without its target the rest is still right */
	enum bpf_attach_type cgroup;   /* of NEED_CONNECT */
};

enum { PROGRAMS_MAX = 64 };
extern const struct program programs[];
extern const size_t nprograms;

const char *backend_name(enum enforce_backend b);
int backend_from(const char *name);         /* or -1 */

/* Which of them the kernel's own types say it may have; the reason why not in words, or NULL. */
bool program_of(const struct program *p, enum enforce_backend b);

enum machine_map {
#define MAP(symbol, name, type, key, value) MACHINE_##symbol,
	IMAGE_MAPS(MAP)                   /* the place of "settings" is not used */
#undef MAP
	MACHINE_PATH_HITS, MACHINE_PORT_HITS, MACHINE_TABLES,
	MACHINE_CGROUPS = MACHINE_TABLES, MACHINE_WORKLOADS, MACHINE_REFUSALS, MACHINE_STATE, MACHINE_NAMES, MACHINE_MAPS,
};
extern const char *const machine_map_names[MACHINE_MAPS];   /* NULL for the one not used */
