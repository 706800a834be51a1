/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stakeout enforce verify: does what each policy forbids, harmlessly, in its cgroup, and tells what came of it. What to try is
 * looked up in the policy as the kernel has it, so that nothing is tried that is allowed.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "enforcer/cmd.h"
#include "enforcer/hits.h"
#include "enforcer/holes.h"
#include "enforcer/shortages.h"
#include "enforcer/probe.h"
#include "enforcer/table.h"
#include "schema/base/cli.h"
#include "schema/base/table.h"
#include "schema/image_file.h"

struct options {
	bool json;
	const char *bpffs;
	uint64_t interval_ns;
};

static const struct cli_option options[] = {
	{"interval", 'i', CLI_DURATION, offsetof(struct options, interval_ns), "DURATION", "again and again, until Ctrl-C"},
	{"bpffs", 0, CLI_STRING, offsetof(struct options, bpffs), "DIR", "the BPF file system (default " BPFFS_DEFAULT ")"},
	{"json", 'j', CLI_FLAG, offsetof(struct options, json), NULL, "one object for each try"},
};

static const struct cli_verb verb = {
	"enforce verify", "prove that what is forbidden fails", "[WORKLOAD|CGROUP]...", 0, -1, options, ARRAY_SIZE(options),
	"In each cgroup under an enforced policy: starts a program that no rule allows (a copy of this one, in memory), opens a\n"
	"protected file for writing without writing, connects a UDP socket to an address that is not allowed, which sends\n"
	"nothing. Exit status 1 when one of these was possible.",
};

