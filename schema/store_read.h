/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading the store: fleet, review, evidence. Lists are allocated in the caller's arena; a cursor streams what
 * may be large. All return 0 or -errno as in store.h.
 */
#pragma once

#include "schema/base/arena.h"
#include "schema/store.h"

/* What a person decided. The numbers are stored. */
enum choice { CHOICE_UNDECIDED, CHOICE_ALLOW, CHOICE_DENY, CHOICE_COUNT };
const char *choice_name(enum choice c);          /* undecided, allow, deny */
int choice_from(struct str name);                /* or -1 */

/* How far a workload has come. The numbers are stored. */
enum workload_mode { WORKLOAD_OBSERVE, WORKLOAD_MONITOR, WORKLOAD_ENFORCE, WORKLOAD_MODES };
const char *workload_mode_name(enum workload_mode m);
int workload_mode_from(struct str name);

#define STORE_DAY_NS (86400 * NSEC_PER_SEC)

struct workload_row {
	int64_t id;
	struct workload workload;
	struct str text;                      /* its written form */
	uint64_t observations[KIND_COUNT];    /* distinct ones */
	uint64_t total;                       /* their sum */
	uint64_t events;                      /* sum of their counts */
	uint64_t undecided, allowed, denied;  /* of total */
	uint64_t instances, recordings;
	uint64_t recent;                      /* observations first seen in the last day before NOW */
	uint64_t first_ns, last_ns;
	uint64_t lost;                        /* by the recordings it came from */
	enum workload_mode mode;
	uint64_t version;                     /* grows with each decision */
};

/* Those that PATTERN means (NULL = all), sorted by written form. now_ns 0 = the newest time in the store. */
int store_workloads(struct store *s, struct arena *a, const char *pattern, uint64_t now_ns,
		    struct workload_row **ret, size_t *ret_n);
/* One by id; -ENOENT. */
int store_workload_get(struct store *s, struct arena *a, int64_t id, uint64_t now_ns,
		       struct workload_row *ret);

enum observation_sort {
	SORT_PATH,       /* kind, path: the order of the index */
	SORT_COUNT, SORT_FIRST, SORT_LAST, SORT_INSTANCES, SORT_SUBJECT, SORT_CHOICE,
	SORT_COUNT_OF_SORTS
};
int observation_sort_from(struct str name);

struct observation_query {
	int64_t workload;            /* 0 = every workload */
	int kind;                    /* -1 = all */
	int choice;                  /* -1 = any */
	struct str text;             /* part of path, name, subject, address or example; any case */
	uint32_t tags_any;           /* at least one of these; 0 = any */
	uint32_t tags_none;
	int64_t instance, recording; /* only what was seen in it; 0 = any */
	int64_t observation;         /* only this one; 0 = any */
	enum observation_sort sort;
	bool descending;
	uint64_t offset, limit;      /* limit 0 = no limit */
};
#define OBSERVATION_QUERY_ALL {.kind = -1, .choice = -1}

struct observation_row {
	struct observation o;        /* o.instances filled */
	enum choice choice;
	int64_t rule;                /* the stored rule that decided it; 0 = chosen itself, or undecided */
	uint64_t choice_version;     /* the workload's version when it was last decided */
	uint64_t choice_ns;
};

/* Streams rows; strings are valid until the next call. A cursor must be closed before the store. */
struct store_cursor;
int store_observations(struct store *s, const struct observation_query *q, struct store_cursor **ret);
int store_cursor_next(struct store_cursor *c, struct observation_row *ret);  /* 1, 0 = end, -errno */
void store_cursor_close(struct store_cursor *c);
DEFINE_CLEANUP(struct store_cursor *, store_cursor_close)

/* The same into an arena. *ret_total (may be NULL): how many there are without offset and limit. */
int store_observation_page(struct store *s, struct arena *a, const struct observation_query *q,
			   struct observation_row **ret, size_t *ret_n, uint64_t *ret_total);

struct instance_row {
	int64_t id, workload;
	struct instance instance;
};
int store_instances(struct store *s, struct arena *a, int64_t workload, struct instance_row **ret,
		    size_t *ret_n);

/* Where and when one observation was seen. */
struct sighting {
	int64_t instance, recording;
	uint64_t count, first_ns, last_ns;
};
int store_sightings(struct store *s, struct arena *a, int64_t observation, struct sighting **ret,
		    size_t *ret_n);

/*
 * The observations of WORKLOAD, of one KIND (-1 = any), that were seen only while an instance started: each sighting
 * ended within WITHIN_NS of its instance's start. Their ids, sorted.
 */
int store_startups(struct store *s, struct arena *a, int64_t workload, int kind, uint64_t within_ns,
		   int64_t **ret, size_t *ret_n);
/* The observations of WORKLOAD that INSTANCE did; the same. */
int store_seen_in(struct store *s, struct arena *a, int64_t workload, int64_t instance, int64_t **ret,
		  size_t *ret_n);

struct recording_row {
	struct recording recording;
	uint64_t lost;          /* sum of its losses */
	uint64_t workloads;
	bool complete;          /* ended and lost nothing */
};
/* Those WORKLOAD came from; 0 = all. Oldest first. */
int store_recordings(struct store *s, struct arena *a, int64_t workload, struct recording_row **ret,
		     size_t *ret_n);

struct loss_row {
	int64_t recording;
	struct str kind, reason;
	uint64_t count;
};
/* Of the recordings that WORKLOAD came from; 0 = all. Greatest first. */
int store_losses(struct store *s, struct arena *a, int64_t workload, struct loss_row **ret,
		 size_t *ret_n);
