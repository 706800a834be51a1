/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading, draining, counting. Which programs: recorder/hooks.c. */
#include "recorder/sensor.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "bpf/sensor.skel.h"
#include "recorder/hooks.h"
#include "schema/refusal.h"
#include "schema/symbols.h"

#define RING_BYTES       (4u << 20)
#define RING_BYTES_EVERY (8u << 20)
#define WINDOW_BUCKETS   16384  /* mapped at a time: memory of the kernel, but counted as ours while mapped */

struct sensor {
	struct sensor_bpf *skel;
	struct ring_buffer *ring;
	struct hooks *hooks;
	sensor_record_fn fn;
	void *arg;
	uint64_t malformed;
	size_t ring_bytes, drained;   /* what it holds; since the drain began */
	size_t seen, seen_max;
};

static struct buf libbpf_log = BUF_INIT;

/* Kept for the error message; libbpf would print pages. */
static int keep_log(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (level == LIBBPF_WARN && libbpf_log.n < 4096)
		buf_vprintf(&libbpf_log, fmt, ap);
	return 0;
}

static void refuse(struct diag *d, const char *what, int err)
{
	refusal_tell(d, what, "live recording", "; 'stakeout ingest' works without it", buf_view(&libbpf_log), err);
}

/* ---- what this machine allows ---- */

static uint64_t effective_capabilities(void)
{
	uint64_t caps = 0;
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "CapEff:", 7))
			caps = strtoull(line + 7, NULL, 16);
	fclose(f);
	return caps;
}

static int check_rights(struct diag *d)
{
	static const struct {
		int number;
		const char *name;
	} wanted[] = {{39, "CAP_BPF"}, {38, "CAP_PERFMON"}, {12, "CAP_NET_ADMIN"}};
	uint64_t caps = effective_capabilities();
	CLEANUP_BUF struct buf missing = BUF_INIT;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (!(caps >> wanted[i].number & 1) && !(caps >> 21 & 1))
			buf_printf(&missing, "%s%s", missing.n ? ", " : "", wanted[i].name);
	if (missing.n) {
		diag_error(d, NULL, "live recording needs %s: run it as root, or give the program these capabilities",
			   missing.p);
		return -EPERM;
	}
	if (access("/sys/kernel/btf/vmlinux", R_OK)) {
		diag_error(d, "/sys/kernel/btf/vmlinux", "%s: live recording needs a kernel built with CONFIG_DEBUG_INFO_BTF=y",
			   strerror(errno));
		return -ENOTSUP;
	}
	return 0;
}

/* ---- opening ---- */

/* Our pid as the kernel counts it: inside a pid namespace getpid() would name another process. */
static int learn_self(struct sensor *s)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int fd = bpf_program__fd(s->skel->progs.whoami);
	int r = bpf_prog_test_run_opts(fd, &opts);
	if (r < 0)
		return r;
	s->skel->bss->self_pid = s->skel->bss->whoami_pid;
	return 0;
}

static int handle_record(void *arg, void *data, size_t n)
{
	struct sensor *s = arg;
	const struct wire_header *h = data;
	if (wire_valid(h, n))
		s->fn(s->arg, h);
	else
		s->malformed++;
	s->drained += BPF_RINGBUF_HDR_SZ + n;
	return s->drained >= s->ring_bytes ? -EAGAIN : 0;
}

static uint64_t boot_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

static void size_seen(struct sensor *s, uint32_t wanted)
{
	uint32_t buckets = (wanted ? wanted : WIRE_SEEN_MAX) / WIRE_BUCKET;
	s->seen_max = buckets * WIRE_BUCKET;
	s->skel->rodata->seen_buckets = buckets;
	bpf_map__set_max_entries(s->skel->maps.seen, 2 * buckets);
}

static void set_prefixes(struct sensor *s, const struct sensor_options *o)
{
	for (size_t i = 0; i < o->nprefixes; i++) {
		struct wire_prefix *p = (struct wire_prefix *)(uintptr_t)&s->skel->rodata->prefixes[i];
		struct str text = str_from(o->prefixes[i]);
		p->length = (uint32_t)text.n;
		p->whole = !str_ends(text, STR("/"));
		memcpy(p->text, text.p, text.n);
	}
	s->skel->rodata->prefix_count = (uint32_t)o->nprefixes;
}

static void set_counts(struct sensor *s)
{
	struct kernel_counts counts = kernel_counts();
	s->skel->rodata->rename_lock_at = counts.renames;
	s->skel->rodata->mount_lock_at = counts.mounts;
}

