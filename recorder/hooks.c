/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table of choices, best first; for each kind the first that this kernel takes is used. What it cannot see is said in words, from
 * schema/coverage.def. The security programs are written once and loaded as BPF LSM or, where that is not active, for the entry of
 * the functions that ask the security modules: the arguments are the same.
 */
#include "recorder/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "schema/base/io.h"
#include "schema/coverage.h"
#include "schema/guard.h"
#include "schema/syscall.h"

#define PROGRAMS_MAX 16
#define LINKS_MAX    64

enum way { WAY_TRACEPOINT, WAY_CGROUP, WAY_HOOKS, WAY_CALLS, WAY_EMPTY };

/* One way to see one kind: programs that belong together. */
struct choice {
	const char *name;                      /* in the recording's list */
	enum kind kind;                        /* that it is for; KIND_COUNT: always */
	enum way way;
	const char *programs[PROGRAMS_MAX];    /* of the object, up to NULL */
	const char *misses;                    /* that coverage.def does not tell */
};

static const struct choice choices[] = {
	{"exec", KIND_COUNT, WAY_TRACEPOINT, {"exec_sched", "exec_fork"}, NULL},
	{"exit", KIND_COUNT, WAY_TRACEPOINT, {"exit_sched"}, NULL},
	{"file", KIND_FILE, WAY_HOOKS,
	 {"lsm_file_open", "lsm_mmap_file", "lsm_path_truncate", "lsm_file_truncate", "lsm_path_mknod", "lsm_path_mkdir",
	  "lsm_path_symlink", "lsm_path_unlink", "lsm_path_rmdir", "lsm_path_rename", "lsm_path_link", "lsm_path_chmod",
	  "lsm_path_chown"}, NULL},
	{"file", KIND_FILE, WAY_CALLS, {"file_sys_exit"}, NULL},
	{"guard", KIND_GUARD, WAY_HOOKS,
	 {"lsm_kernel_read_file", "lsm_kernel_load_data", "lsm_ptrace_access_check", "lsm_ptrace_traceme", "lsm_sb_mount",
	  "lsm_move_mount", "lsm_task_fix_setuid", "lsm_userns_create", "lsm_bpf"}, NULL},
	{"guard", KIND_GUARD, WAY_CALLS, {"file_sys_exit"}, NULL},
	{"connect", KIND_CONNECT, WAY_CGROUP, {"connect_4", "connect_6", "connect_sendmsg4", "connect_sendmsg6"},
	 "connect not seen: raw sockets; whether the connection succeeded"},
	{"connect", KIND_CONNECT, WAY_TRACEPOINT, {"connect_tcp"},
	 "connect not seen: UDP and raw sockets (the cgroup hooks could not be attached)"},
	{"unix", KIND_CONNECT, WAY_HOOKS, {"lsm_socket_connect"}, NULL},
	{"unix", KIND_CONNECT, WAY_CALLS, {"file_sys_exit"}, NULL},
	{"bind", KIND_BIND, WAY_CGROUP, {"bind_4", "bind_6"}, NULL},
	{"listen", KIND_BIND, WAY_TRACEPOINT, {"listen_tcp"}, NULL},
	{"unix-bind", KIND_BIND, WAY_HOOKS, {"lsm_socket_bind"}, NULL},
	{"unix-bind", KIND_BIND, WAY_CALLS, {"file_sys_exit"}, NULL},
	{"exec", KIND_COUNT, WAY_EMPTY, {"empty_exec", "empty_fork"}, "everything"},
	{"exit", KIND_COUNT, WAY_EMPTY, {"empty_exit"}, NULL},
	{"file", KIND_FILE, WAY_EMPTY, {"empty_open"}, NULL},
	{"file", KIND_FILE, WAY_EMPTY, {"empty_file"}, NULL},
	{"cgroup", KIND_COUNT, WAY_TRACEPOINT, {"cgroup_gone"}, NULL},
};

/* Security hooks that a kernel may be without, and nothing is missing: another tells it. */
static const char *const replaced[] = {"file_truncate"};   /* before 6.2 path_truncate is asked for descriptors too */

/* Where the function is not named after its hook. */
static const struct {
	const char *hook, *function;
} entries[] = {{"userns_create", "security_create_user_ns"}};

