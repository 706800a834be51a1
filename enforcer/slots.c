/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An update of an outer map returns only after every program that may still see the old content has ended. Updates in a
 * batch wait once, so a thousand policies cost as many grace periods as one.
 */
#include "enforcer/slots.h"

#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>

/* ---- one table ---- */

static uint32_t table_flags(enum image_map t)
{
	const struct image_map_row *row = image_map_row(t);
	return row->flags | (row->type == BPF_MAP_TYPE_ARRAY ? BPF_F_INNER_MAP : 0);
}

/* Keys and values lie side by side in the image; the kernel wants them apart. */
static int fill_table(int fd, const struct image *i, enum image_map t)
{
	uint32_t n = i->map[t].n, key_size = image_map_row(t)->key_size, value_size = image_map_row(t)->value_size;
	CLEANUP_FREE uint8_t *keys = xreallocarray(NULL, n, key_size);
	CLEANUP_FREE uint8_t *values = xreallocarray(NULL, n, value_size);
	for (uint32_t k = 0; k < n; k++) {
		const uint8_t *entry = image_entry(i, t, k);
		bool array = image_key_size(t) == 0;
		memcpy(keys + (size_t)k * key_size, array ? (const void *)&k : entry, key_size);
		memcpy(values + (size_t)k * value_size, entry + image_key_size(t), value_size);
	}
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint32_t count = n;
	if (!bpf_map_update_batch(fd, keys, values, &count, &opts))
		return 0;
	for (uint32_t k = 0; k < n; k++)    /* a kind of map that takes no batches */
		if (bpf_map_update_elem(fd, keys + (size_t)k * key_size, values + (size_t)k * value_size, BPF_ANY))
			return -errno;
	return 0;
}

static int make_table(const struct image *i, enum image_map t, int *ret)
{
	const struct image_map_row *row = image_map_row(t);
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = table_flags(t));
	*ret = bpf_map_create((enum bpf_map_type)row->type, row->name, row->key_size, row->value_size, i->map[t].n, &opts);
	if (*ret < 0)
		return -errno;
	int r = fill_table(*ret, i, t);
	return r ? r : bpf_map_freeze(*ret) ? -errno : 0;
}

static int make_hits(const char *name, uint32_t n, int *ret)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_INNER_MAP);
	*ret = bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(uint32_t), sizeof(uint64_t), n, &opts);
	return *ret < 0 ? -errno : 0;
}

/* ---- one image ---- */

uint32_t image_needs(const struct image *i)
{
	const struct image_settings *s = image_settings_of(i);
	return s->judges | NEED_GUARD(s->guards);
}

static int make_tables(const struct image *i, struct diag *d, struct filled *f)
{
	int r = 0;
	enum image_map t = IMAGE_MAP_SETTINGS;
	for (; t < IMAGE_MAP_COUNT && !r; t++)
		if (t != IMAGE_MAP_SETTINGS && i->map[t].n)
			r = make_table(i, t, &f->tables[t]);
	if (!r)
		r = make_hits("path_hits", i->map[IMAGE_MAP_PATHS].n + 1, &f->tables[MACHINE_PATH_HITS]);
	if (!r && i->map[IMAGE_MAP_PORTS].n)
		r = make_hits("port_hits", i->map[IMAGE_MAP_PORTS].n, &f->tables[MACHINE_PORT_HITS]);
	if (r)
		diag_error(d, NULL, "the policy " STR_FMT " does not fit into the kernel (%s): %s", STR_ARG(i->name),
			   t > IMAGE_MAP_SETTINGS && t <= IMAGE_MAP_COUNT ? image_map_row(t - 1)->name : "hits", strerror(-r));
	return r;
}

struct filled *slots_new(size_t n)
{
	struct filled *v = xcalloc(n, sizeof(*v));
	for (size_t k = 0; k < n; k++)
		for (size_t t = 0; t < MACHINE_TABLES; t++)
			v[k].tables[t] = -1;
	return v;
}

void slots_close(struct filled *f, size_t n)
{
	for (size_t k = 0; k < n; k++)
		for (size_t t = 0; t < MACHINE_TABLES; t++)
			cleanup_fd(&f[k].tables[t]);
}

/* ---- places ---- */

static bool *slots_used(const struct machine *m)
{
	bool *used = xcalloc(ENFORCE_SLOTS, sizeof(*used));
	for (size_t i = 0; i < ENFORCE_WORKLOADS; i++) {
		uint64_t word = __atomic_load_n(&m->workloads[i].word, __ATOMIC_RELAXED);
		if (word && ENFORCE_SLOT(word) < ENFORCE_SLOTS)
			used[ENFORCE_SLOT(word)] = true;
	}
	return used;
}

