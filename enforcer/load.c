/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libbpf loads and relocates; after that only descriptors are kept, since a later run has nothing else either. A back end
 * that has copies loads the object once more for each, onto the maps that are there.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "bpf/enforcer.skel.h"
#include "enforcer/machine_private.h"
#include "schema/refusal.h"
#include "schema/symbols.h"

DEFINE_CLEANUP(struct btf *, btf__free)
DEFINE_CLEANUP(struct enforcer_bpf *, enforcer_bpf__destroy)

static struct buf libbpf_log = BUF_INIT;

/* Kept for the error message; libbpf would print pages. */
static int keep_log(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (level == LIBBPF_WARN && libbpf_log.n < 16384)
		buf_vprintf(&libbpf_log, fmt, ap);
	return 0;
}

static bool has_target(const struct btf *kernel, const struct program *p)
{
	if (!p->target)
		return true;
	bool tracepoint = !strncmp(p->target, "btf_trace_", 10);
	return btf__find_by_name_kind(kernel, p->target, tracepoint ? BTF_KIND_TYPEDEF : BTF_KIND_FUNC) > 0;
}

static bool shows_execs_early(const struct btf *kernel)
{
	return btf__find_by_name_kind(kernel, "btf_trace_sched_prepare_exec", BTF_KIND_TYPEDEF) > 0;
}

/* Of the two execs that tracepoints show, the later one only where the earlier is missing, with what it needs. */
static bool superseded(const struct btf *kernel, const struct program *p)
{
	return (!strcmp(p->name, "signal_exec_late") || !strcmp(p->name, "note_exec")) && shows_execs_early(kernel);
}

/* Execs under way. The kernel sets up to 128 free places of such a map apart for each processor. */
static uint32_t callers_max(void)
{
	return 1024 + 128 * (uint32_t)sysconf(_SC_NPROCESSORS_CONF);
}

