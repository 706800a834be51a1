/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pins and links. Attaching goes by system call: one way for programs just loaded (load.c) and for those found pinned.
 */
#include "enforcer/machine_private.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "enforcer/preempt.h"
#include "enforcer/selftest.h"

/* "fmod_open", and of its copies "fmod_open+1" ... */
static char *pin_name(const struct program *p, size_t copy)
{
	return copy ? xasprintf("%s+%zu", p->name, copy) : xstrdup(p->name);
}

/* ---- the folder ---- */

/* Links first: as long as one pin is left, release can be asked again. */
static int remove_folder(const char *folder)
{
	static const char *const order[] = {"link_", "prog_", "map_", ""};
	int r = 0;
	for (size_t pass = 0; pass < ARRAY_SIZE(order); pass++) {
		DIR *dir = opendir(folder);
		if (!dir)
			return -errno;
		for (struct dirent *e; (e = readdir(dir));) {
			CLEANUP_FREE char *path = xasprintf("%s/%s", folder, e->d_name);
			if (e->d_name[0] != '.' && !strncmp(e->d_name, order[pass], strlen(order[pass])) && unlink(path) && !r)
				r = -errno;
		}
		closedir(dir);
	}
	return rmdir(folder) && !r ? -errno : r;
}

static int check_bpffs(const char *bpffs, struct diag *d)
{
	struct statfs fs;
	if (statfs(bpffs, &fs)) {
		int r = -errno;
		diag_error(d, bpffs, "%s: mount it (mount -t bpf bpf %s) or name another with --bpffs", strerror(-r), bpffs);
		return r;
	}
	if (fs.f_type == BPF_FS_MAGIC)
		return 0;
	diag_error(d, bpffs, "is not a BPF file system: mount one (mount -t bpf bpf %s) or name it with --bpffs", bpffs);
	return -ENODEV;
}

static int lock_base(struct machine *m, struct diag *d)
{
	if (mkdir(m->base, 0700) && errno != EEXIST) {
		int r = -errno;
		diag_error(d, m->base, "cannot be made: %s", strerror(-r));
		return r;
	}
	m->lock = open(m->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->lock < 0 || flock(m->lock, LOCK_EX)) {
		int r = -errno;
		diag_error(d, m->base, "cannot be locked: %s", strerror(-r));
		return r;
	}
	return 0;
}

/* Policies of another layout would stay in force beside ours. */
static int check_layouts(const struct machine *m, struct diag *d)
{
	DIR *dir = opendir(m->base);
	int r = dir ? 0 : -errno;
	for (struct dirent *e; dir && !r && (e = readdir(dir));) {
		if (e->d_name[0] != 'v' || !strcmp(e->d_name, strrchr(m->folder, '/') + 1))
			continue;
		r = -EPROTO;
		diag_error(d, m->base, "holds the policies of another version (%s), which stay in force: release them with "
			   "'stakeout enforce release --all', then apply again", e->d_name);
	}
	if (dir)
		closedir(dir);
	return r;
}

/* What a command that was killed had not put in place yet. */
static void sweep_killed(const struct machine *m)
{
	DIR *dir = opendir(m->base);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		CLEANUP_FREE char *folder = xasprintf("%s/%s", m->base, e->d_name);
		if (!strncmp(e->d_name, "new-", 4))
			remove_folder(folder);
	}
	if (dir)
		closedir(dir);
	selftest_sweep();
}

static struct machine *machine_new(const char *bpffs)
{
	struct machine *m = xcalloc(1, sizeof(*m));
	m->base = xasprintf("%s/stakeout", bpffs);
	m->folder = xasprintf("%s/v%d", m->base, ENFORCE_LAYOUT);
	m->lock = -1;
	for (size_t i = 0; i < MACHINE_MAPS; i++)
		m->maps[i] = -1;
	for (size_t copy = 0; copy < COPIES; copy++)
		for (size_t i = 0; i < PROGRAMS_MAX; i++)
			m->copies[copy].programs[i] = m->copies[copy].links[i] = -1;
	m->preempts = kernel_preempts(m->preemption);
	return m;
}

static void close_fds(int *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		cleanup_fd(&v[i]);
		v[i] = -1;
	}
}

void machine_close(struct machine *m)
{
	if (!m)
		return;
	if (m->workloads)
		munmap(m->workloads, ENFORCE_WORKLOADS * sizeof(*m->workloads));
	close_fds(m->maps, MACHINE_MAPS);
	for (size_t copy = 0; copy < COPIES; copy++) {
		close_fds(m->copies[copy].programs, PROGRAMS_MAX);
		close_fds(m->copies[copy].links, PROGRAMS_MAX);
	}
	for (size_t i = 0; i < m->nconnects; i++)
		close_fds(m->connects[i].links, ARRAY_SIZE(m->connects[i].links));
	free(m->connects);
	cleanup_fd(&m->lock);
	free(m->base);
	free(m->folder);
	free(m);
}

