/* SPDX-License-Identifier: GPL-2.0-only */
/* Opening a store and naming a workload, with help when the name is not enough. */
#include "compiler/allow/pick.h"

#include "schema/base/cli.h"

enum { SHOWN_MATCHES = 10 };

int open_store(const char *file, enum store_mode mode, struct store **ret)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	int err = store_open(file, mode, &d, ret);
	diag_print(&d);
	return exit_status(err);
}

static int say_ambiguous(const char *pattern, const struct workload_row *rows, size_t n, struct diag *d)
{
	bool clusters = false;      /* the written form alone does not tell them apart */
	for (size_t i = 0; i < n; i++)
		clusters |= rows[i].workload.cluster.n;
	CLEANUP_BUF struct buf names = BUF_INIT;
	for (size_t i = 0; i < MIN(n, (size_t)SHOWN_MATCHES); i++)
		buf_printf(&names, "%s" STR_FMT "%s" STR_FMT, i ? ", " : "", STR_ARG(rows[i].workload.cluster),
			   clusters ? ":" : "", STR_ARG(rows[i].text));
	if (n > SHOWN_MATCHES)
		buf_printf(&names, " and %zu more", n - SHOWN_MATCHES);
	return diag_error(d, NULL, "'%s' matches %zu workloads; name one of: %s", pattern, n, names.p);
}

static int say_unknown(struct store *s, const char *pattern, struct diag *d)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct workload_row *rows = NULL;
	size_t n = 0;
	int err = store_workloads(s, a, NULL, 0, &rows, &n);
	if (err)
		return err;
	if (n == 0)
		return diag_error(d, store_file(s),
				  "holds no workloads yet; fill it with 'stakeout record' or 'stakeout ingest FILE'");
	const char **names = arena_alloc(a, 2 * n * sizeof(*names));
	for (size_t i = 0; i < n; i++) {
		names[i] = rows[i].text.p;
		names[n + i] = arena_str(a, rows[i].workload.name).p;
	}
	const char *near = cli_nearest(pattern, names, 2 * n);
	for (size_t i = 0; near && i < n; i++)
		if (near == names[n + i])
			near = rows[i].text.p;
	for (size_t i = 0; !near && i < n; i++)
		if (strstr(rows[i].text.p, pattern))
			near = rows[i].text.p;
	return diag_error(d, NULL, "no workload matches '%s'%s%s%s; see 'stakeout workloads'", pattern,
			  near ? ", did you mean '" : "", near ? near : "", near ? "'" : "");
}

int pick_workload(struct store *s, struct arena *a, const char *pattern, struct diag *d,
		  struct workload_row *ret)
{
	struct workload_row *rows = NULL;
	size_t n = 0, exact = 0;
	int err = store_workloads(s, a, pattern, 0, &rows, &n);
	if (!err && n == 0) {
		err = say_unknown(s, pattern, d);
		if (err == -EINVAL)
			return err;
	}
	if (err)
		return diag_error(d, NULL, "%s", store_error(s)), err;
	size_t matches = 0;
	for (size_t i = 0; i < n; i++) {
		if (str_eq(rows[i].text, str_from(pattern))) {
			exact = i;
			matches++;
		}
	}
	if (matches != 1 && n > 1)
		return say_ambiguous(pattern, rows, n, d);
	*ret = rows[exact];
	return 0;
}