/* Settings that only a choice of hooks gives. */
static int choose(struct sensor *s, const struct sensor_options *o, struct diag *d)
{
	int r = hooks_choose(s->skel->obj, &o->hooks, d, &s->hooks);
	if (r)
		return r;
	s->skel->rodata->have_cast = !o->no_cast && hooks_kernel_has(s->hooks, "bpf_rdonly_cast");
	s->skel->rodata->by_entry = hooks_by_entry(s->hooks);
	set_counts(s);
	s->skel->rodata->want_execs = !o->hooks.kinds || o->hooks.kinds >> KIND_EXEC & 1;
	s->skel->rodata->by_cgroup = o->by_cgroup;
	set_prefixes(s, o);
	hooks_calls(s->hooks, (struct wire_call *)(uintptr_t)s->skel->rodata->calls,
		    (uint8_t *)(uintptr_t)s->skel->rodata->call_rows, (uint8_t *)(uintptr_t)s->skel->rodata->call_known);
	return 0;
}

static int load(struct sensor *s, const struct sensor_options *o, struct diag *d)
{
	s->skel = sensor_bpf__open();
	if (!s->skel)
		return diag_error(d, NULL, "cannot open the sensor's programs: %s", strerror(errno));
	uint32_t ring = o->ring_bytes ? o->ring_bytes : o->every_event ? RING_BYTES_EVERY : RING_BYTES;
	bpf_map__set_max_entries(s->skel->maps.ring, ring);
	s->ring_bytes = ring;
	if (o->tasks_max)
		bpf_map__set_max_entries(s->skel->maps.tasks, o->tasks_max);
	s->skel->rodata->every_event = o->every_event;
	size_seen(s, o->seen_max);
	s->skel->rodata->wakeup_bytes = ring / 8;
	if (getrandom((void *)(uintptr_t)&s->skel->rodata->seed, sizeof(s->skel->rodata->seed), 0) < 0)
		return diag_error(d, NULL, "no random numbers: %s", strerror(errno));
	int r = choose(s, o, d);
	if (r)
		return r;
	r = sensor_bpf__load(s->skel);
	if (r) {
		refuse(d, "this kernel refused the sensor", -r);
		return r;
	}
	s->skel->bss->coarse_now_ns = boot_ns();
	r = learn_self(s);
	if (r) {
		diag_error(d, NULL, "cannot find out the recorder's own process id: %s", strerror(-r));
		return r;
	}
	s->ring = ring_buffer__new(bpf_map__fd(s->skel->maps.ring), handle_record, s, NULL);
	if (!s->ring)
		return diag_error(d, NULL, "cannot map the ring buffer: %s", strerror(errno));
	return 0;
}

int sensor_open(const struct sensor_options *options, struct diag *d, struct sensor **ret)
{
	int r = check_rights(d);
	if (r)
		return r;
	libbpf_set_print(keep_log);
	CLEANUP(sensor_close) struct sensor *s = xcalloc(1, sizeof(*s));
	r = load(s, options, d);
	if (r)
		return r;
	*ret = TAKE(s);
	return 0;
}

void sensor_close(struct sensor *s)
{
	if (!s)
		return;
	hooks_free(s->hooks);
	ring_buffer__free(s->ring);
	sensor_bpf__destroy(s->skel);
	buf_done(&libbpf_log);
	free(s);
}

int sensor_attach(struct sensor *s, struct diag *d)
{
	return hooks_attach(s->hooks, d);
}

const char *sensor_hooks(const struct sensor *s)
{
	return hooks_used(s->hooks);
}

const char *sensor_misses(const struct sensor *s)
{
	return hooks_misses(s->hooks);
}

/* ---- cgroups that nobody wants ---- */

void sensor_unwanted(struct sensor *s, uint64_t cgroup, bool is)
{
	const uint32_t one = 1;
	int fd = bpf_map__fd(s->skel->maps.unwanted);
	if (is)
		bpf_map_update_elem(fd, &cgroup, &one, BPF_ANY);   /* full: user space leaves it out */
	else
		bpf_map_delete_elem(fd, &cgroup);
}

/* ---- reading ---- */

/* No more than the ring can have held at the beginning: under an endless flow it would never come to an end. */
int sensor_drain(struct sensor *s, int timeout_ms, sensor_record_fn fn, void *arg)
{
	s->fn = fn;
	s->arg = arg;
	s->drained = 0;
	s->skel->bss->coarse_now_ns = boot_ns();
	int r = timeout_ms ? ring_buffer__poll(s->ring, timeout_ms) : 0;
	if (r < 0 && r != -EINTR && r != -EAGAIN)
		return r;
	s->skel->bss->coarse_now_ns = boot_ns();
	__atomic_store_n(&s->skel->bss->wakeup_sent, 0, __ATOMIC_RELAXED);
	r = ring_buffer__consume(s->ring);
	return r < 0 && r != -EAGAIN ? r : 0;
}