struct hooks {
	struct bpf_object *object;
	struct btf *kernel;            /* until attached: it takes megabytes */
	struct hooks_options options;
	enum way security;             /* WAY_HOOKS or WAY_CALLS */
	bool by_entry;
	bool usable[ARRAY_SIZE(choices)];
	int cgroup_root;               /* -1: none */
	struct {
		const struct bpf_program *program;
		struct bpf_link *link;
	} links[LINKS_MAX];
	size_t nlinks;
	struct buf used, misses;
};

int hooks_word(const char *word, enum hooks_wanted *ret)
{
	static const char *const words[] = {
		[HOOKS_AUTO] = "auto", [HOOKS_LSM] = "lsm", [HOOKS_FENTRY] = "fentry", [HOOKS_TRACEPOINT] = "tracepoint",
	};
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i], word)) {
			*ret = (enum hooks_wanted)i;
			return 0;
		}
	return -EINVAL;
}

/* ---- what this kernel has ---- */

bool hooks_kernel_has(const struct hooks *h, const char *function)
{
	return btf__find_by_name_kind(h->kernel, function, BTF_KIND_FUNC) > 0;
}

static bool has_tracepoint(const struct hooks *h, const char *name)
{
	CLEANUP_FREE char *type = xasprintf("btf_trace_%s", name);
	return btf__find_by_name_kind(h->kernel, type, BTF_KIND_TYPEDEF) > 0;
}

/* Loads and attaches a program that does nothing, and takes it away. */
static bool takes(const struct hooks *h, enum bpf_prog_type type, enum bpf_attach_type attach, const char *function)
{
	static const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int id = btf__find_by_name_kind(h->kernel, function, BTF_KIND_FUNC);
	if (id <= 0)
		return false;
	LIBBPF_OPTS(bpf_prog_load_opts, o, .expected_attach_type = attach, .attach_btf_id = (unsigned)id);
	CLEANUP_FD int program = bpf_prog_load(type, "probe", "GPL", nothing, ARRAY_SIZE(nothing), &o);
	if (program < 0)
		return false;
	CLEANUP_FD int link = bpf_raw_tracepoint_open(NULL, program);
	return link >= 0;
}

/* Without bpf in the list LSM programs load and attach, and are never called. */
static bool lsm_active(void)
{
	CLEANUP_BUF struct buf list = BUF_INIT;
	if (read_file("/sys/kernel/security/lsm", 4096, &list))
		return false;
	char *save = NULL;
	for (char *w = list.n ? strtok_r(list.p, ",\n", &save) : NULL; w; w = strtok_r(NULL, ",\n", &save))
		if (!strcmp(w, "bpf"))
			return true;
	return false;
}

static int choose_security(struct hooks *h, struct diag *d)
{
	enum hooks_wanted wanted = h->options.wanted;
	h->security = WAY_CALLS;
	if (wanted == HOOKS_TRACEPOINT)
		return 0;
	if (wanted != HOOKS_FENTRY && lsm_active() && takes(h, BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "bpf_lsm_file_open")) {
		h->security = WAY_HOOKS;
		return 0;
	}
	if (wanted == HOOKS_LSM) {
		diag_error(d, "--hooks lsm", "this kernel takes no BPF LSM programs, or 'bpf' is not in /sys/kernel/security/lsm: "
			   "boot with lsm=...,bpf, or leave the choice to the recorder (auto)");
		return -ENOTSUP;
	}
	if (takes(h, BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "security_file_open")) {
		h->security = WAY_HOOKS;
		h->by_entry = true;
		return 0;
	}
	if (wanted == HOOKS_AUTO)
		return 0;
	diag_error(d, "--hooks fentry", "this kernel takes no fentry programs: leave the choice to the recorder (auto)");
	return -ENOTSUP;
}

