/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kprobes on security_* functions: they load on every kernel since 5.4, with or without BPF LSM. The volume is
 * kept low in the kernel: of opens only those for writing, outside /proc, /sys and /dev; of connections only
 * IPv4 and IPv6. A rate limit would be simpler and wrong: it tells events apart by the first 40 bytes of a path.
 */
#include "compiler/emit/audit.h"

#include "compiler/emit/emit_yaml.h"

enum { MAX_ARGS = 4, MAX_FILTERS = 2 };

struct audit_hook {
	const char *call;
	struct { uint8_t index; enum policy_type type; const char *resolve; } args[MAX_ARGS];
	uint8_t nargs;
	struct { uint8_t arg; enum policy_operator op; const char *values[3]; } filters[MAX_FILTERS];
	uint8_t nfilters;
	unsigned since;
};

#define NOISE {"/proc/", "/sys/", "/dev/"}
#define FOLDER_AND_NAME {{0, TYPE_PATH, NULL}, {1, TYPE_DENTRY, NULL}}, 2
#define ONE(type) {{0, type, NULL}}, 1

static const struct audit_hook audit_hooks[] = {
	{"security_bprm_check", ONE(TYPE_LINUX_BINPRM), {{0}}, 0, 0},
	{"security_file_open", {{0, TYPE_FILE, NULL}, {0, TYPE_UINT32, "f_flags"}}, 2,
	 {{1, OPERATOR_MASK, {"3"}}, {0, OPERATOR_NOT_PREFIX, NOISE}}, 2, 0},
	{"security_path_truncate", ONE(TYPE_PATH), {{0, OPERATOR_NOT_PREFIX, NOISE}}, 1, 0},
	{"security_file_truncate", ONE(TYPE_FILE), {{0, OPERATOR_NOT_PREFIX, NOISE}}, 1, TARGET_KERNEL(6, 2)},
	{"security_path_mknod", FOLDER_AND_NAME, {{0}}, 0, 0},
	{"security_path_mkdir", FOLDER_AND_NAME, {{0}}, 0, 0},
	{"security_path_symlink", FOLDER_AND_NAME, {{0}}, 0, 0},
	{"security_path_unlink", FOLDER_AND_NAME, {{0}}, 0, 0},
	{"security_path_rmdir", FOLDER_AND_NAME, {{0}}, 0, 0},
	{"security_path_rename",
	 {{0, TYPE_PATH, NULL}, {1, TYPE_DENTRY, NULL}, {2, TYPE_PATH, NULL}, {3, TYPE_DENTRY, NULL}}, 4,
	 {{0}}, 0, 0},
	{"security_path_link", {{0, TYPE_DENTRY, NULL}, {1, TYPE_PATH, NULL}, {2, TYPE_DENTRY, NULL}}, 3, {{0}}, 0, 0},
	{"security_path_chmod", ONE(TYPE_PATH), {{0}}, 0, 0},
	{"security_path_chown", ONE(TYPE_PATH), {{0}}, 0, 0},
	{"security_socket_connect", {{0, TYPE_SOCKET, NULL}, {1, TYPE_SOCKADDR, NULL}}, 2,
	 {{1, OPERATOR_FAMILY, {"AF_INET", "AF_INET6"}}}, 1, 0},
};

static void put_filter(struct policy *p, struct selector *s, const struct audit_hook *h, size_t i)
{
	struct arg_filter *f = ARENA_PUSH(p->arena, s->args, s->nargs);
	*ARENA_PUSH(p->arena, f->args, f->nargs) = h->filters[i].arg;
	f->op = h->filters[i].op;
	for (size_t k = 0; k < ARRAY_SIZE(h->filters[i].values) && h->filters[i].values[k]; k++)
		*ARENA_PUSH(p->arena, f->values.v, f->values.n) = str_from(h->filters[i].values[k]);
}

static void put_hook(struct policy *p, const struct audit_hook *h)
{
	struct hook *to = ARENA_PUSH(p->arena, p->hooks, p->nhooks);
	to->section = SECTION_KPROBE;
	to->call = str_from(h->call);
	for (size_t i = 0; i < h->nargs; i++) {
		struct spec_arg *a = ARENA_PUSH(p->arena, to->args, to->nargs);
		a->index = h->args[i].index;
		a->type = h->args[i].type;
		a->resolve = a->label = str_from(h->args[i].resolve);
	}
	if (h->nfilters == 0)
		return;
	struct selector *s = ARENA_PUSH(p->arena, to->selectors, to->nselectors);
	for (size_t i = 0; i < h->nfilters; i++)
		put_filter(p, s, h, i);
}

int audit_policy(const struct allowlist *a, const struct compile_options *o, struct diag *d,
		 struct policy **ret)
{
	const char *refusal = yaml_refusal(a, o);
	if (refusal)
		return diag_error(d, NULL, "%s", refusal);
	if (o->target.kernel < TARGET_KERNEL(5, 4))
		return diag_error(d, NULL, "the agent reads open flags and whole paths since kernel 5.4 only");
	CLEANUP(policy_free) struct policy *p = policy_new();
	p->name = str_from(arena_printf(p->arena, "audit-" STR_FMT, STR_ARG(a->name)));
	p->comment = STR("Written by stakeout: reports what the workload does and stops nothing.\n"
			 "Feed the agent's export to stakeout ingest.");
	/* Tables of filters would otherwise be shared between the hooks. */
	*ARENA_PUSH(p->arena, p->options, p->noptions) =
		(struct policy_option){.name = STR("disable-kprobe-multi"), .value = STR("1")};
	*ARENA_PUSH(p->arena, p->options, p->noptions) =
		(struct policy_option){.name = STR("policy-mode"), .value = STR("monitor")};
	int err = yaml_scope(a, o, p, d);
	if (err)
		return err;
	for (size_t i = 0; i < ARRAY_SIZE(audit_hooks); i++) {
		if (o->target.kernel >= audit_hooks[i].since)
			put_hook(p, &audit_hooks[i]);
	}
	*ret = TAKE(p);
	return 0;
}
