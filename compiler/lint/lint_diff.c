/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The unified format, by Myers' greedy search: the fewest lines out and in. Fixes are few, so what the search costs, the
 * square of their number, stays small; beyond DIFFERENCES_MAX all lines between the first and the last change are shown as
 * replaced.
 */
#include "compiler/lint/lint_fix.h"

enum { CONTEXT = 3, DIFFERENCES_MAX = 1000 };

struct lines {
	struct str *v;
	size_t n, cap;
};

static void split(struct str text, struct lines *ret)
{
	for (size_t i = 0; i < text.n;) {
		const char *end = memchr(text.p + i, '\n', text.n - i);
		size_t n = end ? (size_t)(end - (text.p + i)) + 1 : text.n - i;
		*(struct str *)VEC_PUSH(ret) = (struct str){text.p + i, n};
		i += n;
	}
}

/* Marks the lines that went and came; A and B are what lies between the common beginning and end. */
struct difference {
	const struct str *a, *b;
	size_t na, nb;
	bool *gone, *come;
};

static size_t snake(const struct difference *d, size_t x, size_t y)
{
	while (x < d->na && y < d->nb && str_eq(d->a[x], d->b[y]))
		x++, y++;
	return x;
}

/* Walks back along the furthest points that were kept of each step. */
static void trace_back(const struct difference *d, size_t *const *kept, size_t steps)
{
	size_t x = d->na, y = d->nb;
	for (size_t step = steps; step > 0; step--) {
		const size_t *v = kept[step - 1];
		ptrdiff_t k = (ptrdiff_t)x - (ptrdiff_t)y, s = (ptrdiff_t)step;
		bool down = k == -s || (k != s && v[k - 1 + s] < v[k + 1 + s]);
		ptrdiff_t from = down ? k + 1 : k - 1;
		size_t px = v[from + s], py = (size_t)((ptrdiff_t)px - from);
		if (down)
			d->come[py] = true;
		else
			d->gone[px] = true;
		x = px, y = py;
	}
}

/* kept[s]: the furthest x on diagonal k after s differences, at index k + s + 1. */
static bool search(const struct difference *d, size_t **kept, size_t *ret_steps)
{
	for (size_t step = 0; step <= DIFFERENCES_MAX; step++) {
		ptrdiff_t s = (ptrdiff_t)step;
		size_t *now = kept[step] = xcalloc(2 * step + 3, sizeof(size_t));
		for (ptrdiff_t k = -s; k <= s; k += 2) {
			const size_t *v = step ? kept[step - 1] : NULL;
			bool down = step && (k == -s || (k != s && v[k - 1 + s] < v[k + 1 + s]));
			size_t x = !step ? 0 : down ? v[k + 1 + s] : v[k - 1 + s] + 1;
			ptrdiff_t y = (ptrdiff_t)x - k;
			if (x > d->na || y < 0 || (size_t)y > d->nb)
				continue;
			x = now[k + s + 1] = snake(d, x, (size_t)y);
			if (x == d->na && (ptrdiff_t)x - k == (ptrdiff_t)d->nb) {
				*ret_steps = step;
				return true;
			}
		}
	}
	*ret_steps = DIFFERENCES_MAX;
	return false;
}

static void compare(const struct difference *d)
{
	size_t **kept = xcalloc(DIFFERENCES_MAX + 1, sizeof(*kept)), steps;
	if (search(d, kept, &steps)) {
		trace_back(d, kept, steps);
	} else {
		memset(d->gone, true, d->na);
		memset(d->come, true, d->nb);
	}
	for (size_t i = 0; i <= steps && i <= DIFFERENCES_MAX; i++)
		free(kept[i]);
	free(kept);
}

/* ---- printing ---- */

static void put_line(struct buf *b, char sign, struct str line)
{
	buf_putc(b, sign);
	buf_str(b, line);
	if (!str_ends(line, STR("\n")))
		buf_puts(b, "\n\\ No newline at end of file\n");
}

struct sides {
	struct lines a, b;
	bool *gone, *come;
};

/* From line X of the one and Y of the other to where CONTEXT lines on both sides of a change are the same. */
static void put_hunk(const struct sides *s, size_t *x, size_t *y, struct buf *ret)
{
	CLEANUP_BUF struct buf body = BUF_INIT;
	size_t back = MIN(MIN(*x, *y), (size_t)CONTEXT), from_x = *x - back, from_y = *y - back, i = *x, k = *y, same = 0;
	for (size_t n = from_x; n < *x; n++)
		put_line(&body, ' ', s->a.v[n]);
	while (same < 2 * CONTEXT && (i < s->a.n || k < s->b.n)) {
		size_t before = body.n;
		if (i < s->a.n && s->gone[i])
			put_line(&body, '-', s->a.v[i++]), same = 0;
		else if (k < s->b.n && s->come[k])
			put_line(&body, '+', s->b.v[k++]), same = 0;
		else if (same++ < CONTEXT)
			put_line(&body, ' ', s->a.v[i++]), k++;
		else {
			/* Worth showing only if another change is near. */
			size_t near = i;
			while (near < s->a.n && near < i + CONTEXT && !s->gone[near] && !s->come[k + (near - i)])
				near++;
			if (near >= s->a.n || near >= i + CONTEXT)
				break;
			put_line(&body, ' ', s->a.v[i++]), k++;
		}
		if (body.n == before)
			break;
	}
	buf_printf(ret, "@@ -%zu,%zu +%zu,%zu @@\n", i > from_x ? from_x + 1 : from_x, i - from_x,
		   k > from_y ? from_y + 1 : from_y, k - from_y);
	buf_str(ret, buf_view(&body));
	*x = i, *y = k;
}

void lint_diff(const char *file, struct str before, struct str after, struct buf *ret)
{
	struct sides s = {0};
	size_t head = 0, tail = 0;
	if (str_eq(before, after))
		return;
	split(before, &s.a);
	split(after, &s.b);
	while (head < s.a.n && head < s.b.n && str_eq(s.a.v[head], s.b.v[head]))
		head++;
	while (tail + head < s.a.n && tail + head < s.b.n && str_eq(s.a.v[s.a.n - 1 - tail], s.b.v[s.b.n - 1 - tail]))
		tail++;
	/* One more than there are lines: the search for the next change looks past the end. */
	s.gone = xcalloc(s.a.n + CONTEXT + 1, 1);
	s.come = xcalloc(s.b.n + CONTEXT + 1, 1);
	compare(&(struct difference){s.a.v + head, s.b.v + head, s.a.n - head - tail, s.b.n - head - tail, s.gone + head,
				     s.come + head});
	buf_printf(ret, "--- %s\n+++ %s\n", file, file);
	for (size_t x = 0, y = 0; x < s.a.n || y < s.b.n;) {
		if ((x < s.a.n && s.gone[x]) || (y < s.b.n && s.come[y]))
			put_hunk(&s, &x, &y, ret);
		else
			x++, y++;
	}
	free(s.gone);
	free(s.come);
	free(s.a.v);
	free(s.b.v);
}