/* The root of the v2 hierarchy, or -1. A subtree (cgroup namespace) will not do: it would miss all others. */
static int open_cgroup_root(void)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	int fd = -1;
	for (struct mntent *m; f && fd < 0 && (m = getmntent(f));) {
		struct stat st;
		if (!strcmp(m->mnt_type, "cgroup2") && !stat(m->mnt_dir, &st) && st.st_ino == 1)
			fd = open(m->mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (f)
		endmntent(f);
	return fd;
}

/* ---- choosing ---- */

static struct bpf_program *program_of(const struct hooks *h, const char *name)
{
	return bpf_object__find_program_by_name(h->object, name);
}

/* "lsm/file_open" -> "file_open" */
static const char *hook_of(const struct bpf_program *p)
{
	const char *slash = strchr(bpf_program__section_name(p), '/');
	return slash ? slash + 1 : "";
}

static bool is_security(const struct bpf_program *p)
{
	return !strncmp(bpf_program__section_name(p), "lsm/", 4);
}

static void entry_of(const char *hook, struct buf *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
		if (!strcmp(entries[i].hook, hook)) {
			buf_puts(ret, entries[i].function);
			return;
		}
	buf_printf(ret, "security_%s", hook);
}

/* Is the hook of P in this kernel? */
static bool present(const struct hooks *h, const struct choice *c, const struct bpf_program *p)
{
	CLEANUP_BUF struct buf function = BUF_INIT;
	if (c->way == WAY_CGROUP)
		return true;
	if (!is_security(p))
		return has_tracepoint(h, hook_of(p));
	if (h->by_entry)
		entry_of(hook_of(p), &function);
	else
		buf_printf(&function, "bpf_lsm_%s", hook_of(p));
	return hooks_kernel_has(h, function.p);
}

static bool kind_wanted(const struct hooks *h, enum kind kind)
{
	return kind == KIND_COUNT || !h->options.kinds || h->options.kinds >> kind & 1;
}

static bool usable(const struct hooks *h, const struct choice *c)
{
	if (!kind_wanted(h, c->kind))
		return false;
	if (h->options.empty != (c->way == WAY_EMPTY))
		return false;
	if ((c->way == WAY_HOOKS || c->way == WAY_CALLS) && c->way != h->security)
		return false;
	if (c->way == WAY_EMPTY && c->kind == KIND_FILE && (h->security == WAY_HOOKS) != is_security(program_of(h, c->programs[0])))
		return false;
	if (c->way == WAY_CGROUP)
		return h->cgroup_root >= 0 && !h->options.no_cgroup_hooks &&
		       libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, NULL) > 0;
	return present(h, c, program_of(h, c->programs[0]));
}

static int prepare(const struct hooks *h, struct bpf_program *p)
{
	CLEANUP_BUF struct buf function = BUF_INIT;
	bpf_program__set_autoload(p, true);
	if (!is_security(p) || !h->by_entry)
		return 0;
	entry_of(hook_of(p), &function);
	int r = bpf_program__set_type(p, BPF_PROG_TYPE_TRACING);
	if (!r)
		r = bpf_program__set_expected_attach_type(p, BPF_TRACE_FENTRY);
	return r ? r : bpf_program__set_attach_target(p, 0, function.p);
}

static int prepare_all(struct hooks *h)
{
	int r = 0;
	struct bpf_program *p;
	bpf_object__for_each_program(p, h->object)
		if (strcmp(bpf_program__section_name(p), "raw_tp"))   /* test-run, never attached */
			bpf_program__set_autoload(p, false);
	for (size_t i = 0; i < ARRAY_SIZE(choices) && !r; i++) {
		h->usable[i] = usable(h, &choices[i]);
		for (size_t k = 0; k < PROGRAMS_MAX && choices[i].programs[k] && h->usable[i] && !r; k++) {
			p = program_of(h, choices[i].programs[k]);
			if (present(h, &choices[i], p))
				r = prepare(h, p);
		}
	}
	return r;
}

int hooks_choose(struct bpf_object *object, const struct hooks_options *options, struct diag *d, struct hooks **ret)
{
	CLEANUP(hooks_free) struct hooks *h = xcalloc(1, sizeof(*h));
	h->object = object;
	h->options = *options;
	h->cgroup_root = -1;
	h->kernel = btf__load_vmlinux_btf();
	if (!h->kernel) {
		int r = -errno;
		diag_error(d, "/sys/kernel/btf/vmlinux", "the kernel's types cannot be read: %s", strerror(-r));
		return r;
	}
	h->cgroup_root = open_cgroup_root();
	int r = choose_security(h, d);
	if (r)
		return r;
	r = prepare_all(h);
	if (r)
		return diag_error(d, NULL, "cannot prepare the sensor's programs: %s", strerror(-r));
	*ret = TAKE(h);
	return 0;
}

void hooks_free(struct hooks *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->nlinks; i++)
		bpf_link__destroy(h->links[i].link);
	btf__free(h->kernel);
	cleanup_fd(&h->cgroup_root);
	buf_done(&h->used);
	buf_done(&h->misses);
	free(h);
}