static int choose_slots(const struct machine *m, size_t n, struct diag *d, struct filled *ret)
{
	CLEANUP_FREE bool *used = slots_used(m);
	uint32_t next = 0;
	for (size_t k = 0; k < n; k++, next++) {
		while (next < ENFORCE_SLOTS && used[next])
			next++;
		if (next == ENFORCE_SLOTS) {
			diag_error(d, NULL, "%d policies are in force, the most there can be: release some", ENFORCE_SLOTS);
			return -ENOSPC;
		}
		ret[k].slot = next;
	}
	return 0;
}

/* All tables of one kind at once. */
static int put_tables(const struct machine *m, enum machine_map t, const struct filled *v, size_t n)
{
	CLEANUP_FREE uint32_t *slots = xcalloc(n, sizeof(*slots));
	CLEANUP_FREE int *fds = xcalloc(n, sizeof(*fds));
	uint32_t count = 0;
	for (size_t k = 0; k < n; k++) {
		if (v[k].tables[t] < 0)
			continue;
		slots[count] = v[k].slot;
		fds[count++] = v[k].tables[t];
	}
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint32_t done = count;
	if (!count || !bpf_map_update_batch(m->maps[t], slots, fds, &done, &opts))
		return 0;
	for (uint32_t k = 0; k < count; k++)
		if (bpf_map_update_elem(m->maps[t], &slots[k], &fds[k], BPF_ANY))
			return -errno;
	return 0;
}

/* Taking out what is there; a free slot may hold what a killed run left. */
static int empty_slot(const struct machine *m, uint32_t slot)
{
	for (size_t t = 0; t < MACHINE_TABLES; t++) {
		uint32_t id;
		if (m->maps[t] < 0 || bpf_map_lookup_elem(m->maps[t], &slot, &id))
			continue;
		if (bpf_map_delete_elem(m->maps[t], &slot) && errno != ENOENT)
			return -errno;
	}
	return 0;
}

int slots_fill(struct machine *m, struct image *const *images, size_t n, struct diag *d, struct filled *ret)
{
	int r = choose_slots(m, n, d, ret);
	for (size_t k = 0; k < n && !r; k++)
		r = make_tables(images[k], d, &ret[k]);
	if (r)
		return r;
	for (size_t k = 0; k < n && !r; k++)
		r = empty_slot(m, ret[k].slot);
	for (size_t t = 0; t < MACHINE_TABLES && !r; t++)
		if (m->maps[t] >= 0)
			r = put_tables(m, t, ret, n);
	if (r) {
		diag_error(d, NULL, "cannot put the policies in place: %s", strerror(-r));
		for (size_t k = 0; k < n; k++)
			empty_slot(m, ret[k].slot);
	}
	return r;
}

/* Any update of an outer map waits for the programs that run now. */
static int wait_for_programs(const struct machine *m, const bool *used)
{
	for (uint32_t slot = 0; slot < ENFORCE_SLOTS; slot++) {
		if (!used[slot])
			continue;
		int fd = slot_table(m, slot, MACHINE_PATH_HITS);
		int r = fd < 0 ? fd : bpf_map_update_elem(m->maps[MACHINE_PATH_HITS], &slot, &fd, BPF_ANY) ? -errno : 0;
		cleanup_fd(&fd);
		return r;
	}
	return 0;
}

int slots_sweep(struct machine *m, struct diag *d)
{
	CLEANUP_FREE bool *used = slots_used(m);
	int r = wait_for_programs(m, used);
	for (uint32_t slot = 0; slot < ENFORCE_SLOTS && !r; slot++) {
		uint32_t id;
		if (!used[slot] && !bpf_map_lookup_elem(m->maps[MACHINE_PATH_HITS], &slot, &id))
			r = empty_slot(m, slot);
	}
	if (r)
		diag_error(d, NULL, "replaced policies cannot be cleared away, though they are out of use: %s", strerror(-r));
	return r;
}

/* ---- looking ---- */

int slot_table(const struct machine *m, uint32_t slot, enum machine_map table)
{
	uint32_t id;
	if (m->maps[table] < 0 || bpf_map_lookup_elem(m->maps[table], &slot, &id))
		return -ENOENT;
	int fd = bpf_map_get_fd_by_id(id);
	return fd < 0 ? -errno : fd;
}

static uint64_t map_memory(int fd)
{
	uint64_t bytes = 0;
	char line[128];
	CLEANUP_FREE char *path = xasprintf("/proc/self/fdinfo/%d", fd);
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "memlock:", 8))
			bytes = strtoull(line + 8, NULL, 10);
	if (f)
		fclose(f);
	return bytes;
}

uint64_t slot_memory(const struct machine *m, uint32_t slot)
{
	uint64_t sum = 0;
	for (size_t t = 0; t < MACHINE_TABLES; t++) {
		CLEANUP_FD int fd = slot_table(m, slot, t);
		sum += fd >= 0 ? map_memory(fd) : 0;
	}
	return sum;
}
