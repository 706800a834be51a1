/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opening, errors, transactions.
 *
 * A new file is built in one transaction with a rollback journal and only then switched to WAL, so that its header
 * says what it is even when its maker was killed a moment later. Readers of a live store use the writer's WAL index; where
 * none can be made (read-only file system, foreign folder) and no WAL waits to be merged, the file
 * is opened as immutable: a reader that stays open then does not see later writes.
 *
 * Every failure is told in words with what to do, since the reader of the message has a full
 * disk or a damaged file in front of him and not this source.
 */
#include "schema/store_private.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char schema[] =
#include "schema/store.sql.h"
	;

enum { APPLICATION_ID = 0x53544b4f /* "STKO" */, HEADER_BYTES = 100, PAGE_CACHE_KB = 16384 };

/* ---- errors ---- */

struct failure {
	int err;
	const char *what, *remedy;
};

static struct failure failure_of(int rc, int system_errno)
{
	static const struct {
		int rc, system_errno;
		struct failure failure;
	} rows[] = {
		{SQLITE_FULL, 0, {-ENOSPC, "the disk is full", "free some space and run it again; what was stored before is kept"}},
		{SQLITE_IOERR, ENOSPC, {-ENOSPC, "the disk is full", "free some space and run it again; what was stored before is kept"}},
		{SQLITE_IOERR, EDQUOT, {-EDQUOT, "the disk quota is used up", "free some space and run it again; what was stored before is kept"}},
		{SQLITE_IOERR, EFBIG, {-EFBIG, "the file size limit is reached", "raise it (ulimit -f) and run it again; what was stored before is kept"}},
		{SQLITE_IOERR, 0, {-EIO, "reading or writing the file failed", "check the disk and the kernel log"}},
		{SQLITE_BUSY, 0, {-EBUSY, "another program holds it locked", "wait for it or stop it ('fuser FILE' names it), then run it again"}},
		{SQLITE_LOCKED, 0, {-EBUSY, "another program holds it locked", "wait for it or stop it ('fuser FILE' names it), then run it again"}},
		{SQLITE_READONLY, 0, {-EROFS, "it cannot be written", "check the permissions of the file and its folder, or copy it to where you may write"}},
		{SQLITE_PERM, 0, {-EACCES, "permission denied", "check the permissions of the file and its folder"}},
		{SQLITE_AUTH, 0, {-EACCES, "permission denied", "check the permissions of the file and its folder"}},
		{SQLITE_CANTOPEN, EACCES, {-EACCES, "permission denied", "check the permissions of the file and its folder"}},
		{SQLITE_CANTOPEN, EROFS, {-EROFS, "the file system is read-only", "copy it to where you may write, or name another file with --db"}},
		{SQLITE_CANTOPEN, ENOSPC, {-ENOSPC, "the disk is full", "free some space and run it again; what was stored before is kept"}},
		{SQLITE_CANTOPEN, ENOENT, {-ENOENT, "no such file or folder", "check the path"}},
		{SQLITE_CANTOPEN, 0, {-EIO, "it cannot be opened", "check the path and the permissions of its folder"}},
		{SQLITE_CORRUPT, 0, {-EUCLEAN, "the file is damaged", "nothing was changed; copy it, then save what can be read with: sqlite3 FILE .recover | sqlite3 NEW"}},
		{SQLITE_NOTADB, 0, {-EUCLEAN, "the file is damaged", "nothing was changed; copy it, then save what can be read with: sqlite3 FILE .recover | sqlite3 NEW"}},
		{SQLITE_SCHEMA, 0, {-EUCLEAN, "its tables are not those of a store", "restore it from a copy"}},
		{SQLITE_TOOBIG, 0, {-E2BIG, "a value is too long to be stored", "this is the limit of one field"}},
		{SQLITE_NOMEM, 0, {-ENOMEM, "out of memory", "close other programs"}},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].rc == (rc & 0xff) &&
		    (rows[i].system_errno == 0 || rows[i].system_errno == system_errno))
			return rows[i].failure;
	return (struct failure){-EIO, NULL, NULL};
}

static void set_error(struct store *s, char *take_text)
{
	free(s->error);
	s->error = take_text;
}