static const struct table_column columns[] = {
	{"time", NULL, TABLE_TIME},           {"workload", "WORKLOAD", TABLE_TEXT}, {"cgroup", "CGROUP", TABLE_TEXT},
	{"kind", "KIND", TABLE_TEXT},         {"object", "OBJECT", TABLE_TEXT},     {"outcome", "OUTCOME", TABLE_TEXT},
	{"holds", "HOLDS", TABLE_TEXT},
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

/* ---- what to try ---- */

static int first_process(const char *folder)
{
	int pid = 0;
	CLEANUP_FREE char *path = xasprintf("%s/cgroup.procs", folder);
	FILE *f = fopen(path, "re");
	if (f && fscanf(f, "%d", &pid) != 1)
		pid = 0;
	if (f)
		fclose(f);
	return pid;
}

/* May anybody write PATH? By the entries of the folders around it and its own. */
static bool writable(int paths, struct str path)
{
	uint32_t access = 0;
	for (size_t n = 1; n <= path.n; n++) {
		if (path.p[n - 1] != '/' && n < path.n)
			continue;
		struct image_path_key key = image_path_key((struct str){path.p, n});
		struct image_path entry;
		if (!bpf_map_lookup_elem(paths, &key, &entry))
			access |= entry.access;
	}
	return access & ACCESS_WRITE;
}

/* A regular file right in the protected folder, as processes of the workload see it. */
static char *file_below(int paths, int pid, const char *folder)
{
	CLEANUP_FREE char *seen = pid ? xasprintf("/proc/%d/root%s", pid, folder) : xstrdup(folder);
	char *found = NULL;
	DIR *dir = opendir(seen);
	for (struct dirent *e; dir && !found && (e = readdir(dir));) {
		char *path = xasprintf("%s%s", folder, e->d_name);
		if (e->d_type == DT_REG && !writable(paths, str_from(path)))
			found = path;
		else
			free(path);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* The caller frees; NULL: nothing protected is there that could be tried. */
static char *forbidden_file(const struct enforce_name *n, int pid)
{
	CLEANUP_FD int paths = policy_table(n, MACHINE_PATHS);
	CLEANUP_FD int bytes = policy_table(n, MACHINE_BYTES);
	char *found = NULL;
	struct image_path_key key;
	struct image_path entry;
	for (void *last = NULL; paths >= 0 && bytes >= 0 && !found && !bpf_map_get_next_key(paths, last, &key); last = &key) {
		if (bpf_map_lookup_elem(paths, &key, &entry) || !(entry.flags & IMAGE_PATH_PROTECT))
			continue;
		CLEANUP_FREE char *text = policy_path(bytes, &entry);
		if (text && text[0] && text[strlen(text) - 1] == '/')
			found = file_below(paths, pid, text);
		else if (text && !writable(paths, str_from(text)))
			found = xstrdup(text);
	}
	return found;
}

/* Addresses for documentation: nobody's. */
static const char *forbidden_address(const struct enforce_name *n)
{
	static const char *const candidates[] = {"192.0.2.1", "198.51.100.1", "203.0.113.1", "240.0.0.1", "127.0.0.1"};
	CLEANUP_FD int net4 = policy_table(n, MACHINE_NET4);
	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
		struct image_net4 key = {.bits = 32};
		struct image_net net;
		inet_pton(AF_INET, candidates[i], key.address);
		if (net4 < 0 || bpf_map_lookup_elem(net4, &key, &net))
			return candidates[i];
	}
	return NULL;
}

/* ---- trying ---- */

struct verifying {
	const struct options *o;
	struct table *rows;
	bool failed;
};

static void add_row(struct verifying *v, const struct enforce_name *n, const char *kind, const char *object,
		    const char *outcome, const char *holds)
{
	table_u64(v->rows, wall_ns());
	table_str(v->rows, str_from(n->workload));
	table_str(v->rows, str_from(n->folder));
	table_str(v->rows, str_from(kind));
	table_str(v->rows, str_from(object));
	table_str(v->rows, str_from(outcome));
	table_str(v->rows, str_from(holds));
}

static int try(struct verifying *v, const struct enforce_name *n, int pid, const struct probe *p, const char *object)
{
	static const char *const kinds[] = {"exec", "file", "connect"};
	enum probe_result got;
	if (!object) {
		add_row(v, n, kinds[p->kind], "", "nothing to try", "unknown");
		return 0;
	}
	int r = probe_run(n->folder, pid, p, &got);
	if (r)
		return r;
	bool held = got == PROBE_REFUSED || got == PROBE_KILLED;
	v->failed |= got == PROBE_ALLOWED;
	add_row(v, n, kinds[p->kind], object, probe_word(got), held ? "yes" : got == PROBE_ALLOWED ? "no" : "unknown");
	return 0;
}

static int verify_one(struct verifying *v, const struct enforce_workload *w, const struct enforce_name *n)
{
	uint32_t judges = ENFORCE_JUDGES(w->word);
	int pid = first_process(n->folder), r = 0;
	if (ENFORCE_MODE(w->word) != ENFORCE_DENY || (w->deadline_ns && w->deadline_ns <= boot_ns())) {
		add_row(v, n, "", "", "only audited", "unknown");
		return 0;
	}
	CLEANUP_FREE char *file = judges & IMAGE_JUDGES_FILE ? forbidden_file(n, pid) : NULL;
	const char *address = forbidden_address(n);
	if (judges & IMAGE_JUDGES_EXEC)
		r = try(v, n, pid, &(struct probe){.kind = ENFORCE_EXEC}, "memfd:stakeout-probe");
	if (!r && (judges & IMAGE_JUDGES_FILE))
		r = try(v, n, pid, &(struct probe){.kind = ENFORCE_FILE, .file = file}, file);
	if (!r && (judges & IMAGE_JUDGES_CONNECT))
		r = try(v, n, pid, &(struct probe){.kind = ENFORCE_CONNECT, .address = address, .port = 9}, address);
	return r;
}

/* Calls that nobody was asked about; of the host, not of a workload. */
static void add_holes(struct verifying *v, const struct machine *m)
{
	static const struct enforce_name host = {.workload = "host"};
	CLEANUP_HOLES struct holes h = {0};
	holes_find(m, &h);
	for (size_t i = 0; i < h.n; i++) {
		CLEANUP_BUF struct buf b = BUF_INIT;
		hole_print(&h.v[i], m, &b);
		buf_add(&b, "", 1);
		add_row(v, &host, "hook", h.v[i].hook, b.p, "unknown");
	}
	uint64_t shortages[ENFORCE_LOSSES];
	shortages_read(m, shortages);
	if (!shortages[ENFORCE_LOSS_CGROUP])
		return;
	CLEANUP_FREE char *text = xasprintf("%llu new cgroups found the table full and are under no policy",
					    (unsigned long long)shortages[ENFORCE_LOSS_CGROUP]);
	add_row(v, &host, "cgroup", "", text, "unknown");
}

static int verify_all(struct verifying *v, const struct cli_args *args, struct diag *d, size_t *ret_workloads)
{
	CLEANUP(machine_close) struct machine *m = NULL;
	int r = machine_find(v->o->bpffs, d, &m);
	*ret_workloads = 0;
	for (uint32_t i = 0; m && i < NUMBER_SELF_TEST && !r; i++) {
		struct enforce_name name;
		if (!workload_name(m, i, &name) || !is_named(&name, args->v, args->n) || access(name.folder, F_OK))
			continue;
		++*ret_workloads;
		r = verify_one(v, &m->workloads[i], &name);
		if (r)
			diag_error(d, name.folder, "nothing can be tried there: %s", strerror(-r));
	}
	if (m && !r)
		add_holes(v, m);
	return r;
}

static int round_once(struct verifying *v, const struct cli_args *args, struct diag *d)
{
	size_t workloads;
	v->rows = table_new(columns, ARRAY_SIZE(columns));
	int r = verify_all(v, args, d, &workloads);
	if (!r && !workloads)
		r = diag_error(d, args->n ? args->v[0] : NULL, "nothing is in force%s", args->n ? " under this name" : "");
	if (table_rows(v->rows))
		table_print(v->rows, v->o->json ? TABLE_JSON : TABLE_PLAIN, stdout);
	fflush(stdout);
	table_free(v->rows);
	return r;
}

static int run(const struct options *o, const struct cli_args *args, struct diag *d, bool *ret_failed)
{
	struct verifying v = {.o = o};
	int r = check_rights(d);
	while (!r && !stop) {
		r = round_once(&v, args, d);
		if (!o->interval_ns)
			break;
		for (uint64_t until = boot_ns() + o->interval_ns; !r && !stop && boot_ns() < until;)
			nanosleep(&(struct timespec){.tv_nsec = 50 * 1000000}, NULL);
	}
	*ret_failed = v.failed;
	return r;
}

int cmd_verify(int argc, char **argv)
{
	struct options o = {.bpffs = BPFFS_DEFAULT};
	struct cli_args args;
	int status;
	bool failed = false;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	status = end(&d, run(&o, &args, &d, &failed));
	return status == EXIT_YES && failed ? EXIT_NO : status;
}
