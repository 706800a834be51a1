/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy of the test forbids all: no program may start, everything is protected, no address is allowed. It goes
 * through the same slots, table and programs as any other.
 */
#include "enforcer/selftest.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "enforcer/probe.h"
#include "enforcer/slots.h"
#include "enforcer/table.h"

#define FOLDER "stakeout-self-test-%d"

/* Everything below "/" is protected. */
struct forbidding {
	struct image image;
	struct image_settings settings;
	struct { struct image_path_key key; struct image_path path; } path;
	struct image_chunk bytes;
};

static void forbid(struct forbidding *f, uint32_t needs)
{
	struct str root = STR("/");
	memset(f, 0, sizeof(*f));
	f->settings = (struct image_settings){.judges = needs & 0xff, .enforce = 1, .paths = 1};
	f->path.key = image_path_key(root);
	f->path.path = (struct image_path){.id = 1, .length = 1, .flags = IMAGE_PATH_PROTECT};
	image_path_chunk(root, 0, &f->bytes);
	f->image.name = STR("self-test");
	f->image.map[IMAGE_MAP_SETTINGS] = (struct image_table){(const uint8_t *)&f->settings, 1};
	f->image.map[IMAGE_MAP_PATHS] = (struct image_table){(const uint8_t *)&f->path, 1};
	f->image.map[IMAGE_MAP_BYTES] = (struct image_table){(const uint8_t *)&f->bytes, 1};
}

static int judge_result(const struct machine *m, const struct probe *p, enum probe_result got, struct diag *d)
{
	static const char *const acts[] = {"started a program", "opened a file for writing", "connected"};
	if (got == PROBE_REFUSED || got == PROBE_KILLED)
		return 0;
	if (got == PROBE_FAILED)
		diag_error(d, NULL, "back end %s: the self-test could not be done", backend_name(m->backend));
	else
		diag_error(d, NULL, "back end %s: a test process %s although it was forbidden: this kernel loads the programs and does "
			   "not ask them", backend_name(m->backend), acts[p->kind]);
	return -ENOTSUP;
}

static int try_all(struct machine *m, const struct group *g, uint32_t needs, struct diag *d)
{
	const struct probe probes[] = {
		{.kind = ENFORCE_EXEC}, {.kind = ENFORCE_FILE, .file = "/dev/null"},
		{.kind = ENFORCE_CONNECT, .address = "127.0.0.1", .port = 9},
	};
	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		enum probe_result got;
		if (!(needs & 1u << probes[i].kind))
			continue;
		int r = probe_run(g->folder, 0, &probes[i], &got);
		if (r)
			diag_error(d, g->folder, "the self-test could not be done: %s", strerror(-r));
		else
			r = judge_result(m, &probes[i], got, d);
		if (r)
			return r;
	}
	return 0;
}

static int test_in(struct machine *m, const struct group *g, uint32_t needs, struct diag *d)
{
	struct forbidding f;
	CLEANUP_FREE struct filled *filled = slots_new(1);
	struct enforce_name name = {.cgroup = g->id};
	uint32_t number;
	snprintf(name.folder, sizeof(name.folder), "%s", g->folder);
	forbid(&f, needs);
	int r = slots_fill(m, &(struct image *){&f.image}, 1, d, filled);
	if (r)
		return r;
	struct assignment a = {.self_test = true, .slot = filled->slot, .mode = ENFORCE_DENY, .needs = needs, .name = &name};
	CLEANUP_FD int fd = open(g->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 ? -errno : needs & IMAGE_JUDGES_CONNECT ? machine_connect(m, fd, g->id, d) : 0;
	if (!r)
		r = workload_assign(m, g, &a, d, &number);
	if (r)
		return r;
	r = try_all(m, g, needs, d);
	workload_release(m, number, d);
	return r;
}

void selftest_sweep(void)
{
	CLEANUP_FREE char *mount = cgroup_mount(false);
	DIR *dir = mount ? opendir(mount) : NULL;
	for (struct dirent *e; dir && (e = readdir(dir));) {
		int pid = 0;
		CLEANUP_FREE char *folder = xasprintf("%s/%s", mount, e->d_name);
		if (sscanf(e->d_name, FOLDER, &pid) == 1 && pid > 0 && kill(pid, 0) && errno == ESRCH)
			rmdir(folder);
	}
	if (dir)
		closedir(dir);
}

int selftest(struct machine *m, uint32_t needs, struct diag *d)
{
	struct stat st;
	CLEANUP_FREE char *mount = cgroup_mount(false);
	CLEANUP_FREE char *folder = xasprintf("%s/" FOLDER, mount ? mount : "", getpid());
	needs &= IMAGE_JUDGES_EXEC | IMAGE_JUDGES_FILE | IMAGE_JUDGES_CONNECT;
	if (!mount || mkdir(folder, 0700) || stat(folder, &st)) {
		diag_error(d, folder, "cannot make a cgroup for the self-test: %s", mount ? strerror(errno) : "no cgroup v2 is mounted");
		return -ENODEV;
	}
	struct group g = {.folder = folder, .id = st.st_ino};
	int r = test_in(m, &g, needs, d);
	for (int i = 0; rmdir(folder) && errno == EBUSY && i < 100; i++)
		usleep(10000);   /* the child is just being buried */
	return r;
}
