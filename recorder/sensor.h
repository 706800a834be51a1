/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live sensor: loads the BPF programs on the best hooks this kernel takes, hands out their records, and
 * reads what they counted. Needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN (or CAP_SYS_ADMIN) to open, CAP_BPF after that.
 */
#pragma once

#include "schema/base/buf.h"
#include "schema/base/diag.h"
#include "recorder/hooks.h"
#include "recorder/records.h"

struct sensor;

#define SENSOR_SEEN_MIN (WIRE_BUCKET << WIRE_LEVELS)
#define SENSOR_TASKS_MIN 2
#define SENSOR_RING_MIN 4096
#define SENSOR_RING_MAX (64 << 20)

struct sensor_options {
	bool every_event;
	struct hooks_options hooks;
	bool by_cgroup;         /* sensor_unwanted() will be used */
	const char **prefixes;  /* only files at or below these: "/etc/", "/etc/passwd" */
	size_t nprefixes;
	bool no_cast;           /* as where bpf_rdonly_cast() is missing, before 6.2 */
	uint32_t seen_max;      /* observations counted at a time, a power of two; 0 = WIRE_SEEN_MAX */
	uint32_t ring_bytes;    /* a power of two, at least a page; 0 = by what is recorded */
	uint32_t tasks_max;     /* processes whose program is known; 0 = WIRE_TASKS_MAX */
};

/* Nothing is attached yet; the process can take its inventory first. -EPERM, -ENOTSUP ... with the reason in D. */
int sensor_open(const struct sensor_options *options, struct diag *d, struct sensor **ret);
int sensor_attach(struct sensor *s, struct diag *d);
void sensor_close(struct sensor *s);
DEFINE_CLEANUP(struct sensor *, sensor_close)

const char *sensor_hooks(const struct sensor *s);    /* "exec=tp_btf/sched_process_exec file=..." */
const char *sensor_misses(const struct sensor *s);   /* in words */

/* Whether what the cgroup of this number does is to be left out in the kernel already. */
void sensor_unwanted(struct sensor *s, uint64_t cgroup, bool is);

/*
 * Waits up to TIMEOUT_MS, then gives to FN every record that waits by then, and no more than a whole ring of them: checked for length, whole,
 * untrusted otherwise.
 */
typedef void (*sensor_record_fn)(void *arg, const struct wire_header *h);
int sensor_drain(struct sensor *s, int timeout_ms, sensor_record_fn fn, void *arg);

/* What the kernel counted per observation since it was first seen, modulo 2^32. Returns 0 or -errno. */
typedef void (*sensor_count_fn)(void *arg, uint64_t key, uint32_t count, uint64_t last_ns);
int sensor_counts(struct sensor *s, sensor_count_fn fn, void *arg);

/* Totals since the start; kept by the kernel. */
struct sensor_totals {
	uint64_t losses[WIRE_LOSS_COUNT];
	uint64_t forks, exits, uncounted;
	uint64_t malformed;     /* records that user space could not read */
};
void sensor_totals(const struct sensor *s, struct sensor_totals *ret);

/* What each cgroup lost so far: nothing unless the cgroups are told apart. Before sensor_totals(), for which see recorder/losses.h. */
typedef void (*sensor_lost_fn)(void *arg, const struct wire_lost *key, uint64_t count);
int sensor_lost(const struct sensor *s, sensor_lost_fn fn, void *arg);

/* Is the table of observations three quarters full, as of the last sensor_counts(), or by so many that were told since it was empty? */
bool sensor_crowded(const struct sensor *s, size_t told);

/*
 * Makes the kernel see everything anew and count it in the other table. When every program that began before has
 * ended, the counts of the old epoch are final: sensor_retire() tells them and empties their table for the next epoch.
 */
uint32_t sensor_new_epoch(struct sensor *s);
int sensor_retire(struct sensor *s, sensor_count_fn fn, void *arg);
