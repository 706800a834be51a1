/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that ends the program when exhausted, and the few string helpers everything shares. */
#include "schema/base/base.h"

#include <stdio.h>
#include <unistd.h>

static _Noreturn void out_of_memory(void)
{
	static const char msg[] = "stakeout: out of memory\n";
	ssize_t n = write(STDERR_FILENO, msg, sizeof(msg) - 1);
	_exit(n < 0 ? EXIT_MACHINE : EXIT_MACHINE);
}

enum exit_status exit_status(int err)
{
	static const int input[] = {-ENOENT, -EINVAL, -EMEDIUMTYPE, -EPROTO, -EPROTONOSUPPORT, -ENODATA, -EUCLEAN,
				    -E2BIG, -EISDIR, -ENOTDIR, -ENAMETOOLONG, -ELOOP, -EBADMSG, -ENXIO};
	for (size_t i = 0; i < ARRAY_SIZE(input); i++)
		if (err == input[i])
			return EXIT_INPUT;
	return err ? EXIT_MACHINE : EXIT_YES;
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);
	if (!p)
		out_of_memory();
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);
	if (!p)
		out_of_memory();
	return p;
}

void *xrealloc(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (!p)
		out_of_memory();
	return p;
}

void *xreallocarray(void *p, size_t n, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(n, size, &total))
		out_of_memory();
	return xrealloc(p, total);
}

char *xstrndup(const char *s, size_t n)
{
	char *copy = xmalloc(n + 1);
	if (n)
		memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *s;
	int n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	return s;
}

void *vec_grow(void *v, size_t *cap, size_t size)
{
	*cap = *cap ? *cap * 2 : 8;
	return xreallocarray(v, *cap, size);
}

int str_cmp(struct str a, struct str b)
{
	size_t n = MIN(a.n, b.n);
	int c = n ? memcmp(a.p, b.p, n) : 0;
	if (c)
		return c;
	return a.n < b.n ? -1 : a.n > b.n;
}

int str_to_u64(struct str s, uint64_t *ret)
{
	uint64_t v = 0;
	if (s.n == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
			return -ERANGE;
	}
	*ret = v;
	return 0;
}

int str_to_i64(struct str s, int base, int64_t *ret)
{
	char text[72];
	if (s.n == 0 || s.n >= sizeof(text) || memchr(s.p, '\0', s.n))
		return -EINVAL;
	if (s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r'))
		return -EINVAL;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	char *end;
	errno = 0;
	long long v = strtoll(text, &end, base);
	if (*end || end == text)
		return -EINVAL;
	if (errno)
		return -errno;
	*ret = v;
	return 0;
}

void cleanup_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

void copy_bytes(void *to, const void *from, size_t n)
{
	memcpy(to, from, n);
}

void clear_bytes(void *p, size_t n)
{
	memset(p, 0, n);
}
