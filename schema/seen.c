/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every line has a 64-bit digest under a key of the store. New lines are collected in runs, which end where a
 * digest happens to end in eight zero bits: so two streams with the same content mostly cut it in the same
 * places, wherever they began. Looking up a line costs a probe of a hash set of first lines; only when it is there
 * is the run read from the store.
 */
#include "schema/seen.h"

#include "schema/base/buf.h"
#include "schema/store_stream.h"

#define RUN_END_MASK 0xffu
#define START_LINES  3   /* the first may be cut */

struct run {
	uint64_t *v;
	size_t n, cap;
};

struct seen {
	struct store *store;
	uint64_t key;
	struct seen_stats stats;
	size_t at_start;           /* lines of this stream that may still be the middle of a known run */
	struct buf follow;         /* the known run that the stream is in */
	size_t follow_at;
	struct run run;            /* new lines; the first STORED of them are in the store */
	size_t stored, written;
	struct {
		struct run *v;
		size_t n, cap;
	} closed;                  /* complete, not in the store yet */
	uint64_t recent[SEEN_RECENT];
	size_t recent_at;
	uint8_t recent_filter[4096];
	uint64_t *firsts;          /* open addressing; 0 = free */
	size_t nfirsts, mask;
};

/* ---- digests ---- */

static uint64_t mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t word(const char *p)
{
	uint64_t w;
	memcpy(&w, p, sizeof(w));
	return w;
}

/* Four lanes of 16 bytes, so that the multiplications overlap. */
static uint64_t digest(uint64_t key, struct str s)
{
	static const uint64_t k0 = 0xa0761d6478bd642f, k1 = 0xe7037ed1a0b428db, k2 = 0x8ebc6af09c88c6e3,
			      k3 = 0x589965cc75374cc3;
	uint64_t a = key ^ k0, b = key ^ k1, c = key ^ k2, d = key ^ k3;
	const char *p = s.p;
	size_t n = s.n;
	for (; n >= 64; p += 64, n -= 64) {
		a = mix(word(p) ^ k0, word(p + 8) ^ a);
		b = mix(word(p + 16) ^ k1, word(p + 24) ^ b);
		c = mix(word(p + 32) ^ k2, word(p + 40) ^ c);
		d = mix(word(p + 48) ^ k3, word(p + 56) ^ d);
	}
	char tail[64] = {0};
	if (n)
		memcpy(tail, p, n);
	a = mix(word(tail) ^ k0, word(tail + 8) ^ a);
	b = mix(word(tail + 16) ^ k1, word(tail + 24) ^ b);
	c = mix(word(tail + 32) ^ k2, word(tail + 40) ^ c);
	d = mix(word(tail + 48) ^ k3, word(tail + 56) ^ d);
	uint64_t h = mix(mix(a ^ key, b ^ k2) ^ s.n, mix(c ^ k0, d ^ key));
	return h ? h : 1;
}

/* ---- the set of first lines ---- */

static size_t first_slot(const struct seen *s, uint64_t first)
{
	size_t at = first >> 8 & s->mask;   /* the low bits are those that end runs */
	while (s->firsts[at] && s->firsts[at] != first)
		at = (at + 1) & s->mask;
	return at;
}

static void add_first(void *arg, uint64_t first)
{
	struct seen *s = arg;
	if (s->nfirsts * 2 >= s->mask) {
		uint64_t *old = s->firsts;
		size_t n = s->mask + 1;
		s->mask = n * 2 - 1;
		s->firsts = xcalloc(n * 2, sizeof(*s->firsts));
		for (size_t i = 0; i < n; i++)
			if (old[i])
				s->firsts[first_slot(s, old[i])] = old[i];
		free(old);
	}
	size_t at = first_slot(s, first);
	s->nfirsts += s->firsts[at] == 0;
	s->firsts[at] = first;
}

int seen_open(struct store *store, struct seen **ret)
{
	CLEANUP(seen_free) struct seen *s = xcalloc(1, sizeof(*s));
	s->store = store;
	s->at_start = START_LINES;
	s->mask = 1023;
	s->firsts = xcalloc(s->mask + 1, sizeof(*s->firsts));
	int err = store_stream_key(store, &s->key);
	if (!err)
		err = store_stream_firsts(store, add_first, s);
	if (!err)
		*ret = TAKE(s);
	return err;
}