void machine_unlock(struct machine *m)
{
	cleanup_fd(&m->lock);
	m->lock = -1;
}

int machine_map_workloads(struct machine *m, struct diag *d)
{
	void *at = mmap(NULL, ENFORCE_WORKLOADS * sizeof(*m->workloads), PROT_READ | PROT_WRITE, MAP_SHARED,
			m->maps[MACHINE_WORKLOADS], 0);
	if (at == MAP_FAILED) {
		int r = -errno;
		diag_error(d, NULL, "cannot map the table of workloads: %s", strerror(-r));
		return r;
	}
	m->workloads = at;
	return 0;
}

int machine_open(const char *bpffs, struct diag *d, struct machine **ret)
{
	CLEANUP(machine_close) struct machine *m = machine_new(bpffs);
	int r = check_bpffs(bpffs, d);
	if (!r)
		r = lock_base(m, d);
	if (!r)
		sweep_killed(m);
	if (!r)
		r = check_layouts(m, d);
	if (!r)
		*ret = TAKE(m);
	return r;
}

/* ---- found ---- */

static int get_pin(const struct machine *m, const char *kind, const char *name)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s_%s", m->folder, kind, name);
	int fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

static int incomplete(const struct machine *m, const char *kind, const char *name, int err, struct diag *d)
{
	diag_error(d, m->folder, "%s_%s cannot be opened (%s): something else changed this folder; "
		   "'stakeout enforce release --all' removes what is left, then apply again", kind, name, strerror(-err));
	return err;
}

static int get_pins(struct machine *m, struct diag *d)
{
	for (size_t i = 0; i < MACHINE_MAPS; i++) {
		if (!machine_map_names[i])
			continue;
		m->maps[i] = get_pin(m, "map", machine_map_names[i]);
		if (m->maps[i] < 0)
			return incomplete(m, "map", machine_map_names[i], m->maps[i], d);
	}
	struct enforce_state state;
	uint32_t zero = 0;
	if (bpf_map_lookup_elem(m->maps[MACHINE_STATE], &zero, &state))
		return incomplete(m, "map", "state", -errno, d);
	m->backend = (enum enforce_backend)state.backend;
	for (size_t copy = 0; copy < COPIES; copy++)
		for (size_t i = 0; i < nprograms; i++) {
			if (!program_of(&programs[i], m->backend, copy, true))
				continue;
			CLEANUP_FREE char *name = pin_name(&programs[i], copy);
			m->copies[copy].programs[i] = MAX(get_pin(m, "prog", name), -1);
		}
	return 0;
}

int machine_find(const char *bpffs, struct diag *d, struct machine **ret)
{
	CLEANUP(machine_close) struct machine *m = NULL;
	int r = machine_open(bpffs, d, &m);
	if (r)
		return r;
	*ret = NULL;
	if (access(m->folder, F_OK))
		return 0;
	m->pinned = true;
	r = get_pins(m, d);
	if (!r)
		r = machine_map_workloads(m, d);
	if (!r)
		*ret = TAKE(m);
	return r;
}

/* ---- attaching ---- */

static char *link_path(const struct machine *m, const char *name)
{
	return xasprintf("%s/link_%s", m->folder, name);
}

static bool is_attached(const struct machine *m, size_t copy, size_t i)
{
	CLEANUP_FREE char *name = pin_name(&programs[i], copy);
	CLEANUP_FREE char *path = link_path(m, name);
	return m->copies[copy].links[i] >= 0 || (m->pinned && !access(path, F_OK));
}

static int told_pin(const char *path, struct diag *d)
{
	int r = -errno;
	diag_error(d, path, "cannot be pinned: %s%s", strerror(-r),
		   r == -ENOSPC || r == -ENOMEM ? "; the BPF file system is full" : "");
	return r;
}

static int pin(const char *folder, const char *kind, const char *name, int fd, struct diag *d)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s_%s", folder, kind, name);
	return fd < 0 || !bpf_obj_pin(fd, path) || errno == EEXIST ? 0 : told_pin(path, d);
}

static int attach_one(struct machine *m, size_t copy, size_t i, struct diag *d)
{
	CLEANUP_FREE char *name = pin_name(&programs[i], copy);
	int fd = bpf_raw_tracepoint_open(NULL, m->copies[copy].programs[i]);
	if (fd < 0) {
		int r = -errno;
		diag_error(d, NULL, "back end %s: %s cannot be attached: %s", backend_name(m->backend), programs[i].name,
			   strerror(-r));
		return r;
	}
	m->copies[copy].links[i] = fd;
	return m->pinned ? pin(m->folder, "link", name, fd, d) : 0;
}