static int fail_by(struct store *s, int rc, int system_errno, const char *doing)
{
	/* A missing table or column is not an I/O matter: the file is not what its header says. */
	bool wrong_tables = (rc & 0xff) == SQLITE_ERROR;
	struct failure f = failure_of(wrong_tables ? SQLITE_SCHEMA : rc, system_errno);
	if (f.err == -ENOSPC && s->limited) { /* SQLite tells the two the same */
		f.what = "the disk is full, or the file as large as it may be";
		f.remedy = "let it be larger or free some space, and run it again; what was stored before is kept";
	}
	if (f.what && sqlite3_errcode(s->db) == SQLITE_OK) /* found by us, not by SQLite */
		set_error(s, xasprintf("%s: cannot %s: %s; %s", s->file, doing, f.what, f.remedy));
	else if (f.what)
		set_error(s, xasprintf("%s: cannot %s: %s (%s); %s", s->file, doing, f.what,
				       sqlite3_errmsg(s->db), f.remedy));
	else
		set_error(s, xasprintf("%s: cannot %s: %s", s->file, doing, sqlite3_errmsg(s->db)));
	return f.err;
}

int store_fail(struct store *s, int rc, const char *doing)
{
	return fail_by(s, rc, sqlite3_system_errno(s->db), doing);
}

int store_refuse(struct store *s, int err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_printf(&b, "%s: ", s->file);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	set_error(s, buf_take(&b));
	return err;
}

const char *store_error(const struct store *s)
{
	return s->error ? s->error : "no error";
}

const char *store_file(const struct store *s)
{
	return s->file;
}

void store_set_patience(struct store *s, int ms)
{
	sqlite3_busy_timeout(s->db, ms);
}

void store_set_cache(struct store *s, int kilobytes)
{
	CLEANUP_FREE char *sql = xasprintf("PRAGMA cache_size=-%d", kilobytes);
	sqlite3_exec(s->db, sql, NULL, NULL, NULL);   /* a hint: without it everything works the same */
}

/* ---- what the file is, before SQLite sees it ---- */

static bool exists_beside(const char *file, const char *suffix, off_t *ret_size)
{
	CLEANUP_FREE char *name = xasprintf("%s%s", file, suffix);
	struct stat st;
	if (stat(name, &st))
		return false;
	*ret_size = st.st_size;
	return true;
}

