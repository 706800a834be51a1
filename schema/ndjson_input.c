/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One buffer that lines are handed out of. It is small enough to stay in the processor's cache and grows
 * only for a line that does not fit. What read() or inflate() gives is appended; the rest of a line is moved to
 * the front first.
 */
#include "schema/ndjson_input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "schema/base/buf.h"
#include "schema/ndjson_scan.h"

#define CHUNK  (512u << 10)
#define PACKED (128u << 10)
#define START_BYTES 4

struct input {
	int fd;                     /* -1: all of it is in the buffer */
	bool own_fd;
	unsigned idle_ms;
	size_t line_max;
	char *buf;
	size_t cap, start, n;       /* bytes from start to n are not handed out yet */
	size_t searched;            /* up to here there is no newline */
	bool begun, ended, discarding;
	uint64_t bytes;
	bool packed, in_member;     /* gzip; inside one of its members */
	bool damaged;               /* what inflate() gave before it failed is handed out first */
	z_stream zip;
	unsigned char *packed_buf;
	struct buf parts[2];        /* a node log's long line, joined: stdout, stderr */
	const char *error;
};

const char *input_error(const struct input *in)
{
	return in->error;
}

uint64_t input_bytes(const struct input *in)
{
	return in->bytes;
}

static struct input *input_new(size_t line_max, size_t cap)
{
	struct input *in = xcalloc(1, sizeof(*in));
	in->fd = -1;
	in->line_max = line_max;
	in->cap = cap;
	in->buf = xmalloc(cap + 1 + SCAN_PAD);
	memset(in->buf + cap, '\n', 1 + SCAN_PAD);
	return in;
}

void input_close(struct input *in)
{
	if (!in)
		return;
	if (in->packed)
		inflateEnd(&in->zip);
	if (in->own_fd)
		close(in->fd);
	buf_done(&in->parts[0]);
	buf_done(&in->parts[1]);
	free(in->packed_buf);
	free(in->buf);
	free(in);
}

struct input *input_open_bytes(struct str text, size_t line_max)
{
	struct input *in = input_new(line_max, text.n + 1);
	if (text.n)
		memcpy(in->buf, text.p, text.n);
	in->n = text.n;
	in->bytes = text.n;
	in->begun = true;
	in->ended = true;
	return in;
}

/* read(), first waiting at most idle_ms for input. */
static ssize_t read_some(struct input *in, void *to, size_t n)
{
	if (in->idle_ms) {
		struct pollfd p = {.fd = in->fd, .events = POLLIN};
		int ready = poll(&p, 1, (int)in->idle_ms);
		if (ready == 0 || (ready < 0 && errno == EINTR))
			return -EAGAIN;
	}
	ssize_t got = read(in->fd, to, n);
	return got < 0 ? (errno == EINTR ? -EAGAIN : -errno) : got;
}

/* inflate() failed; in the middle of a member, or at what should begin one. */
static ssize_t inflate_failed(struct input *in, bool at_start, size_t got)
{
	bool nothing_of_it = at_start && in->bytes && !in->zip.total_out;
	in->error = nothing_of_it ? "other bytes follow the gzip stream" : "the gzip stream is damaged";
	in->damaged = true;
	return got ? (ssize_t)got : -EILSEQ;
}

static ssize_t inflate_some(struct input *in, char *to, size_t room)
{
	if (in->damaged)
		return -EILSEQ;
	for (;;) {
		/* zeros between or behind members are padding */
		while (!in->in_member && in->zip.avail_in && !*in->zip.next_in) {
			in->zip.next_in++;
			in->zip.avail_in--;
		}
		if (in->zip.avail_in == 0) {
			ssize_t got = read_some(in, in->packed_buf, PACKED);
			if (got < 0)
				return got;
			if (got == 0) {
				in->error = in->in_member ? "the gzip stream is cut off" : NULL;
				return in->in_member ? -EILSEQ : 0;
			}
			in->zip.next_in = in->packed_buf;
			in->zip.avail_in = (uInt)got;
			continue;
		}
		bool at_start = !in->in_member;
		in->zip.next_out = (unsigned char *)to;
		in->zip.avail_out = (uInt)room;
		in->in_member = true;
		int rc = inflate(&in->zip, Z_NO_FLUSH);
		size_t got = room - in->zip.avail_out;
		if (rc == Z_STREAM_END) {
			in->in_member = false;
			inflateReset(&in->zip);
		} else if (rc != Z_OK && rc != Z_BUF_ERROR) {
			return inflate_failed(in, at_start, got);
		}
		if (got)
			return (ssize_t)got;
	}
}