int machine_attach(struct machine *m, uint32_t needs, struct diag *d)
{
	for (size_t copy = 0; copy < COPIES; copy++)
		for (size_t i = 0; i < nprograms; i++) {
			const struct program *p = &programs[i];
			if (!(p->need & (needs | NEED_ALWAYS)) || p->cgroup || m->copies[copy].programs[i] < 0 ||
			    is_attached(m, copy, i))
				continue;
			int r = attach_one(m, copy, i, d);
			if (r)
				return r;
		}
	return 0;
}

static char *connect_name(const struct program *p, uint64_t cgroup)
{
	return xasprintf("%s@%llu", p->name, (unsigned long long)cgroup);
}

#define LINK_PINNED (-2)      /* made in this run; its pin keeps it */

static int connect_one(struct machine *m, struct machine_connect *c, size_t k, int cgroup_fd, struct diag *d)
{
	const struct program *p = &programs[program_number("connect_4") + k];
	CLEANUP_FREE char *name = connect_name(p, c->cgroup);
	CLEANUP_FREE char *path = link_path(m, name);
	if (m->pinned && !access(path, F_OK))
		return 0;
	c->links[k] = bpf_link_create(m->copies[0].programs[p - programs], cgroup_fd, p->cgroup, NULL);
	if (c->links[k] < 0) {
		int r = -errno;
		diag_error(d, NULL, "%s cannot be attached to the cgroup: %s", p->name, strerror(-r));
		return r;
	}
	int r = m->pinned ? pin(m->folder, "link", name, c->links[k], d) : 0;
	if (!m->pinned)
		return r;
	close(c->links[k]);      /* there may be thousands of cgroups */
	c->links[k] = r ? -1 : LINK_PINNED;
	return r;
}

int machine_connect(struct machine *m, int cgroup_fd, uint64_t cgroup, struct diag *d)
{
	for (size_t i = 0; i < m->nconnects; i++)
		if (m->connects[i].cgroup == cgroup)
			return 0;
	if (m->nconnects == m->connects_cap)
		m->connects = vec_grow(m->connects, &m->connects_cap, sizeof(*m->connects));
	struct machine_connect *c = &m->connects[m->nconnects++];
	*c = (struct machine_connect){.cgroup = cgroup};
	memset(c->links, 0xff, sizeof(c->links));   /* -1: none yet */
	int r = 0;
	for (size_t k = 0; k < ARRAY_SIZE(c->links) && !r; k++)
		r = connect_one(m, c, k, cgroup_fd, d);
	return r;
}

static void unpin_connect(const struct machine *m, const struct program *p, uint64_t cgroup)
{
	CLEANUP_FREE char *name = connect_name(p, cgroup);
	CLEANUP_FREE char *path = link_path(m, name);
	unlink(path);
}

void machine_disconnect(struct machine *m, uint64_t cgroup)
{
	for (size_t i = 0; i < nprograms; i++)
		if (programs[i].cgroup)
			unpin_connect(m, &programs[i], cgroup);
	for (size_t i = 0; i < m->nconnects; i++)
		if (m->connects[i].cgroup == cgroup)
			close_fds(m->connects[i].links, ARRAY_SIZE(m->connects[i].links));
}

/* What was there before this run stays. */
static void undo_connect(const struct machine *m, struct machine_connect *c)
{
	size_t first = program_number("connect_4");
	for (size_t k = 0; k < ARRAY_SIZE(c->links); k++)
		if (c->links[k] != -1)
			unpin_connect(m, &programs[first + k], c->cgroup);
	close_fds(c->links, ARRAY_SIZE(c->links));
}

void machine_undo(struct machine *m)
{
	if (m->fresh)
		remove_folder(m->folder);
	for (size_t copy = 0; copy < COPIES; copy++)
		for (size_t i = 0; i < nprograms; i++) {
			if (m->copies[copy].links[i] < 0)
				continue;
			CLEANUP_FREE char *name = pin_name(&programs[i], copy);
			CLEANUP_FREE char *path = link_path(m, name);
			if (m->pinned)
				unlink(path);
			close_fds(&m->copies[copy].links[i], 1);
		}
	for (size_t i = 0; i < m->nconnects; i++)
		undo_connect(m, &m->connects[i]);
}

