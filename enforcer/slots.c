/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every call on an outer map that may change it, and on some kernels every look into it, returns only after the programs that
 * run now have ended. So the tables of all policies go in by one batch for each kind, what is where is kept in a map that user
 * space shares, and tables are taken out by putting empty ones in their place.
 */
#include "enforcer/slots.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/resource.h>
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

/* Those that are not the image's. */
static int make_own(enum machine_map t, uint32_t n, int *ret)
{
	bool filter = t == MACHINE_FILTERS;
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = filter ? BPF_F_RDONLY_PROG : BPF_F_INNER_MAP);
	uint32_t size = filter ? sizeof(struct enforce_filter) : sizeof(struct enforce_hits);
	*ret = bpf_map_create(BPF_MAP_TYPE_ARRAY, machine_map_names[t], sizeof(uint32_t), size, n, &opts);
	return *ret < 0 ? -errno : 0;
}

static int make_filter(const struct image *i, int *ret)
{
	struct enforce_filter f = {0};
	uint32_t zero = 0;
	if (getrandom(&f.policy, sizeof(f.policy), 0) != sizeof(f.policy))
		return -EIO;
	for (uint32_t k = 0; k < i->map[IMAGE_MAP_PATHS].n; k++) {
		struct image_path_key key;
		struct image_path path;
		const uint8_t *entry = image_entry(i, IMAGE_MAP_PATHS, k);
		memcpy(&key, entry, sizeof(key));
		memcpy(&path, entry + sizeof(key), sizeof(path));
		uint32_t bit = enforce_filter_bit(key.hash[0]);
		f.bits[bit / 64] |= 1ull << bit % 64;
		f.lengths |= 1ull << path.length % 64;
		f.longest = MAX(f.longest, path.length);
	}
	int r = make_own(MACHINE_FILTERS, 1, ret);
	if (!r && (bpf_map_update_elem(*ret, &zero, &f, 0) || bpf_map_freeze(*ret)))
		r = -errno;
	return r;
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
		r = make_own(MACHINE_PATH_HITS, ENFORCE_HITS_PATHS + i->map[IMAGE_MAP_PATHS].n + 1, &f->tables[MACHINE_PATH_HITS]);
	if (!r && i->map[IMAGE_MAP_PORTS].n)
		r = make_own(MACHINE_PORT_HITS, i->map[IMAGE_MAP_PORTS].n, &f->tables[MACHINE_PORT_HITS]);
	if (!r && i->map[IMAGE_MAP_PATHS].n)
		r = make_filter(i, &f->tables[MACHINE_FILTERS]);
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

static void close_tables(struct filled *f, size_t n)
{
	for (size_t k = 0; k < n; k++)
		for (size_t t = 0; t < MACHINE_TABLES; t++) {
			cleanup_fd(&f[k].tables[t]);
			f[k].tables[t] = -1;
		}
}

/* ---- places ---- */

/* Holds nothing: for waiting. */
#define SLOT_NOBODYS (ENFORCE_SLOTS - 1)

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


static bool *slots_used(const struct machine *m)
{
	bool *used = xcalloc(ENFORCE_SLOTS, sizeof(*used));
	used[SLOT_NOBODYS] = true;
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
			diag_error(d, NULL, "%zu policies are to come and there is room for %zu beside those in force (%d in all): apply them "
				   "in parts, or release some", n, k, ENFORCE_SLOTS - 1);
			return -ENOSPC;
		}
		ret[k].slot = next;
	}
	return 0;
}

static int make_empty(enum machine_map t, int *ret)
{
	if (t >= MACHINE_PATH_HITS)
		return make_own(t, 1, ret);
	const struct image_map_row *row = image_map_row((enum image_map)t);
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = table_flags((enum image_map)t));
	*ret = bpf_map_create((enum bpf_map_type)row->type, row->name, row->key_size, row->value_size, 1, &opts);
	return *ret < 0 ? -errno : 0;
}

struct putting {
	pthread_t thread;
	int outer;
	const uint32_t *slots;
	const int *fds;
	uint32_t n;
	int r;
};

static void *put_some(void *arg)
{
	struct putting *p = arg;
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint32_t done = p->n;
	if (!bpf_map_update_batch(p->outer, p->slots, p->fds, &done, &opts))
		return NULL;
	for (uint32_t k = 0; k < p->n && !p->r; k++)
		if (bpf_map_update_elem(p->outer, &p->slots[k], &p->fds[k], BPF_ANY))
			p->r = -errno;
	return NULL;
}

/* Kernels before 6.8 wait after each element of a batch: many threads wait for the same end. */
static int put(int outer, const uint32_t *slots, const int *fds, uint32_t n)
{
	enum { THREADS = 64 };
	struct putting v[THREADS];
	uint32_t each = (n + THREADS - 1) / THREADS, count = 0;
	int r = 0;
	for (uint32_t at = 0; at < n; at += each, count++) {
		v[count] = (struct putting){.outer = outer, .slots = slots + at, .fds = fds + at, .n = MIN(each, n - at)};
		bool last = at + each >= n;
		if (last || pthread_create(&v[count].thread, NULL, put_some, &v[count]))
			put_some(&v[count]), v[count].thread = pthread_self();
	}
	for (uint32_t k = 0; k < count; k++) {
		if (!pthread_equal(v[k].thread, pthread_self()))
			pthread_join(v[k].thread, NULL);
		r = r ? r : v[k].r;
	}
	return r;
}