/* More bytes behind those that are there. Returns how many, 0 at the end, or -errno. */
static ssize_t fill(struct input *in)
{
	if (in->start && (in->start == in->n || in->cap - in->n < CHUNK / 2)) {
		memmove(in->buf, in->buf + in->start, in->n - in->start);
		in->n -= in->start;
		in->searched -= in->start;
		in->start = 0;
	}
	if (in->cap - in->n < CHUNK / 4) {
		in->cap *= 2;
		in->buf = xrealloc(in->buf, in->cap + 1 + SCAN_PAD);
		memset(in->buf + in->cap, '\n', 1 + SCAN_PAD);
	}
	size_t room = in->cap - in->n;
	ssize_t got = in->packed ? inflate_some(in, in->buf + in->n, room)
				 : read_some(in, in->buf + in->n, room);
	if (got > 0) {
		in->n += (size_t)got;
		in->bytes += (uint64_t)got;
	}
	return got;
}

static int start_gzip(struct input *in)
{
	in->packed_buf = xmalloc(PACKED);
	memcpy(in->packed_buf, in->buf, in->n);
	in->zip = (z_stream){.next_in = in->packed_buf, .avail_in = (uInt)in->n};
	in->n = 0;
	in->bytes = 0;
	if (inflateInit2(&in->zip, 16 + MAX_WBITS) != Z_OK)
		return -ENOMEM;
	in->packed = true;
	return 0;
}

/* What is no text at all, by its first bytes, and what to do about it. */
static const struct {
	struct str start;
	const char *advice;
} foreign[] = {
	{STR_INIT("\x28\xb5\x2f\xfd"), "is compressed with zstd: unpack it first (zstd -dc FILE | ...)"},
	{STR_INIT("\xfd\x37zX"), "is compressed with xz: unpack it first (xz -dc FILE | ...)"},
	{STR_INIT("BZh9"), "is compressed with bzip2: unpack it first (bzip2 -dc FILE | ...)"},
	{STR_INIT("PK\3\4"), "is a zip archive: unpack it first (unzip -p FILE | ...)"},
	{STR_INIT("\xff\xfe"), "is UTF-16 text: convert it first (iconv -f UTF-16 -t UTF-8 FILE | ...)"},
	{STR_INIT("\xfe\xff"), "is UTF-16 text: convert it first (iconv -f UTF-16 -t UTF-8 FILE | ...)"},
	{STR_INIT("{\0\"\0"), "is UTF-16 text: convert it first (iconv -f UTF-16LE -t UTF-8 FILE | ...)"},
	{STR_INIT("\0{\0\""), "is UTF-16 text: convert it first (iconv -f UTF-16BE -t UTF-8 FILE | ...)"},
	{STR_INIT("SQLi"), "is a database: name the logs it was made from, or pass it with --db"},
};

static const char *foreign_advice(const struct input *in)
{
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
		if (str_starts((struct str){in->buf, in->n}, foreign[i].start))
			return foreign[i].advice;
	return NULL;
}

/* A few bytes decide whether it is compressed, or no text at all. -EAGAIN: to be asked again. */
static int look_at_start(struct input *in)
{
	while (in->n < START_BYTES) {
		ssize_t got = read_some(in, in->buf + in->n, PACKED - in->n);
		if (got < 0)
			return (int)got;
		if (got == 0)
			break;
		in->n += (size_t)got;
	}
	in->begun = true;
	in->bytes = in->n;
	if (in->n >= 2 && !memcmp(in->buf, "\x1f\x8b", 2))
		return start_gzip(in);
	in->error = foreign_advice(in);
	return in->error ? -EINVAL : 0;
}

/* A named pipe that nobody writes yet is looked at when it is read: who waits there can stop waiting. */
static int begin(struct input *in)
{
	int err;
	struct stat st;
	bool later = in->own_fd && in->idle_ms && fstat(in->fd, &st) == 0 && S_ISFIFO(st.st_mode);
	do {
		err = later ? 0 : look_at_start(in);
	} while (err == -EAGAIN);
	return err;
}

