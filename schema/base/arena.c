/* SPDX-License-Identifier: GPL-2.0-only */
/* A chain of growing chunks; the newest is filled from the front. */
#include "schema/base/arena.h"

#include "schema/base/buf.h"

enum { FIRST_CHUNK = 4096, MAX_CHUNK = 1 << 20 };

struct chunk {
	struct chunk *next;
	size_t used, cap;
	_Alignas(max_align_t) char data[];
};

struct arena {
	struct chunk *chunk;
	size_t total;
};

struct arena *arena_new(void)
{
	return xcalloc(1, sizeof(struct arena));
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	for (struct chunk *c = a->chunk, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(a);
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	size = (size + align - 1) & ~(align - 1);
	struct chunk *c = a->chunk;
	if (!c || c->cap - c->used < size) {
		size_t cap = c ? MIN(c->cap * 2, (size_t)MAX_CHUNK) : FIRST_CHUNK;
		cap = MAX(cap, size);
		struct chunk *fresh = xmalloc(sizeof(*fresh) + cap);
		*fresh = (struct chunk){.next = c, .cap = cap};
		a->chunk = c = fresh;
	}
	void *p = c->data + c->used;
	c->used += size;
	a->total += size;
	return memset(p, 0, size);
}

struct str arena_str(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);
	if (s.n)
		memcpy(p, s.p, s.n);
	return (struct str){p, s.n};
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	return (char *)arena_str(a, buf_view(&b)).p;
}

size_t arena_size(const struct arena *a)
{
	return a->total;
}

void *arena_grow(struct arena *a, void *v, size_t n, size_t size)
{
	/* Capacity is the next power of two, so only a full array is copied. */
	if (n == 0)
		return arena_alloc(a, size);
	if (n & (n - 1)) {
		memset((char *)v + n * size, 0, size);
		return v;
	}
	void *bigger = arena_alloc(a, 2 * n * size);
	memcpy(bigger, v, n * size);
	return bigger;
}