bool hooks_by_entry(const struct hooks *h)
{
	return h->by_entry;
}

/* ---- system calls ---- */

static const struct {
	const char *name;
	enum kind kind;
	struct wire_call call;
} rows[] = {
#define OPENS(name, op_, argument) {#name, KIND_FILE, {.op = WIRE_OP_##op_, .path = argument}},
#define FILE_OF(name, argument, access)                                                                        \
	{#name, KIND_FILE, {.op = WIRE_OP_FILE, .path = argument, .bits = WIRE_ACCESS_##access}},
#define HERE WIRE_CALL_HERE
#define NONE WIRE_CALL_NONE
#define NAMES(name, folder_, path_, access)                                                                    \
	{#name, KIND_FILE,                                                                                     \
	 {.op = WIRE_OP_NAMES, .folder = folder_, .path = path_, .path2 = NONE, .bits = WIRE_ACCESS_##access}},
#define TWO_NAMES(name, folder_, path_, folder2_, path2_, access)                                              \
	{#name, KIND_FILE,                                                                                     \
	 {.op = WIRE_OP_NAMES, .folder = folder_, .path = path_, .folder2 = folder2_, .path2 = path2_,         \
	  .bits = WIRE_ACCESS_##access}},
#define GUARDS(name, op_, folder_, path_, guard_)                                                              \
	{#name, KIND_GUARD,                                                                                    \
	 {.op = WIRE_OP_##op_, .guard = 1, .folder = folder_, .path = path_, .path2 = NONE, .bits = WIRE_GUARD_##guard_}},
#define SOCKET(name, op_, argument)                                                                            \
	{#name, WIRE_OP_##op_ == WIRE_OP_BIND ? KIND_BIND : KIND_CONNECT, {.op = WIRE_OP_##op_, .path = argument}},
#include "schema/calls.def"
};

/* Opens also where security hooks tell them: those ask what call they are in. */
static bool read_call(const struct hooks *h, size_t i)
{
	if (h->security == WAY_HOOKS)
		return rows[i].call.op <= WIRE_OP_CREAT;
	return kind_wanted(h, rows[i].kind);
}

/* Own programs first, then 32-bit ones. */
#if defined(__x86_64__)
static const enum syscall_abi tables[] = {SYSCALL_X86_64, SYSCALL_I386};
#else
static const enum syscall_abi tables[] = {SYSCALL_ARM64};
#endif

_Static_assert(ARRAY_SIZE(rows) < WIRE_ROWS_MAX, "row 0 is of no interest");

void hooks_calls(const struct hooks *h, struct wire_call calls[WIRE_ROWS_MAX], uint8_t row_of[2 * WIRE_CALLS_MAX],
		 uint8_t known[WIRE_CALLS_MAX])
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		calls[i + 1] = rows[i].call;
		for (size_t t = 0; t < ARRAY_SIZE(tables) && read_call(h, i); t++) {
			int number = syscall_number(tables[t], str_from(rows[i].name));
			if (number < 0 || number >= WIRE_CALLS_MAX)
				continue;
			if (tables[t] == SYSCALL_I386 && !strcmp(rows[i].name, "mmap"))   /* its arguments lie in memory */
				continue;
			row_of[t * WIRE_CALLS_MAX + (size_t)number] = (uint8_t)(i + 1);
			known[number] = 1;
		}
	}
}

/* ---- attaching ---- */

static int attach_program(struct hooks *h, const struct choice *c, struct bpf_program *p)
{
	for (size_t i = 0; i < h->nlinks; i++)
		if (h->links[i].program == p)   /* serves another kind already */
			return 0;
	struct bpf_link *link = c->way == WAY_CGROUP		    ? bpf_program__attach_cgroup(p, h->cgroup_root)
				: is_security(p) && h->by_entry ? bpf_program__attach_trace(p)
								    : bpf_program__attach(p);
	if (!link)
		return -errno;
	h->links[h->nlinks].program = p;
	h->links[h->nlinks++].link = link;
	return 0;
}

static void note_absent(struct hooks *h, const struct choice *c, const char *hook)
{
	for (size_t i = 0; i < ARRAY_SIZE(replaced); i++)
		if (!strcmp(replaced[i], hook))
			return;
	buf_printf(&h->misses, "%s%s not seen: %s is not in this kernel", h->misses.n ? ". " : "", c->name, hook);
}

static void note_used(struct hooks *h, const struct choice *c)
{
	static const char *const prefixes[] = {
		[WAY_TRACEPOINT] = "tp_btf/", [WAY_CGROUP] = "cgroup/", [WAY_CALLS] = "calls/", [WAY_EMPTY] = "empty/",
	};
	const char *prefix = c->way != WAY_HOOKS ? prefixes[c->way] : h->by_entry ? "fentry/" : "lsm/";
	buf_printf(&h->used, "%s%s=%s", h->used.n ? " " : "", c->name, prefix);
	const char *comma = "";
	for (size_t i = 0; i < PROGRAMS_MAX && c->programs[i]; i++) {
		const struct bpf_program *p = program_of(h, c->programs[i]);
		if (!present(h, c, p)) {
			note_absent(h, c, hook_of(p));
			continue;
		}
		buf_printf(&h->used, "%s%s", comma, hook_of(p));
		comma = ",";
	}
	if (c->misses)
		buf_printf(&h->misses, "%s%s", h->misses.n ? ". " : "", c->misses);
	if (c->way != WAY_EMPTY)
		coverage_lacks(c->name, h->security == WAY_HOOKS ? COVERAGE_HOOKS : COVERAGE_CALLS, &h->misses);
}

/* All programs of C or none. */
static int attach_choice(struct hooks *h, const struct choice *c)
{
	size_t before = h->nlinks;
	for (size_t i = 0; i < PROGRAMS_MAX && c->programs[i]; i++) {
		struct bpf_program *p = program_of(h, c->programs[i]);
		int r = present(h, c, p) ? attach_program(h, c, p) : 0;
		if (!r)
			continue;
		while (h->nlinks > before)
			bpf_link__destroy(h->links[--h->nlinks].link);
		return r;
	}
	note_used(h, c);
	return 0;
}

static bool served(const struct hooks *h, const char *name)
{
	CLEANUP_FREE char *word = xasprintf("%s=", name);
	size_t n = strlen(word);
	for (const char *at = h->used.n ? h->used.p : ""; *at; at += strcspn(at, " "), at += *at == ' ')
		if (!strncmp(at, word, n))
			return true;
	return false;
}

/* What was left out on request, and what has no table, is not seen either. */
static void note_filters(struct hooks *h)
{
	static const enum kind kinds[] = {KIND_EXEC, KIND_FILE, KIND_CONNECT, KIND_BIND, KIND_GUARD};
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!kind_wanted(h, kinds[i]))
			buf_printf(&h->misses, "%s%s not recorded (--kind)", h->misses.n ? ". " : "", kind_name(kinds[i]));
	if (ARRAY_SIZE(tables) == 1 && h->security == WAY_CALLS)
		buf_printf(&h->misses, "%sfile, guard and unix not seen: what 32-bit programs do", h->misses.n ? ". " : "");
	if (h->options.paths)
		buf_printf(&h->misses, "%sfiles not recorded but those that were named (--path)", h->misses.n ? ". " : "");
}

/* Nothing is recorded of a kind that was wanted: the recording is worth nothing without exec and file, and says so of the others. */
static int check_served(struct hooks *h, int last, struct diag *d)
{
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		const struct choice *c = &choices[i];
		if (!kind_wanted(h, c->kind) || h->options.empty || served(h, c->name))
			continue;
		if (!strcmp(c->name, "exec") || !strcmp(c->name, "file"))
			return diag_error(d, NULL, "no hook for %s events could be attached: %s", c->name, strerror(-last));
		CLEANUP_FREE char *word = xasprintf("%s not seen: everything", c->name);
		if (c->kind != KIND_COUNT && (!h->misses.n || !strstr(h->misses.p, word)))
			buf_printf(&h->misses, "%s%s (no hook could be attached)", h->misses.n ? ". " : "", word);
	}
	return 0;
}

int hooks_attach(struct hooks *h, struct diag *d)
{
	int last = -ENOTSUP;
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		if (!h->usable[i] || served(h, choices[i].name))
			continue;
		int r = attach_choice(h, &choices[i]);
		if (r)
			last = r;
	}
	btf__free(h->kernel);
	h->kernel = NULL;
	note_filters(h);
	return check_served(h, last, d);
}

const char *hooks_used(const struct hooks *h)
{
	return h->used.n ? h->used.p : "";
}

const char *hooks_misses(const struct hooks *h)
{
	return h->misses.n ? h->misses.p : "";
}