int input_open(const char *file, size_t line_max, unsigned idle_ms, struct diag *d, struct input **ret)
{
	struct input *in = input_new(line_max, CHUNK);
	struct stat st;
	int err = 0;
	in->own_fd = strcmp(file, "-") != 0;
	in->fd = in->own_fd ? open(file, O_RDONLY | O_CLOEXEC | (idle_ms ? O_NONBLOCK : 0)) : STDIN_FILENO;
	if (in->fd < 0) {
		err = -errno;
		in->own_fd = false;
		diag_error(d, file, "cannot open: %s", strerror(-err));
	} else if (fstat(in->fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		err = -EISDIR;
		diag_error(d, file, "is a folder; name the files in it");
	}
	if (!err) {
		bool regular = fstat(in->fd, &st) == 0 && S_ISREG(st.st_mode);
		in->idle_ms = regular ? 0 : idle_ms;
		err = begin(in);
		if (err && in->error)
			diag_error(d, file, "%s", in->error);
		else if (err)
			diag_error(d, file, "cannot read: %s", strerror(-err));
	}
	if (err) {
		input_close(in);
		return err;
	}
	*ret = in;
	return 0;
}

/* The line from start to END (a newline or the end of what there is) is handed out. */
static int hand_out(struct input *in, size_t end, bool terminated, struct input_line *ret)
{
	*ret = (struct input_line){in->buf + in->start, in->buf + end, terminated, false};
	in->start = in->searched = end + terminated;
	if (ret->end > ret->p && ret->end[-1] == '\r')
		ret->end--;
	*ret->end = '\n';
	return 1;
}

/* Of a line that is too long; what comes at NEXT follows. */
static int hand_out_beginning(struct input *in, size_t next, struct input_line *ret)
{
	*ret = (struct input_line){in->buf + in->start, in->buf + in->start + 1, true, true};
	in->start = in->searched = next;
	return 1;
}

/* The next line as it stands in the input. */
static int next_raw(struct input *in, struct input_line *ret)
{
	for (;;) {
		char *nl = memchr(in->buf + in->searched, '\n', in->n - in->searched);
		if (nl && in->discarding) {
			in->discarding = false;
			in->start = in->searched = (size_t)(nl - in->buf) + 1;
			continue;
		}
		if (nl && (size_t)(nl - in->buf) - in->start > in->line_max)
			return hand_out_beginning(in, (size_t)(nl - in->buf) + 1, ret);
		if (nl)
			return hand_out(in, (size_t)(nl - in->buf), true, ret);
		in->searched = in->n;
		if (in->discarding) {
			in->start = in->n;
		} else if (in->n - in->start > in->line_max) {
			in->discarding = true;
			return hand_out_beginning(in, in->n, ret);
		}
		ssize_t got = in->ended ? 0 : fill(in);
		if (got < 0)
			return (int)got;
		if (got > 0 && in->discarding && in->idle_ms)
			return -EAGAIN; /* a line without an end must not keep its reader from stopping */
		if (got > 0)
			continue;
		in->ended = true;
		if (in->start == in->n)
			return 0;
		return hand_out(in, in->n, false, ret);
	}
}

/*
 * A node log's line: 2026-08-21T07:07:24.076219821Z stdout F {"process_exec": ...
 * Returns 1 with the prefix taken off, 2 when it is a piece (P) of a longer line, 0 when it is no such line.
 */
static int node_log(struct input_line *line, int *ret_stream)
{
	static const struct str streams[] = {STR_INIT("stdout"), STR_INIT("stderr")};
	size_t n = (size_t)(line->end - line->p);
	if (n < 2 || line->p[0] < '0' || line->p[0] > '9')
		return 0;
	const char *space = memchr(line->p, ' ', MIN(n, 40));
	if (!space || line->end - space < 10)
		return 0;
	for (int i = 0; i < 2; i++) {
		if (memcmp(space + 1, streams[i].p, 6) || space[7] != ' ' || space[9] != ' ')
			continue;
		line->p += space + 10 - line->p;
		*ret_stream = i;
		return space[8] == 'P' ? 2 : 1;
	}
	return 0;
}

int input_next(struct input *in, struct input_line *ret)
{
	int err = in->begun ? 0 : look_at_start(in);
	if (err)
		return err;
	for (;;) {
		int stream, rc = next_raw(in, ret);
		if (rc <= 0 || ret->too_long)
			return rc;
		int kind = node_log(ret, &stream);
		if (kind == 0)
			return 1;
		struct buf *parts = &in->parts[stream];
		size_t n = (size_t)(ret->end - ret->p);
		if (kind == 1 && parts->n == 0)
			return 1;
		if (parts->n <= in->line_max)
			buf_add(parts, ret->p, n);
		if (kind == 2)
			continue;
		ret->too_long = parts->n > in->line_max;
		buf_reserve(parts, SCAN_PAD + 1);
		memset(parts->p + parts->n, '\n', SCAN_PAD + 1);
		ret->p = parts->p;
		ret->end = parts->p + parts->n;
		parts->n = 0;
		return 1;
	}
}