static int choose(struct machine *m, struct enforcer_bpf *skel, size_t copy, struct diag *d)
{
	CLEANUP(btf__free) struct btf *kernel = btf__load_vmlinux_btf();
	if (!kernel) {
		diag_error(d, "/sys/kernel/btf/vmlinux", "the kernel's types cannot be read (%s): enforcing needs a kernel built with "
			   "CONFIG_DEBUG_INFO_BTF=y", strerror(errno));
		return -ENOTSUP;
	}
	skel->rodata->have_cast = btf__find_by_name_kind(kernel, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
	skel->rodata->is_backup = copy > 0;
	struct kernel_counts counts = kernel_counts();
	skel->rodata->rename_lock_at = counts.renames;
	skel->rodata->mount_lock_at = counts.mounts;
	skel->rodata->vouches = m->backend == ENFORCE_BACKEND_FMOD_RET && !shows_execs_early(kernel);
	if (skel->rodata->vouches)
		bpf_map__set_max_entries(skel->maps.callers, callers_max());
	for (size_t i = 0; i < nprograms; i++) {
		const struct program *p = &programs[i];
		bool here = has_target(kernel, p), wanted = program_of(p, m->backend, copy, m->preempts);
		if (wanted && !here && !p->optional) {
			diag_add(d, DIAG_NOTE, NULL, 0, 0, "back end %s: this kernel has no %s", backend_name(m->backend), p->target);
			return -ENOTSUP;
		}
		bool load = wanted && here && !superseded(kernel, p) && m->copies[copy].programs[i] < 0;
		bpf_program__set_autoload(bpf_object__find_program_by_name(skel->obj, p->name), load);
	}
	return 0;
}

/* Work buffers: programs that are preempted hold theirs, so more where there are many processors. */
static void size_buffers(struct enforcer_bpf *skel)
{
	uint32_t n = 64;
	while (n < 4096 && (long)n < 8 * sysconf(_SC_NPROCESSORS_CONF))
		n *= 2;
	skel->rodata->scratch_count = n;
	bpf_map__set_max_entries(skel->maps.buffers, n);
}

static int own(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

/* All maps but the work buffers and settings are those of the first. */
static int share_maps(const struct machine *m, const struct enforcer_bpf *skel)
{
	for (size_t i = 0; i < MACHINE_MAPS; i++) {
		if (!machine_map_names[i])
			continue;
		int r = bpf_map__reuse_fd(bpf_object__find_map_by_name(skel->obj, machine_map_names[i]), m->maps[i]);
		if (r)
			return r;
	}
	return 0;
}

static int take_maps(struct machine *m, const struct enforcer_bpf *skel)
{
	for (size_t i = 0; i < MACHINE_MAPS; i++) {
		if (!machine_map_names[i])
			continue;
		m->maps[i] = own(bpf_map__fd(bpf_object__find_map_by_name(skel->obj, machine_map_names[i])));
		if (m->maps[i] < 0)
			return -errno;
	}
	return 0;
}

static void take_programs(struct machine *m, const struct enforcer_bpf *skel, size_t copy)
{
	for (size_t i = 0; i < nprograms; i++) {
		int fd = bpf_program__fd(bpf_object__find_program_by_name(skel->obj, programs[i].name));
		if (fd >= 0)
			m->copies[copy].programs[i] = own(fd);
	}
}

static int load_copy(struct machine *m, size_t copy, struct diag *d)
{
	libbpf_set_print(keep_log);
	buf_clear(&libbpf_log);
	CLEANUP(enforcer_bpf__destroy) struct enforcer_bpf *skel = enforcer_bpf__open();
	if (!skel) {
		diag_error(d, NULL, "cannot open the enforcer's programs: %s", strerror(errno));
		return -errno;
	}
	int r = choose(m, skel, copy, d);
	if (r)
		return r;
	size_buffers(skel);
	r = copy ? share_maps(m, skel) : 0;
	if (!r)
		r = enforcer_bpf__load(skel);
	if (r) {
		CLEANUP_FREE char *what = xasprintf("back end %s: this kernel refused the programs", backend_name(m->backend));
		refusal_tell(d, what, "enforcing", "", buf_view(&libbpf_log), -r);
		return r;
	}
	r = copy ? 0 : take_maps(m, skel);
	take_programs(m, skel, copy);
	return r;
}

static int set_state(struct machine *m, struct diag *d)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct enforce_state state = {.backend = m->backend};
	uint32_t zero = 0;
	int r = bpf_map_update_elem(m->maps[MACHINE_STATE], &zero, &state, 0);
	if (!r)
		r = bpf_prog_test_run_opts(m->copies[0].programs[program_number("learn_self")], &opts);
	if (r)
		diag_error(d, NULL, "cannot set up the enforcer's state: %s", strerror(errno));
	return r ? -errno : 0;
}

int machine_back_up(struct machine *m, struct diag *d)
{
	int r = 0;
	for (size_t copy = 1; copy < COPIES && !r; copy++) {
		bool wanted = false, there = false;
		for (size_t i = 0; i < nprograms; i++) {
			if (!program_of(&programs[i], m->backend, copy, m->preempts))
				continue;
			/* Some may be missing for good: this kernel has not got all that there is for an exec. */
			bool exec = programs[i].need == IMAGE_JUDGES_EXEC;
			wanted |= exec;
			there |= exec && m->copies[copy].programs[i] >= 0 &&
				 (!m->preempts || program_of(&programs[i], m->backend, 0, true));
		}
		if (wanted && !there)
			r = load_copy(m, copy, d);
		if (wanted && !there && !r && m->pinned)
			r = machine_pin_copy(m, m->folder, copy, d);
	}
	return r;
}

int machine_load(const char *bpffs, enum enforce_backend b, struct diag *d, struct machine **ret)
{
	CLEANUP(machine_close) struct machine *m = NULL;
	int r = machine_open(bpffs, d, &m);
	if (r)
		return r;
	m->backend = b;
	r = load_copy(m, 0, d);
	if (!r)
		r = machine_map_workloads(m, d);
	if (!r)
		r = set_state(m, d);
	if (!r)
		r = machine_back_up(m, d);
	if (!r)
		*ret = TAKE(m);
	return r;
}
