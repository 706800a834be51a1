/* SPDX-License-Identifier: GPL-2.0-only */
/* stakeout show: what one workload did. What its recordings lost is always said. */
#include <stdio.h>

#include "compiler/allow/pick.h"
#include "compiler/eval/proctree.h"
#include "compiler/verbs.h"
#include "schema/base/cli.h"
#include "schema/listing.h"

struct opts {
	const char *db, *text, *sort, *choice;
	bool json, exec, file, connect, bind, guard, tree, instances, refused, reverse;
	uint64_t limit, offset;
};

static const struct cli_option options[] = {
	{"db", 'd', CLI_STRING, offsetof(struct opts, db), "FILE", "the store (default " STORE_DEFAULT ")"},
	{"exec", 0, CLI_FLAG, offsetof(struct opts, exec), NULL, "programs it started"},
	{"file", 0, CLI_FLAG, offsetof(struct opts, file), NULL, "files it opened or changed"},
	{"connect", 0, CLI_FLAG, offsetof(struct opts, connect), NULL, "addresses it connected to"},
	{"bind", 0, CLI_FLAG, offsetof(struct opts, bind), NULL, "local addresses it took"},
	{"guard", 0, CLI_FLAG, offsetof(struct opts, guard), NULL, "module loads, mounts and the like"},
	{"tree", 0, CLI_FLAG, offsetof(struct opts, tree), NULL, "who started whom"},
	{"instances", 0, CLI_FLAG, offsetof(struct opts, instances), NULL, "its pods, containers or unit starts"},
	{"refused", 0, CLI_FLAG, offsetof(struct opts, refused), NULL, "what an enforcer refused it, or would have, by which rule"},
	{"text", 't', CLI_STRING, offsetof(struct opts, text), "TEXT", "only rows that contain TEXT"},
	{"choice", 0, CLI_STRING, offsetof(struct opts, choice), "WORD", "only undecided, allow or deny"},
	{"sort", 's', CLI_STRING, offsetof(struct opts, sort), "KEY",
	 "path, count, first, last, instances, subject, choice"},
	{"reverse", 'r', CLI_FLAG, offsetof(struct opts, reverse), NULL, "greatest first"},
	{"limit", 'n', CLI_U64, offsetof(struct opts, limit), "N", "at most N rows"},
	{"offset", 0, CLI_U64, offsetof(struct opts, offset), "N", "leave out the first N rows"},
	{"json", 'j', CLI_FLAG, offsetof(struct opts, json), NULL, "one JSON object per row, then a summary"},
};

struct view {
	struct store *s;
	struct arena *arena;
	const struct opts *opts;
	struct workload_row w;
	uint64_t shown, total;
};

static int show_kind(struct view *v, int kind)
{
	struct observation_query q = {.workload = v->w.id,
				      .kind = kind,
				      .choice = -1,
				      .text = str_from(v->opts->text),
				      .descending = v->opts->reverse,
				      .offset = v->opts->offset,
				      .limit = v->opts->limit};
	if (v->opts->sort)
		q.sort = (enum observation_sort)observation_sort_from(str_from(v->opts->sort));
	if (v->opts->choice)
		q.choice = choice_from(str_from(v->opts->choice));
	struct observation_row *rows = NULL;
	size_t n = 0;
	uint64_t total = 0;
	int err = store_observation_page(v->s, v->arena, &q, &rows, &n, &total);
	if (err)
		return err;
	v->shown += n;
	v->total += total;
	CLEANUP(table_free) struct table *t = listing_observations(rows, n);
	table_print(t, v->opts->json ? TABLE_JSON : TABLE_PLAIN, stdout);
	return 0;
}

static int show_tree(struct view *v)
{
	struct observation_query q = {.workload = v->w.id, .kind = KIND_EXEC, .choice = -1};
	struct observation_row *rows = NULL;
	size_t n = 0;
	int err = store_observation_page(v->s, v->arena, &q, &rows, &n, &v->total);
	if (err)
		return err;
	v->shown = n;
	CLEANUP(table_free) struct table *t = proctree(rows, n);
	table_print(t, v->opts->json ? TABLE_JSON : TABLE_PLAIN, stdout);
	return 0;
}

static int show_instances(struct view *v)
{
	struct instance_row *rows = NULL;
	size_t n = 0;
	int err = store_instances(v->s, v->arena, v->w.id, &rows, &n);
	if (err)
		return err;
	v->shown = v->total = n;
	CLEANUP(table_free) struct table *t = listing_instances(rows, n);
	table_print(t, v->opts->json ? TABLE_JSON : TABLE_PLAIN, stdout);
	return 0;
}

