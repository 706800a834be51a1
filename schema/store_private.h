/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside the store: the connection, cached statements, errors. Only store*.c include this. */
#pragma once

#include <sqlite3.h>

#include "schema/base/buf.h"
#include "schema/base/map.h"
#include "schema/store_decide.h"

enum { STORE_STATEMENTS = 256 };

struct store_delta {
	int64_t workload, recording;
	enum kind kind;
	uint64_t observations, events, allowed, denied;
	uint64_t first_ns, last_ns;
};

struct store_rules {
	struct rule_row *v;
	size_t n;
};

struct store {
	sqlite3 *db;
	char *file;
	char *error;
	bool writable, limited;   /* limited: store_set_limit() */
	struct {
		const char *sql;
		sqlite3_stmt *stmt;
	} statements[STORE_STATEMENTS];
	size_t nstatements;

	/* Of the running transaction. */
	struct buf key;
	struct map *delta_keys;
	struct {
		struct store_delta *v;
		size_t n, cap;
	} deltas;
	bool have_rules;
	struct map *ruled;        /* workload id -> index into rules */
	struct {
		struct store_rules *v;
		size_t n, cap;
	} rules;
	struct arena *arena;
};

/* Remembers why, as "FILE: cannot DOING: reason; what to do". Returns the -errno that RC means. */
int store_fail(struct store *s, int rc, const char *doing);
/* The same for a reason that is not SQLite's. Returns ERR. */
int store_refuse(struct store *s, int err, const char *fmt, ...) PRINTF(3, 4);

/*
 * A statement for SQL (a literal: cached by its address), with its parameters bound: 'i' int64_t, 'u' uint64_t
 * clamped to what the store can hold, 'b' struct str as a BLOB, 't' const char * as TEXT, 'r' enum or int.
 * Borrowed parameters must stay until the last step. NULL: store_fail() was called, *ret_err says what.
 */
sqlite3_stmt *store_query(struct store *s, const char *doing, int *ret_err, const char *sql,
			  const char *types, ...);
/* 1 = a row, 0 = done (statement reset), -errno (reset too). */
int store_step(struct store *s, sqlite3_stmt *q, const char *doing);
/* Runs a statement without rows. 0 or -errno. */
int store_run(struct store *s, const char *doing, const char *sql, const char *types, ...);
/* The first column of the first row in *ret; 1 = there was one, 0, -errno. */
int store_number(struct store *s, const char *doing, int64_t *ret, const char *sql, const char *types,
		 ...);
int store_bind(sqlite3_stmt *q, const char *types, va_list ap);

struct str column_str(sqlite3_stmt *q, int i);          /* until the next step */
uint64_t column_u64(sqlite3_stmt *q, int i);            /* damaged negative numbers read as 0 */
bool column_within(sqlite3_stmt *q, int i, uint32_t max);   /* of numbers that have a meaning: 0 to MAX? */
bool column_family(sqlite3_stmt *q, int i);             /* 0, 4 or 6? */

/* One view over several queries. Nested, or within a writing transaction, they do nothing. */
bool store_snapshot(struct store *s);
void store_snapshot_end(struct store *s, bool began);

/* store_write.c: called by commit and rollback. */
int store_deltas_flush(struct store *s);
void store_deltas_drop(struct store *s);
/* store_decide.c: what the stored rules say of O; *ret_rule the rule that said it. */
int store_rules_judge(struct store *s, const struct observation *o, enum choice *ret,
		      int64_t *ret_rule);
/* store_read.c: the row that a SELECT of OBSERVATION_COLUMNS gave. 0 or -EUCLEAN. */
#define OBSERVATION_COLUMNS                                                                        \
	"o.id,o.workload,o.kind,o.choice,o.tags,o.instances,o.count,o.first_ns,o.last_ns,o.rule,"  \
	"o.choice_version,o.choice_ns,o.subject_known,o.path_known,o.access,o.protocol,o.family,"  \
	"o.address,o.port,o.path,o.subject,o.filename,o.unix_path,o.guard,o.example"
int store_observation_row(struct store *s, sqlite3_stmt *q, struct observation_row *ret);