/* The tables of one kind; an empty one where the slot has none now but had. */
static int put_tables(struct machine *m, enum machine_map t, const struct filled *v, size_t n)
{
	CLEANUP_FREE uint32_t *slots = xcalloc(n, sizeof(*slots));
	CLEANUP_FREE int *fds = xcalloc(n, sizeof(*fds));
	CLEANUP_FD int empty = -1;
	uint32_t count = 0;
	for (size_t k = 0; k < n; k++) {
		bool had = m->workloads[v[k].slot].tables >> t & 1;
		int r = v[k].tables[t] < 0 && had && empty < 0 ? make_empty(t, &empty) : 0;
		if (r)
			return r;
		if (v[k].tables[t] < 0 && !had)
			continue;
		slots[count] = v[k].slot;
		fds[count++] = v[k].tables[t] < 0 ? empty : v[k].tables[t];
	}
	return put(m->maps[t], slots, fds, count);
}

static uint64_t table_bits(const struct filled *f)
{
	uint64_t bits = 0;
	for (size_t t = 0; t < MACHINE_TABLES; t++)
		bits |= (uint64_t)(f->tables[t] >= 0) << t;
	return bits;
}

/* All tables of all slots in V; V without tables empties them. */
static int put_slots(struct machine *m, const struct filled *v, size_t n)
{
	int r = 0;
	for (size_t t = 0; t < MACHINE_TABLES && !r; t++)
		if (m->maps[t] >= 0)
			r = put_tables(m, t, v, n);
	for (size_t k = 0; k < n && !r; k++)
		m->workloads[v[k].slot].tables = table_bits(&v[k]);
	return r;
}

static void note_maps(struct filled *f)
{
	for (size_t t = 0; t < MACHINE_TABLES; t++) {
		struct bpf_map_info info = {0};
		uint32_t n = sizeof(info);
		if (f->tables[t] < 0 || bpf_obj_get_info_by_fd(f->tables[t], &info, &n))
			continue;
		f->ids[t] = info.id;
		f->memory += map_memory(f->tables[t]);
	}
}

static int fill_part(struct machine *m, struct image *const *images, size_t n, struct diag *d, struct filled *v)
{
	int r = 0;
	for (size_t k = 0; k < n && !r; k++)
		r = make_tables(images[k], d, &v[k]);
	if (r)
		return r;
	/* Before they are there: whoever comes after a kill shall clear them. */
	for (size_t k = 0; k < n; k++)
		m->workloads[v[k].slot].tables |= table_bits(&v[k]);
	r = put_slots(m, v, n);
	if (r)
		diag_error(d, NULL, "cannot put the policies in place: %s", strerror(-r));
	for (size_t k = 0; k < n && !r; k++)
		note_maps(&v[k]);
	return r;
}

/* As many images as may have all their maps open. */
static size_t part_size(void)
{
	enum { PART_MAX = 1024, OTHERS = 256 };
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files))
		return 1;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur <= OTHERS + MACHINE_TABLES)
		return 1;
	return MIN((files.rlim_cur - OTHERS) / MACHINE_TABLES, (rlim_t)PART_MAX);
}

int slots_fill(struct machine *m, struct image *const *images, size_t n, struct diag *d, struct filled *ret)
{
	int r = choose_slots(m, n, d, ret);
	size_t part = part_size();
	for (size_t at = 0; at < n && !r; at += part) {
		size_t count = MIN(part, n - at);
		r = fill_part(m, images + at, count, d, ret + at);
		close_tables(ret + at, count);
	}
	return r;
}

static int wait_for_programs(struct machine *m)
{
	CLEANUP_FD int empty = -1;
	uint32_t nobodys = SLOT_NOBODYS;
	int r = make_empty(MACHINE_PATH_HITS, &empty);
	return r ? r : put(m->maps[MACHINE_PATH_HITS], &nobodys, &empty, 1);
}

int slots_sweep(struct machine *m, struct diag *d)
{
	CLEANUP_FREE bool *used = slots_used(m);
	CLEANUP_FREE struct filled *v = slots_new(ENFORCE_SLOTS);
	size_t n = 0;
	for (uint32_t slot = 0; slot < ENFORCE_SLOTS; slot++)
		if (!used[slot] && m->workloads[slot].tables)
			v[n++].slot = slot;
	int r = n ? wait_for_programs(m) : 0;
	if (!r && n)
		r = put_slots(m, v, n);
	if (r)
		diag_error(d, NULL, "replaced policies cannot be cleared away, though they are out of use: %s", strerror(-r));
	return r;
}