static int show_refused(struct view *v)
{
	struct refusal *rows = NULL;
	size_t n = 0;
	int err = store_refusals(v->s, v->arena, v->w.id, &rows, &n);
	if (err)
		return err;
	v->shown = v->total = n;
	CLEANUP(table_free) struct table *t = listing_refusals(rows, n);
	table_print(t, v->opts->json ? TABLE_JSON : TABLE_PLAIN, stdout);
	return 0;
}

static int show_rows(struct view *v)
{
	const struct opts *o = v->opts;
	if (o->tree)
		return show_tree(v);
	if (o->instances)
		return show_instances(v);
	if (o->refused)
		return show_refused(v);
	const bool asked[] = {[KIND_EXEC] = o->exec, [KIND_FILE] = o->file, [KIND_CONNECT] = o->connect,
			      [KIND_GUARD] = o->guard, [KIND_BIND] = o->bind};
	bool any = false;
	int err = 0;
	for (int kind = 0; kind < (int)ARRAY_SIZE(asked) && !err; kind++) {
		if (!asked[kind])
			continue;
		any = true;
		err = show_kind(v, kind);
	}
	return any || err ? err : show_kind(v, -1);
}

static void summary_json(const struct view *v)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_puts(&b, "{\"summary\":true,\"workload\":");
	buf_json(&b, v->w.text);
	buf_printf(&b, ",\"shown\":%llu,\"total\":%llu,\"recordings\":%llu,\"lost\":%llu}",
		   (unsigned long long)v->shown, (unsigned long long)v->total,
		   (unsigned long long)v->w.recordings, (unsigned long long)v->w.lost);
	puts(b.p);
}

static int summary_text(const struct view *v)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_putc(&b, '\n');
	buf_text(&b, v->w.text);
	buf_puts(&b, ": ");
	buf_count(&b, v->shown);
	buf_puts(&b, " of ");
	buf_count(&b, v->total);
	buf_puts(&b, " rows, from ");
	buf_count(&b, v->w.recordings);
	buf_puts(&b, v->w.recordings == 1 ? " recording\n" : " recordings\n");
	if (v->opts->tree)
		buf_puts(&b, "A program with ... behind it stands further up with all that it starts.\n");
	struct loss_row *losses = NULL;
	size_t n = 0;
	int err = store_losses(v->s, v->arena, v->w.id, &losses, &n);
	if (err)
		return err;
	if (n) {
		buf_puts(&b, "NOT COMPLETE, these recordings lost ");
		buf_count(&b, v->w.lost);
		buf_puts(&b, " events:\n");
	}
	for (size_t i = 0; i < n; i++) {
		buf_puts(&b, "  ");
		buf_count(&b, losses[i].count);
		buf_putc(&b, ' ');
		buf_text(&b, losses[i].kind);
		buf_puts(&b, ": ");
		buf_text(&b, losses[i].reason);
		buf_printf(&b, " (recording %lld)\n", (long long)losses[i].recording);
	}
	fputs(b.p, stdout);
	return 0;
}

static bool check_words(const struct opts *o)
{
	if (o->sort && observation_sort_from(str_from(o->sort)) < 0) {
		diag_say("stakeout show: --sort knows path, count, first, last, instances, "
			 "subject, choice; not '%s'",
			 o->sort);
		return false;
	}
	if (o->choice && choice_from(str_from(o->choice)) < 0) {
		diag_say("stakeout show: --choice knows undecided, allow, deny; not '%s'",
			 o->choice);
		return false;
	}
	return true;
}

int cmd_show(int argc, char **argv)
{
	static const struct cli_verb verb = {
		"show", "what a workload did: how often, when, in how many instances, started by whom", "WORKLOAD", 1, 1,
		options, ARRAY_SIZE(options),
		"WORKLOAD is the whole name or a part of it that only one has. Without a kind all kinds are shown."};
	struct opts o = {.db = STORE_DEFAULT};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	if (!check_words(&o))
		return EXIT_INPUT;
	CLEANUP(store_close) struct store *s = NULL;
	if ((status = open_store(o.db, STORE_READ, &s)))
		return status;
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct view v = {.s = s, .arena = a, .opts = &o};
	int err = pick_workload(s, a, args.v[0], &d, &v.w);
	if (err) {
		diag_print(&d);
		return exit_status(err);
	}
	err = show_rows(&v);
	if (!err && o.json)
		summary_json(&v);
	else if (!err)
		err = summary_text(&v);
	if (err) {
		diag_say("%s", store_error(s));
		return exit_status(err);
	}
	return EXIT_YES;
}
