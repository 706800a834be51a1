/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every file may use: borrowed byte strings, memory that cannot fail, scoped cleanup.
 *
 * Out of memory ends the program (status 3). Sizes that come from input are checked against
 * a named limit by the reader before anything is allocated.
 */
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)     ((a) < (b) ? (a) : (b))
#define MAX(a, b)     ((a) > (b) ? (a) : (b))
#define PRINTF(f, a)  __attribute__((format(printf, f, a)))
#define NSEC_PER_SEC  1000000000ull

/* Exit statuses of every program (they are part of the interface). */
enum exit_status {
	EXIT_YES = 0,     /* done; the answer is yes */
	EXIT_NO = 1,      /* the answer is no: would deny, differs, expectation broken */
	EXIT_INPUT = 2,   /* bad usage or bad input */
	EXIT_MACHINE = 3, /* this machine cannot: no privilege, no BTF, disk full */
};

/* Of 0 or -errno that a file gave: what it holds or where it is said to be is input, the rest is the machine's. */
enum exit_status exit_status(int err);

/*
 * A borrowed run of bytes: not NUL-terminated, not owned, may hold any byte.
 * {NULL, 0} is the empty string.
 */
struct str {
	const char *p;
	size_t n;
};

#define STR(literal)   ((struct str){(literal), sizeof(literal) - 1})
#define STR_FMT        "%.*s"
#define STR_ARG(s)     (int)(s).n, (s).p ? (s).p : ""
#define STR_INIT(lit)  {(lit), sizeof(lit) - 1}

static inline struct str str_from(const char *c_string)
{
	return (struct str){c_string, c_string ? strlen(c_string) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n &&
	       (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

static inline struct str str_skip(struct str s, size_t n)
{
	return n >= s.n ? (struct str){NULL, 0} : (struct str){s.p + n, s.n - n};
}

/* Byte order, shorter first on a common prefix; the order of every sorted output. */
int str_cmp(struct str a, struct str b);

/* Whole-string decimal (or, base 0, C-style) integers. Returns 0 or -EINVAL / -ERANGE. */
int str_to_u64(struct str s, uint64_t *ret);
int str_to_i64(struct str s, int base, int64_t *ret);

/*
 * memcpy() and memset() as calls of the C library: for structs of some hundred bytes the string instructions that compilers put in
 * their place take several times as long.
 */
void copy_bytes(void *to, const void *from, size_t n);
void clear_bytes(void *p, size_t n);

/* These end the program when memory is exhausted; none returns NULL. */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) PRINTF(1, 2);

/*
 * A growing array: struct { T *v; size_t n, cap; }. VEC_PUSH returns a pointer to the new,
 * zeroed element; it is valid until the next push.
 */
#define VEC_PUSH(vec)                                                                              \
	(((vec)->n == (vec)->cap                                                                   \
	      ? (void)((vec)->v = vec_grow((vec)->v, &(vec)->cap, sizeof(*(vec)->v)))              \
	      : (void)0),                                                                          \
	 memset(&(vec)->v[(vec)->n], 0, sizeof(*(vec)->v)), &(vec)->v[(vec)->n++])
void *vec_grow(void *v, size_t *cap, size_t size);

/* CLEANUP(foo_free) struct foo *f = NULL;  calls foo_free(f) on every return. */
#define CLEANUP(fn)       __attribute__((cleanup(cleanup_##fn)))
#define DEFINE_CLEANUP(type, fn)                                                                   \
	static inline void cleanup_##fn(type *p)                                                   \
	{                                                                                          \
		if (*p)                                                                            \
			fn(*p);                                                                    \
	}
/* Hands a CLEANUP pointer over: *ret_f = TAKE(f); */
#define TAKE(p)                                                                                    \
	({                                                                                         \
		__typeof__(p) take_ = (p);                                                         \
		(p) = NULL;                                                                        \
		take_;                                                                             \
	})

DEFINE_CLEANUP(void *, free)
static inline void cleanup_free_any(void *p)
{
	free(*(void **)p);
}
/* For pointers of any type: CLEANUP_FREE char *s = ...; */
#define CLEANUP_FREE __attribute__((cleanup(cleanup_free_any)))

/* A file descriptor closed on return; -1 means none. */
#define CLEANUP_FD __attribute__((cleanup(cleanup_fd)))
void cleanup_fd(int *fd);