void seen_free(struct seen *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->closed.n; i++)
		free(s->closed.v[i].v);
	free(s->closed.v);
	free(s->run.v);
	free(s->firsts);
	buf_done(&s->follow);
	free(s);
}

const struct seen_stats *seen_stats(const struct seen *s)
{
	return &s->stats;
}

/* ---- lines ---- */

/* Is D among the last lines of this run of the program? Remembers it. */
static bool is_recent(struct seen *s, uint64_t d, struct str line)
{
	uint8_t *count = &s->recent_filter[d >> 20 & (ARRAY_SIZE(s->recent_filter) - 1)];
	if (*count && memmem(line.p, line.n, "\"time\":\"", 8))
		for (size_t i = 0; i < SEEN_RECENT; i++)
			if (s->recent[i] == d)
				return true;
	uint64_t *oldest = &s->recent[s->recent_at++ % SEEN_RECENT];
	if (*oldest)
		s->recent_filter[*oldest >> 20 & (ARRAY_SIZE(s->recent_filter) - 1)]--;
	*oldest = d;
	++*count;
	return false;
}

static bool follows(struct seen *s, uint64_t d)
{
	if (s->follow_at * sizeof(d) >= s->follow.n ||
	    word(s->follow.p + s->follow_at * sizeof(d)) != d) {
		s->follow.n = 0;
		return false;
	}
	s->follow_at++;
	return true;
}

/* A run of this program's that is not in the store yet. */
static bool find_closed(struct seen *s, uint64_t first)
{
	for (size_t i = 0; i < s->closed.n; i++) {
		if (s->closed.v[i].v[0] != first)
			continue;
		buf_clear(&s->follow);
		buf_add(&s->follow, s->closed.v[i].v, s->closed.v[i].n * sizeof(first));
		return true;
	}
	return false;
}

/* 1 = D begins a known run, which is followed from now on. */
static int find_run(struct seen *s, uint64_t d)
{
	int rc = 0;
	if (s->firsts[first_slot(s, d)] == d)
		rc = find_closed(s, d) ? 1 : store_stream_get(s->store, d, &s->follow);
	if (rc == 0 && s->at_start)
		rc = store_stream_from(s->store, d, &s->follow);
	s->follow_at = 1;
	return rc;
}

static void close_run(struct seen *s)
{
	if (s->run.n)
		*VEC_PUSH(&s->closed) = s->run;
	s->run = (struct run){NULL, 0, 0};
	s->stored = 0;
}

static void remember(struct seen *s, uint64_t d)
{
	if (s->run.n == 0)
		add_first(s, d);
	*VEC_PUSH(&s->run) = d;
	if ((d & RUN_END_MASK) == 0 || s->run.n == SEEN_RUN_MAX)
		close_run(s);
}

int seen_line(struct seen *s, struct str line)
{
	uint64_t d = digest(s->key, line);
	s->stats.lines++;
	int known = is_recent(s, d, line) || (s->follow.n && follows(s, d));
	if (!known) {
		known = find_run(s, d);
		if (known < 0)
			return known;
	}
	if (known)
		s->stats.known++;
	else
		remember(s, d);
	if (known && s->run.n && s->follow_at == 1)
		close_run(s);   /* what follows in the run would not follow in the stream */
	s->at_start = known || !s->at_start ? 0 : s->at_start - 1;
	return known;
}

void seen_end(struct seen *s)
{
	close_run(s);
	s->follow.n = 0;
	s->at_start = START_LINES;
}

int seen_write(struct seen *s, uint64_t now_ns)
{
	int err = 0;
	for (size_t i = 0; !err && i < s->closed.n; i++)
		err = store_stream_put(s->store, s->closed.v[i].v, s->closed.v[i].n, now_ns);
	if (!err && s->run.n > s->stored)
		err = store_stream_put(s->store, s->run.v, s->run.n, now_ns);
	s->written = s->run.n;
	return err;
}

void seen_written(struct seen *s)
{
	for (size_t i = 0; i < s->closed.n; i++)
		free(s->closed.v[i].v);
	s->closed.n = 0;
	s->stored = s->written;
}