static uint32_t big_endian(const unsigned char *p, size_t n)
{
	uint32_t v = 0;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

/* A header that promises more pages than there are, with no WAL that could hold them. */
static int check_length(struct store *s, const unsigned char *header, off_t size)
{
	off_t wal;
	if (exists_beside(s->file, "-wal", &wal) && wal > 0)
		return 0;
	uint32_t page = big_endian(header + 16, 2);
	page = page == 1 ? 65536 : page;
	uint64_t want = (uint64_t)page * big_endian(header + 28, 4);
	bool size_is_valid = !memcmp(header + 24, header + 92, 4);
	if (!size_is_valid || (uint64_t)size >= want)
		return 0;
	return store_refuse(s, -ENODATA,
			    "the file is truncated: %lld of %llu bytes; restore it from a copy, or save what "
			    "can be read with: sqlite3 FILE .recover | sqlite3 NEW",
			    (long long)size, (unsigned long long)want);
}

static int check_header(struct store *s, int fd, off_t size)
{
	static const char magic[16] = "SQLite format 3";
	unsigned char header[HEADER_BYTES] = {0};
	ssize_t n = pread(fd, header, sizeof(header), 0);
	if (n < 0)
		return store_refuse(s, -errno, "cannot read it: %s", strerror(errno));
	if (memcmp(header, magic, MIN((size_t)n, sizeof(magic))))
		return store_refuse(s, -EMEDIUMTYPE,
				    "this is not a store, nor any SQLite database; name another file with "
				    "--db (to read Tetragon's JSON use 'stakeout ingest')");
	if (n < HEADER_BYTES)
		return store_refuse(s, -ENODATA,
				    "the file is truncated: %lld bytes; restore it from a copy",
				    (long long)size);
	return check_length(s, header, size);
}

/* *ret_new: there is no store in it yet. */
static int check_file(struct store *s, enum store_mode mode, bool *ret_new)
{
	CLEANUP_FD int fd = open(s->file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && mode == STORE_WRITE) {
		*ret_new = true;
		return 0;
	}
	if (fd < 0 && errno == ENOENT)
		return store_refuse(s, -ENOENT,
				    "no such store; make one with 'stakeout record' or 'stakeout ingest FILE', "
				    "or name another with --db");
	if (fd < 0)
		return store_refuse(s, -errno, "cannot open it: %s", strerror(errno));
	struct stat st;
	if (fstat(fd, &st))
		return store_refuse(s, -errno, "cannot read it: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return store_refuse(s, -EMEDIUMTYPE, "this is not a file; name another with --db");
	off_t journal;
	bool unfinished = exists_beside(s->file, "-journal", &journal) && journal > 0;
	*ret_new = st.st_size == 0 || unfinished;
	if (st.st_size == 0 && mode == STORE_READ)
		return store_refuse(s, -ENODATA, "the file is empty; fill it with 'stakeout record' or "
						 "'stakeout ingest FILE'");
	/* Only the making of a store uses a rollback journal; afterwards there is a WAL. */
	if (unfinished && mode == STORE_READ)
		return store_refuse(s, -ENODATA, "it is still being made, or the program that made it was "
						 "killed; run that program again");
	return *ret_new ? 0 : check_header(s, fd, st.st_size);
}

/* ---- opening ---- */

static int exec(struct store *s, const char *doing, const char *sql)
{
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : store_fail(s, rc, doing);
}

/* Statements belong to their connection. */
static void disconnect(struct store *s)
{
	for (size_t i = 0; i < STORE_STATEMENTS; i++)
		sqlite3_finalize(s->statements[i].stmt);
	memset(s->statements, 0, sizeof(s->statements));
	s->nstatements = 0;
	sqlite3_close_v2(TAKE(s->db));
}

static int connect_file(struct store *s, const char *name, int flags)
{
	disconnect(s);
	int rc = sqlite3_open_v2(name, &s->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (rc != SQLITE_OK)
		return store_fail(s, rc, "open it");
	sqlite3_busy_timeout(s->db, STORE_PATIENCE_MS);
	/* The file may come from anywhere: its schema must not be able to do anything. */
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	return 0;
}

static int pragma_number(struct store *s, const char *sql, int64_t *ret)
{
	int n = store_number(s, "read its header", ret, sql, "");
	return n < 0 ? n : 0;
}

int store_set_limit(struct store *s, uint64_t bytes)
{
	int64_t page;
	int err = pragma_number(s, "PRAGMA page_size", &page);
	if (err)
		return err;
	CLEANUP_FREE char *sql = xasprintf("PRAGMA max_page_count=%llu", (unsigned long long)MAX(bytes / (uint64_t)MAX(page, 1), 1));
	s->limited = true;
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -EIO;
}

static int check_format(struct store *s)
{
	int64_t application, format;
	int err = pragma_number(s, "PRAGMA application_id", &application);
	if (!err)
		err = pragma_number(s, "PRAGMA user_version", &format);
	if (err)
		return err;
	if (application != APPLICATION_ID)
		return store_refuse(s, -EPROTO,
				    "this is another program's SQLite database, not a store; name another "
				    "file with --db");
	if (format > STORE_FORMAT)
		return store_refuse(s, -EPROTONOSUPPORT,
				    "the store has format %lld and this program reads up to %d; use the "
				    "newer stakeout that wrote it",
				    (long long)format, STORE_FORMAT);
	if (format < 1)
		return store_refuse(s, -EPROTO, "the store has no format number; restore it from a copy");
	int64_t rows;
	return pragma_number(s, "SELECT count(*) FROM meta", &rows);
}

/* Two programs may create the same file at once: the second finds it made. */
static int create(struct store *s)
{
	int err = exec(s, "create it", "BEGIN EXCLUSIVE");
	if (err)
		return err;
	int64_t tables = 0;
	err = pragma_number(s, "SELECT count(*) FROM sqlite_schema", &tables);
	if (!err && tables == 0)
		err = exec(s, "create its tables", schema);
	if (!err && tables == 0) {
		CLEANUP_FREE char *sql = xasprintf("PRAGMA application_id=%d; PRAGMA user_version=%d;"
						   "INSERT INTO meta VALUES('made_by','stakeout')",
						   APPLICATION_ID, STORE_FORMAT);
		err = exec(s, "create it", sql);
	}
	if (!err)
		err = exec(s, "create it", "COMMIT");
	if (err && !sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return err;
}

/* Why no file can be made in the folder of FILE: EROFS, EACCES; 0: that is not the reason. */
static int folder_refuses(const char *file)
{
	const char *slash = strrchr(file, '/');
	CLEANUP_FREE char *folder = slash ? xstrndup(file, (size_t)(slash - file) + 1) : xstrdup(".");
	return access(folder, W_OK | X_OK) && (errno == EROFS || errno == EACCES) ? errno : 0;
}

static int open_writing(struct store *s, bool fresh)
{
	int err = connect_file(s, s->file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	/* Where it may not make the file, SQLite tries to read one, and tells that there is none. */
	int refused = err == -ENOENT ? folder_refuses(s->file) : 0;
	if (err)
		return refused ? fail_by(s, SQLITE_CANTOPEN, refused, "create it") : err;
	if (sqlite3_db_readonly(s->db, "main") == 1 || (access(s->file, W_OK) && errno == EROFS))
		return store_fail(s, SQLITE_READONLY, "write to it");
	if (fresh && (err = create(s)))
		return err;
	if ((err = check_format(s)))
		return err;
	CLEANUP_FREE char *pragmas = xasprintf(
		"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
		"PRAGMA cell_size_check=ON; PRAGMA cache_size=-%d", PAGE_CACHE_KB);
	s->writable = true;
	return exec(s, "set it up", pragmas);
}

static int open_immutable(struct store *s)
{
	CLEANUP_BUF struct buf uri = BUF_INIT;
	buf_puts(&uri, "file:");
	for (const unsigned char *p = (const unsigned char *)s->file; *p; p++) {
		if (strchr("?#%", *p) || *p <= ' ' || *p > '~')
			buf_printf(&uri, "%%%02X", *p);
		else
			buf_putc(&uri, (char)*p);
	}
	buf_puts(&uri, "?immutable=1");
	int err = connect_file(s, uri.p, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
	return err ? err : check_format(s);
}

static int open_reading(struct store *s)
{
	int err = connect_file(s, s->file, SQLITE_OPEN_READONLY);
	if (!err)
		err = check_format(s);
	/* The file is there: what could not be opened or made is the WAL index beside it. */
	if (err == -EIO || err == -EROFS || err == -EACCES || err == -ENOSPC || err == -ENOENT) {
		off_t wal;
		if (exists_beside(s->file, "-wal", &wal) && wal > 0)
			return store_refuse(s, -EROFS,
					    "%lld bytes of recent changes wait in %s-wal and cannot be merged "
					    "here; copy both files to a folder where you may write",
					    (long long)wal, s->file);
		err = open_immutable(s);
	}
	if (err)
		return err;
	CLEANUP_FREE char *pragmas =
		xasprintf("PRAGMA query_only=ON; PRAGMA cell_size_check=ON; PRAGMA cache_size=-%d",
			  PAGE_CACHE_KB);
	return exec(s, "set it up", pragmas);
}

int store_open(const char *file, enum store_mode mode, struct diag *d, struct store **ret)
{
	CLEANUP(store_close) struct store *s = xcalloc(1, sizeof(*s));
	s->file = xstrdup(file);
	s->delta_keys = map_new();
	bool fresh = false;
	int err = check_file(s, mode, &fresh);
	if (!err)
		err = mode == STORE_WRITE ? open_writing(s, fresh) : open_reading(s);
	if (err) {
		diag_error(d, NULL, "%s", store_error(s));
		return err;
	}
	*ret = TAKE(s);
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	store_rollback(s);
	disconnect(s);
	map_free(s->delta_keys);
	free(s->deltas.v);
	free(s->rules.v);
	buf_done(&s->key);
	free(s->error);
	free(s->file);
	free(s);
}

/* ---- statements ---- */

static sqlite3_stmt *prepared(struct store *s, const char *sql, int *ret_rc)
{
	size_t at = hash_bytes(&sql, sizeof(sql), 0) % STORE_STATEMENTS;
	while (s->statements[at].sql && s->statements[at].sql != sql)
		at = (at + 1) % STORE_STATEMENTS;
	if (s->statements[at].sql)
		return s->statements[at].stmt;
	if (s->nstatements + 1 >= STORE_STATEMENTS)
		abort(); /* more literals in the source than room in the table */
	sqlite3_stmt *q;
	*ret_rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &q, NULL);
	if (*ret_rc != SQLITE_OK)
		return NULL;
	s->statements[at].sql = sql;
	s->statements[at].stmt = q;
	s->nstatements++;
	return q;
}

int store_bind(sqlite3_stmt *q, const char *types, va_list ap)
{
	int rc = SQLITE_OK;
	for (int i = 1; *types && rc == SQLITE_OK; types++, i++) {
		if (*types == 'i') {
			rc = sqlite3_bind_int64(q, i, va_arg(ap, int64_t));
		} else if (*types == 'u') {
			uint64_t v = va_arg(ap, uint64_t);
			rc = sqlite3_bind_int64(q, i, (int64_t)MIN(v, STORE_MAX_COUNT));
		} else if (*types == 'r') {
			rc = sqlite3_bind_int(q, i, va_arg(ap, int));
		} else if (*types == 't') {
			rc = sqlite3_bind_text(q, i, va_arg(ap, const char *), -1, SQLITE_STATIC);
		} else {
			struct str v = va_arg(ap, struct str);
			if (v.n > STORE_MAX_FIELD)
				return SQLITE_TOOBIG;
			rc = sqlite3_bind_blob(q, i, v.p ? v.p : "", (int)v.n, SQLITE_STATIC);
		}
	}
	return rc;
}

static sqlite3_stmt *query(struct store *s, const char *doing, int *ret_err, const char *sql,
			   const char *types, va_list ap)
{
	int rc = SQLITE_OK;
	sqlite3_stmt *q = prepared(s, sql, &rc);
	if (q) {
		sqlite3_reset(q);
		rc = store_bind(q, types, ap);
	}
	if (rc != SQLITE_OK) {
		*ret_err = store_fail(s, rc, doing);
		return NULL;
	}
	return q;
}

sqlite3_stmt *store_query(struct store *s, const char *doing, int *ret_err, const char *sql,
			  const char *types, ...)
{
	va_list ap;
	va_start(ap, types);
	sqlite3_stmt *q = query(s, doing, ret_err, sql, types, ap);
	va_end(ap);
	return q;
}

int store_step(struct store *s, sqlite3_stmt *q, const char *doing)
{
	int rc = sqlite3_step(q);
	if (rc == SQLITE_ROW)
		return 1;
	int err = rc == SQLITE_DONE ? 0 : store_fail(s, rc, doing);
	sqlite3_reset(q);
	return err;
}

int store_run(struct store *s, const char *doing, const char *sql, const char *types, ...)
{
	int err = 0;
	va_list ap;
	va_start(ap, types);
	sqlite3_stmt *q = query(s, doing, &err, sql, types, ap);
	va_end(ap);
	return q ? store_step(s, q, doing) : err;
}

int store_number(struct store *s, const char *doing, int64_t *ret, const char *sql, const char *types,
		 ...)
{
	int n = 0;
	va_list ap;
	va_start(ap, types);
	sqlite3_stmt *q = query(s, doing, &n, sql, types, ap);
	va_end(ap);
	if (!q)
		return n;
	n = store_step(s, q, doing);
	if (n == 1) {
		*ret = sqlite3_column_int64(q, 0);
		sqlite3_reset(q);
	}
	return n;
}

struct str column_str(sqlite3_stmt *q, int i)
{
	const char *p = sqlite3_column_blob(q, i);
	return (struct str){p, (size_t)sqlite3_column_bytes(q, i)};
}

bool column_within(sqlite3_stmt *q, int i, uint32_t max)
{
	int64_t v = sqlite3_column_int64(q, i);
	return v >= 0 && v <= max;
}

bool column_family(sqlite3_stmt *q, int i)
{
	int64_t v = sqlite3_column_int64(q, i);
	return v == 0 || v == 4 || v == 6;
}

uint64_t column_u64(sqlite3_stmt *q, int i)
{
	int64_t v = sqlite3_column_int64(q, i);
	return v < 0 ? 0 : (uint64_t)v;
}

/* ---- transactions ---- */

static void forget_transaction(struct store *s)
{
	store_deltas_drop(s);
	s->have_rules = false;
	map_free(TAKE(s->ruled));
	s->rules.n = 0;
	arena_free(TAKE(s->arena));
}

int store_begin(struct store *s)
{
	if (!s->writable)
		return store_refuse(s, -EROFS, "the store was opened for reading only");
	int err = store_run(s, "begin a transaction", "BEGIN IMMEDIATE", "");
	if (err)
		return err;
	int64_t any = 0;
	int n = store_number(s, "read its rules", &any, "SELECT EXISTS(SELECT 1 FROM rule WHERE choice)", "");
	if (n < 0) {
		store_rollback(s);
		return n;
	}
	s->have_rules = any;
	s->ruled = map_new();
	s->arena = arena_new();
	return 0;
}

int store_commit(struct store *s)
{
	int err = store_deltas_flush(s);
	if (!err)
		err = store_run(s, "store the changes", "COMMIT", "");
	if (err) {
		store_rollback(s);
		return err;
	}
	forget_transaction(s);
	return 0;
}

void store_rollback(struct store *s)
{
	forget_transaction(s);
	/* SQLite may have rolled back by itself. What a rollback undoes is gone even if this one fails. */
	if (s->db && !sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

bool store_snapshot(struct store *s)
{
	return sqlite3_get_autocommit(s->db) &&
	       sqlite3_exec(s->db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;
}

void store_snapshot_end(struct store *s, bool began)
{
	if (began)
		sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
}