/* Of a wrapped tick, as seen at NOW_NS. */
static uint64_t tick_ns(uint64_t now_ns, uint32_t tick)
{
	uint64_t now = now_ns >> WIRE_TICK_SHIFT;
	return (now - ((uint32_t)now - tick)) << WIRE_TICK_SHIFT;
}

/* Tells the places of N buckets that are taken; empties them if asked to. Returns how many they were. */
static size_t tell_buckets(struct wire_bucket *b, size_t n, bool empty, sensor_count_fn fn, void *arg)
{
	size_t taken = 0;
	uint64_t now = boot_ns();
	for (struct wire_bucket *end = b + n; b < end; b++) {
		size_t here = 0;
		for (size_t i = 0; i < WIRE_BUCKET; i++) {
			struct wire_seen *v = &b->seen[i];
			uint64_t key = __atomic_load_n(&v->key, __ATOMIC_RELAXED);
			if (!key)
				break;
			here++;
			fn(arg, key, __atomic_load_n(&v->count, __ATOMIC_RELAXED),
			   tick_ns(now, __atomic_load_n(&v->last_tick, __ATOMIC_RELAXED)));
		}
		if (here && empty)
			memset(b, 0, sizeof(*b));
		taken += here;
	}
	return taken;
}

/* One of the two tables, window by window. */
static int tell_table(struct sensor *s, uint32_t table, bool empty, sensor_count_fn fn, void *arg, size_t *ret_taken)
{
	size_t buckets = s->seen_max / WIRE_BUCKET, first = (table & 1) * buckets;
	size_t window = MIN(buckets, WINDOW_BUCKETS), page = (size_t)sysconf(_SC_PAGESIZE), taken = 0;
	for (size_t i = first; i < first + buckets; i += window) {
		size_t start = i * sizeof(struct wire_bucket), skip = start % page;
		size_t bytes = skip + window * sizeof(struct wire_bucket);
		char *at = mmap(NULL, bytes, PROT_READ | (empty ? PROT_WRITE : 0), MAP_SHARED,
				bpf_map__fd(s->skel->maps.seen), (off_t)(start - skip));
		if (at == MAP_FAILED)
			return -errno;
		taken += tell_buckets((struct wire_bucket *)(void *)(at + skip), window, empty, fn, arg);
		munmap(at, bytes);
	}
	*ret_taken = taken;
	return 0;
}

int sensor_counts(struct sensor *s, sensor_count_fn fn, void *arg)
{
	return tell_table(s, s->skel->bss->epoch, false, fn, arg, &s->seen);
}

void sensor_totals(const struct sensor *s, struct sensor_totals *ret)
{
	for (size_t i = 0; i < WIRE_LOSS_COUNT; i++)
		ret->losses[i] = __atomic_load_n(&s->skel->bss->losses[i], __ATOMIC_RELAXED);
	ret->forks = s->skel->bss->count_forks;
	ret->exits = s->skel->bss->count_exits;
	ret->uncounted = s->skel->bss->count_uncounted;
	ret->malformed = s->malformed;
}

#define LOST_BATCH 256

int sensor_lost(const struct sensor *s, sensor_lost_fn fn, void *arg)
{
	int fd = bpf_map__fd(s->skel->maps.lost), r = s->skel->rodata->by_cgroup ? 0 : -ENOENT;
	struct wire_lost keys[LOST_BATCH];
	uint64_t counts[LOST_BATCH];
	struct wire_lost place, *from = NULL;
	while (!r) {
		uint32_t n = LOST_BATCH;
		r = bpf_map_lookup_batch(fd, from, &place, keys, counts, &n, NULL);
		for (uint32_t i = 0; (!r || r == -ENOENT) && i < n; i++)
			fn(arg, &keys[i], counts[i]);
		from = &place;
	}
	return r == -ENOENT ? 0 : r;
}

bool sensor_crowded(const struct sensor *s, size_t told)
{
	return MAX(s->seen, told) > s->seen_max / 4 * 3;
}

/* What was told to user space is told again when it is used again. */
static void forget_told(int fd)
{
	for (uint64_t key; !bpf_map_get_next_key(fd, NULL, &key);)
		if (bpf_map_delete_elem(fd, &key))
			break;
}

uint32_t sensor_new_epoch(struct sensor *s)
{
	return __atomic_add_fetch(&s->skel->bss->epoch, 1, __ATOMIC_RELAXED);
}

int sensor_retire(struct sensor *s, sensor_count_fn fn, void *arg)
{
	size_t taken;
	forget_told(bpf_map__fd(s->skel->maps.images));
	forget_told(bpf_map__fd(s->skel->maps.cgroups));
	return tell_table(s, s->skel->bss->epoch - 1, true, fn, arg, &taken);
}