uint32_t machine_unserved(enum enforce_backend b, uint32_t needs)
{
	uint32_t served = 0;
	for (size_t i = 0; i < nprograms; i++)
		served |= program_of(&programs[i], b, 0, false) ? programs[i].need : 0;
	return needs & ~served;
}

bool machine_knows_caller(const struct machine *m)
{
	return m->backend != ENFORCE_BACKEND_SIGNAL || m->copies[0].programs[program_number("signal_exec")] >= 0;
}

/* ---- pinning ---- */

int machine_pin_copy(const struct machine *m, const char *folder, size_t copy, struct diag *d)
{
	int r = 0;
	for (size_t i = 0; i < nprograms && !r; i++) {
		CLEANUP_FREE char *name = pin_name(&programs[i], copy);
		r = pin(folder, "prog", name, m->copies[copy].programs[i], d);
		if (!r)
			r = pin(folder, "link", name, m->copies[copy].links[i], d);
	}
	return r;
}

static int pin_all(const struct machine *m, const char *folder, struct diag *d)
{
	int r = 0;
	for (size_t i = 0; i < MACHINE_MAPS && !r; i++)
		if (machine_map_names[i])
			r = pin(folder, "map", machine_map_names[i], m->maps[i], d);
	for (size_t copy = 0; copy < COPIES && !r; copy++)
		r = machine_pin_copy(m, folder, copy, d);
	size_t first = program_number("connect_4");
	for (size_t i = 0; i < m->nconnects; i++)
		for (size_t k = 0; k < ARRAY_SIZE(m->connects[i].links) && !r; k++) {
			CLEANUP_FREE char *name = connect_name(&programs[first + k], m->connects[i].cgroup);
			r = pin(folder, "link", name, m->connects[i].links[k], d);
		}
	return r;
}

int machine_pin(struct machine *m, struct diag *d)
{
	if (m->pinned)
		return 0;
	CLEANUP_FREE char *new = xasprintf("%s/new-%d", m->base, getpid());
	int r = mkdir(new, 0700) ? -errno : 0;
	if (r)
		diag_error(d, new, "cannot be made: %s", strerror(-r));
	else
		r = pin_all(m, new, d);
	if (!r && rename(new, m->folder)) {
		r = -errno;
		diag_error(d, m->folder, "cannot be put in place: %s", strerror(-r));
	}
	if (r)
		remove_folder(new);
	m->pinned = m->fresh = !r;
	return r;
}

int machine_remove(struct machine *m, struct diag *d)
{
	int r = remove_folder(m->folder);
	if (r)
		diag_error(d, m->folder, "cannot be removed: %s", strerror(-r));
	else
		rmdir(m->base);
	return r;
}

int machine_remove_all(const char *bpffs, struct diag *d)
{
	CLEANUP(machine_close) struct machine *m = machine_new(bpffs);
	int r = check_bpffs(bpffs, d);
	if (r || access(m->base, F_OK))
		return r;
	r = lock_base(m, d);
	DIR *dir = r ? NULL : opendir(m->base);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		if (e->d_name[0] == '.')
			continue;
		CLEANUP_FREE char *folder = xasprintf("%s/%s", m->base, e->d_name);
		int err = remove_folder(folder);
		if (err && !r) {
			r = err;
			diag_error(d, folder, "cannot be removed: %s", strerror(-err));
		}
	}
	if (dir)
		closedir(dir);
	if (!r)
		rmdir(m->base);
	return r;
}

/* ---- what the kernel left out ---- */

static uint64_t left_out(int fd)
{
	struct bpf_prog_info info = {0};
	uint32_t n = sizeof(info);
	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &n) ? 0 : info.recursion_misses;
}

/* A call that no copy judged was left out by each, so by the one that left out least. The exec that a tracepoint sees is a copy. */
uint64_t machine_unjudged(const struct machine *m, size_t program)
{
	uint64_t least = UINT64_MAX;
	bool backed = m->backend == ENFORCE_BACKEND_FMOD_RET && programs[program].need == IMAGE_JUDGES_EXEC;
	for (size_t copy = 0; copy < COPIES; copy++)
		for (size_t i = 0; i < nprograms; i++)
			if ((i == program || (backed && programs[i].need == IMAGE_JUDGES_EXEC)) && is_attached(m, copy, i))
				least = MIN(least, left_out(m->copies[copy].programs[i]));
	return least == UINT64_MAX ? 0 : least;
}

bool machine_backed(const struct machine *m, size_t program)
{
	if (!program_of(&programs[program], m->backend, 0, false) || !is_attached(m, 0, program))
		return true;
	for (size_t copy = 1; copy < COPIES; copy++)
		if (program_of(&programs[program], m->backend, copy, m->preempts) && !is_attached(m, copy, program))
			return false;
	return true;
}
