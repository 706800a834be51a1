/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel counts the cgroups made while anything is in force; the count is looked at 50 times a second, which costs nothing that
 * can be measured. To be woken instead would need a ring of its own.
 */
#include "enforcer/follow.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "enforcer/table.h"

#define LOOK_NS 20000000

static const uint64_t steps[] = {50000000, 150000000, 400000000, 1000000000, 3000000000};   /* after the last was made */

void follow_init(struct follow *f)
{
	*f = (struct follow){.state = -1, .cgroups = -1, .step = ARRAY_SIZE(steps)};
}

void follow_done(struct follow *f)
{
	cleanup_fd(&f->state);
	cleanup_fd(&f->cgroups);
	f->state = f->cgroups = -1;
}

static uint64_t made_now(const struct follow *f)
{
	struct enforce_state state;
	uint32_t zero = 0;
	return f->state < 0 || bpf_map_lookup_elem(f->state, &zero, &state) ? f->made : state.made;
}

void follow_applied(struct follow *f, const struct machine *m)
{
	f->applied_ns = boot_ns();
	if (!m)
		return;
	bool first = f->state < 0;
	follow_done(f);
	f->state = machine_knows_caller(m) ? fcntl(m->maps[MACHINE_STATE], F_DUPFD_CLOEXEC, 3) : -1;
	f->cgroups = fcntl(m->maps[MACHINE_CGROUPS], F_DUPFD_CLOEXEC, 3);
	if (first)
		f->made = made_now(f);
}

bool follow_is_due(const struct follow *f)
{
	return boot_ns() - f->applied_ns >= (f->cgroups < 0 ? FOLLOW_AGAIN_NS / 15 : FOLLOW_AGAIN_NS);
}

void follow_wait(struct follow *f)
{
	for (;;) {
		const struct timespec look = {.tv_nsec = LOOK_NS};
		nanosleep(&look, NULL);
		uint64_t made = made_now(f), now = boot_ns();
		if (made != f->made) {
			f->made = made;
			f->changed_ns = now;
			f->step = 0;
			return;
		}
		if (f->step < ARRAY_SIZE(steps) && now - f->changed_ns >= steps[f->step]) {
			f->step++;
			return;
		}
		if (follow_is_due(f))
			return;
	}
}

bool follow_is_early(struct follow *f)
{
	if (f->cgroups >= 0 || !f->applied_ns)
		return false;
	if (!f->found_ns)
		f->found_ns = boot_ns();
	return boot_ns() - f->found_ns < FOLLOW_FIRST_NS;
}

bool follow_covers(const struct follow *f, uint64_t cgroup)
{
	uint32_t number;
	return f->cgroups >= 0 && !bpf_map_lookup_elem(f->cgroups, &cgroup, &number);
}
