/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SQLite file: recordings, workloads, instances, observations, losses, decisions. store*.c
 * and store.sql are the only files with SQL; callers see structs, so that another database could stand here.
 *
 * Writers: one transaction per flush (store_begin .. store_commit), WAL, synchronous=NORMAL, so SIGKILL at
 * any moment leaves what was committed. Functions return 0 or -errno; the reason in words, with what to do, is
 * store_error():
 *	-ENOENT no such file or row      -EACCES no permission          -EROFS cannot be written
 *	-EBUSY locked for too long       -ENOSPC disk full              -EFBIG file size limit, -EDQUOT quota
 *	-EMEDIUMTYPE not a database      -EPROTO a database, not a store  -EPROTONOSUPPORT a newer format
 *	-ENODATA truncated               -EUCLEAN damaged               -E2BIG a field above STORE_MAX_FIELD
 *	-EIO reading or writing failed
 * One struct store serves one thread.
 */
#pragma once

#include "schema/base/diag.h"
#include "schema/event.h"
#include "schema/workload.h"

struct store;

enum {
	STORE_FORMAT = 1,            /* of the file; a program reads its own and older ones */
	STORE_MAX_FIELD = 1 << 20,   /* bytes in one string */
	STORE_PATIENCE_MS = 5000,    /* how long a lock is waited for */
};
#define STORE_MAX_COUNT (1ull << 61)   /* counts stop here instead of wrapping */

enum store_mode { STORE_READ, STORE_WRITE /* created when absent */ };

int store_open(const char *file, enum store_mode mode, struct diag *d, struct store **ret);
void store_close(struct store *s);
DEFINE_CLEANUP(struct store *, store_close)
const char *store_error(const struct store *s);   /* of the last failure; borrowed */
const char *store_file(const struct store *s);
void store_set_patience(struct store *s, int ms);  /* instead of STORE_PATIENCE_MS */
void store_set_cache(struct store *s, int kilobytes);  /* memory for pages of the file */
/* Writing ends with -ENOSPC before the file grows beyond BYTES; one that is larger already grows no more. 0 or -errno. */
int store_set_limit(struct store *s, uint64_t bytes);

int store_begin(struct store *s);                 /* BEGIN IMMEDIATE */
int store_commit(struct store *s);
void store_rollback(struct store *s);

/* ---- recordings and losses ---- */

struct recording {
	int64_t id;
	struct str uid;         /* names it across merged stores; empty: one is made up */
	struct str source;      /* "live", "tetragon", "corpus" */
	struct str origin;      /* file name, or "" */
	struct str node, kernel, boot_id;
	struct str hooks;       /* "exec=tp_btf/sched_process_exec file=raw_tp/sys_exit ..." */
	struct str misses;      /* what these hooks cannot see, in words */
	uint64_t start_ns, end_ns;  /* end 0 = still running, or killed */
	uint64_t events;        /* taken in */
};

/* -EEXIST: one with this uid is there already; *ret_id is its id. */
int store_recording_add(struct store *s, const struct recording *r, int64_t *ret_id);
int store_recording_update(struct store *s, int64_t id, uint64_t end_ns, uint64_t events);

/* Adds N to the loss (recording, kind, reason); kind is a kind name or "any". */
int store_loss_add(struct store *s, int64_t recording, const char *kind, const char *reason,
		   uint64_t n);

/* ---- the sets ---- */

int store_workload(struct store *s, const struct workload *w, int64_t *ret_id);
int store_instance(struct store *s, int64_t workload, const struct instance *i, int64_t *ret_id);

/*
 * The set element an event becomes. Identity: workload, kind, subject, filename, path, access, protocol, address,
 * unix_path, guard, whether subject and path are known, and OBSERVATION_TAGS: the same program run by an
 * interactive session, by a probe and by the service itself are three observations, so that leaving out one
 * does not leave out the others. All else is counted or ORed.
 */
#define OBSERVATION_TAGS (TAG_INTERACTIVE | TAG_PROBE | TAG_PATH_CUT | TAG_MEMFD | TAG_DELETED | \
			  TAG_UNCONNECTED | TAG_LISTENING | TAG_HOST_ROOT_MOVED | TAG_DETACHED | TAG_ONE_NAME | \
			  TAG_NO_OPEN_CALL)

struct observation {
	int64_t id, workload;
	enum kind kind;         /* EXEC, FILE, CONNECT, GUARD */
	struct str subject;     /* resolved path of the acting image (exec: of the caller); else as typed */
	bool subject_known;     /* subject is the resolved path */
	struct str filename;    /* exec: as typed */
	struct str path;        /* exec: the target, file: the object; as resolved when path_known */
	bool path_known;
	uint32_t access;
	uint8_t protocol;
	struct address address;
	struct str unix_path;
	struct str guard;
	uint32_t tags;          /* ORed */
	struct str example;     /* a redacted command line or the like */
	uint64_t count, first_ns, last_ns;
	uint64_t instances;     /* in how many; filled by readers only */
};

/* Appends the identity within a workload, as bytes that sort by kind, then path. */
void observation_key(struct buf *b, const struct observation *o);

/* Adds count, widens first..last, ORs tags, for the observation and its (instance, recording) sighting. */
int store_observe(struct store *s, const struct observation *o, int64_t instance,
		  int64_t recording, int64_t *ret_id);
