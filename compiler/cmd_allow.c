/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stakeout allow: an allowlist from what was observed, proposals of more general entries, or small edits of an
 * allowlist file. The document goes to standard output or a file, the account of what was left out to standard error.
 */
#include <stdio.h>

#include "compiler/allow/allow_edit.h"
#include "compiler/allow/generalise.h"
#include "compiler/allow/pick.h"
#include "compiler/allow/suggest.h"
#include "compiler/verbs.h"
#include "schema/base/cli.h"
#include "schema/base/io.h"
#include "schema/event_words.h"

enum { COMMENTS_LIMIT = 64 << 20 };

struct opts {
	const char *db, *output, *edit;
	bool all, decided, interactive, one_offs, typed, callers, enforce, generalise, json;
	struct cli_list only, except, protect, add_exec, add_file, add_connect, remove, fold;
};

#define OPT(name, letter, type, field, arg, help) {name, letter, type, offsetof(struct opts, field), arg, help}
static const struct cli_option options[] = {
	OPT("db", 'd', CLI_STRING, db, "FILE", "the store (default " STORE_DEFAULT ")"),
	OPT("output", 'o', CLI_STRING, output, "FILE", "write the document there instead of to standard output"),
	OPT("all", 'a', CLI_FLAG, all, NULL, "take in all that has a path: --interactive --one-offs --typed"),
	OPT("decided", 0, CLI_FLAG, decided, NULL, "only what a decision in the store allows"),
	OPT("only", 0, CLI_LIST, only, "PATTERN", "only these: a path, FOLDER/, ADDRESS:PORT, with * and ?"),
	OPT("not", 0, CLI_LIST, except, "PATTERN", "all but these"),
	OPT("interactive", 0, CLI_FLAG, interactive, NULL, "also what was seen in interactive sessions only"),
	OPT("one-offs", 0, CLI_FLAG, one_offs, NULL, "also what was seen once in one of several instances"),
	OPT("typed", 0, CLI_FLAG, typed, NULL, "use the path as typed where the resolved one is not known"),
	OPT("protect", 0, CLI_LIST, protect, "FOLDER/", "judge changes below this folder, or of this file, as well"),
	OPT("fold", 0, CLI_LIST, fold, "FOLDER/", "one entry for names made anew each time in this folder, for the program that makes them"),
	OPT("callers", 0, CLI_FLAG, callers, NULL, "name who does it: entries hold for these callers only"),
	OPT("enforce", 0, CLI_FLAG, enforce, NULL, "mode: enforce (default monitor)"),
	OPT("generalise", 'g', CLI_FLAG, generalise, NULL, "propose wider entries with what else they admit; writes no document"),
	OPT("edit", 'e', CLI_STRING, edit, "FILE", "edit this allowlist instead of reading the store"),
	OPT("add-exec", 0, CLI_LIST, add_exec, "PATH", "with --edit: allow a program, or FOLDER/"),
	OPT("add-file", 0, CLI_LIST, add_file, "PATH[:ACCESS,...]", "with --edit: allow changes of a file, or FOLDER/"),
	OPT("add-connect", 0, CLI_LIST, add_connect, "CIDR[:PORT[/tcp]]", "with --edit: allow a connection"),
	OPT("remove", 0, CLI_LIST, remove, "WHAT", "with --edit: remove entries of this path, network or guard"),
	OPT("json", 'j', CLI_FLAG, json, NULL, "what was left out, or the proposals, as JSON"),
};

static const char details[] =
	"Interactive sessions and one-offs are left out unless asked for. Probes that Tetragon marks are kept; in a recording by\n"
	"stakeout record the kubelet's exec probes and hooks look like kubectl exec, and need --interactive. A path that could\n"
	"not be read whole is never used. Decisions made in the web UI win over all options.\n"
	"Changes of files are judged below /bin/ /boot/ /etc/ /lib/ /lib64/ /root/ /sbin/ /usr/ and below every\n"
	"folder that a program was run from (not /tmp/, /var/tmp/, /run/, /dev/, /proc/, /sys/); --protect adds to them, editing\n"
	"the document takes away.";

static int write_document(const struct allowlist *a, const char *file)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	allowlist_print(a, &text);
	if (!file) {
		fwrite(text.p, 1, text.n, stdout);
		if (!fflush(stdout))
			return EXIT_YES;
		diag_say("stakeout allow: cannot write the document: %s", strerror(errno));
		return EXIT_MACHINE;
	}
	int err = write_file(file, text.p, text.n, 0666);
	if (err)
		diag_say("%s: cannot be written: %s", file, strerror(-err));
	return exit_status(err);
}

/* ---- editing a file ---- */

/* The document is written anew: what its model does not hold would be gone without a word. */
static void warn_comments(const char *file)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	size_t lines = 0;
	if (!strcmp(file, "-") || read_file(file, COMMENTS_LIMIT, &text))
		return;
	for (size_t i = 0; i < text.n; i++) {
		i += strspn(text.p + i, " \t");
		lines += text.p[i] == '#';
		i += strcspn(text.p + i, "\n");
	}
	if (lines)
		diag_say("warning: %s: %zu comment %s not kept; 'note:' beside an entry is", file, lines,
			 lines == 1 ? "line was" : "lines were");
}

static int edit(const struct opts *o)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(allowlist_free) struct allowlist *a = NULL;
	int err = allowlist_read(o->edit, &d, &a);
	if (!err && !o->output)
		warn_comments(o->edit);
	const struct {
		const struct cli_list *list;
		enum kind kind;
	} adds[] = {{&o->add_exec, KIND_EXEC}, {&o->add_file, KIND_FILE}, {&o->add_connect, KIND_CONNECT}};
	for (size_t i = 0; !err && i < o->remove.n; i++)
		err = allow_remove(a, o->remove.v[i], &d);
	for (size_t k = 0; k < ARRAY_SIZE(adds); k++)
		for (size_t i = 0; !err && i < adds[k].list->n; i++)
			err = allow_add(a, adds[k].kind, adds[k].list->v[i], &d);
	for (size_t i = 0; !err && i < o->protect.n; i++)
		*ARENA_PUSH(a->arena, a->protect, a->nprotect) = str_from(o->protect.v[i]);
	if (!err && o->enforce)
		a->mode = MODE_ENFORCE;
	diag_print(&d);
	if (err)
		return EXIT_INPUT;
	return write_document(a, o->output ? o->output : o->edit);
}

/* ---- proposals ---- */

struct wanted {
	const struct suggest_options *how;
	uint64_t instances;
	const struct allowlist *list;      /* which it would make: what it protects */
};

static bool is_wanted(const void *arg, const struct observation_row *row)
{
	const struct wanted *w = arg;
	bool judged = row->o.kind != KIND_FILE;
	for (size_t i = 0; i < w->list->nprotect && !judged; i++)
		judged = path_covers(w->list->protect[i], row->o.path);
	return judged && suggest_judge(row, w->instances, w->how) == LEFT_OUT_COUNT;
}

static int propose(struct store *s, struct arena *a, const struct workload_row *w,
		   const struct suggest_options *how, const struct opts *o)
{
	struct left_out_tally tally;
	CLEANUP(allowlist_free) struct allowlist *list = NULL;
	int err = suggest_allowlist(s, w, how, &tally, &list);
	if (err)
		return err;
	const struct wanted wanted = {how, w->instances, list};
	const struct chosen chosen = {is_wanted, &wanted};
	struct proposal *proposals = NULL;
	size_t n = 0;
	err = generalise_chosen(s, a, w->id, &chosen, &proposals, &n);
	if (err)
		return err;
	CLEANUP(table_free) struct table *t = listing_proposals(proposals, n);
	table_print(t, o->json ? TABLE_JSON : TABLE_PLAIN, stdout);
	if (!o->json)
		fputs(n ? "\nSTANDS FOR: objects taken in. SURPLUS: recorded here, not taken in. ELSEWHERE: what it admits among the other workloads'.\n"
			: "no entry would stand for two objects or more\n", stdout);
	return 0;
}

/* ---- from the store ---- */

/* What --fold would take in, and what else that admits. */
static void account_family(struct buf *b, const struct family *f, bool json)
{
	CLEANUP_BUF struct buf access = BUF_INIT;
	access_words(f->access, &access);
	if (json) {
		buf_puts(b, "{\"family\":");
		buf_json(b, f->folder);
		buf_puts(b, ",\"shape\":");
		buf_json(b, f->shape);
		buf_puts(b, ",\"by\":");
		buf_json(b, f->by);
		buf_printf(b, ",\"names\":%llu,\"access\":\"%s\",\"others\":%llu}\n", (unsigned long long)f->names, access.p,
			   (unsigned long long)f->others);
		return;
	}
	buf_puts(b, "  ");
	buf_count(b, f->names);
	buf_puts(b, " names such as ");
	for (size_t i = 0; i < f->nexamples; i++) {
		buf_puts(b, i ? ", " : "");
		buf_text(b, f->examples[i]);
	}
	buf_puts(b, ": --fold ");
	buf_text(b, f->folder);
	buf_printf(b, " allows %s of all below it to ", access.p);
	buf_text(b, f->by.n ? f->by : STR("any program"));
	buf_puts(b, "; ");
	buf_count(b, f->others);
	buf_puts(b, f->others == 1 ? " other file was" : " other files were");
	buf_puts(b, " recorded there\n");
}

static void account_families(struct buf *b, const struct left_out_tally *t, bool json)
{
	if (t->nfamilies && !json)
		buf_puts(b, "names made anew each time; no list of names allows the next one:\n");
	for (size_t i = 0; i < t->nfamilies; i++)
		account_family(b, &t->families[i], json);
	if (t->fold_unused && !json)
		buf_printf(b, "warning: --fold %s: no names made anew each time were seen there (at least %d of one shape, by one program, "
			   "below a protected folder)\n", t->fold_unused, FAMILY_NAMES);
}

static void account(const struct left_out_tally *t, const struct workload_row *w, bool json)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	if (json) {
		for (unsigned i = 0; i < LEFT_OUT_COUNT; i++)
			if (t->observations[i])
				buf_printf(&b, "{\"left_out\":\"%s\",\"observations\":%llu,\"events\":%llu}\n",
					   left_out_name(i), (unsigned long long)t->observations[i],
					   (unsigned long long)t->events[i]);
		account_families(&b, t, json);
		buf_printf(&b, "{\"taken\":%llu,\"lost\":%llu}\n", (unsigned long long)t->taken,
			   (unsigned long long)w->lost);
		fputs(b.p, stderr);
		return;
	}
	buf_count(&b, t->taken);
	buf_puts(&b, " observations taken in\n");
	for (unsigned i = 0; i < LEFT_OUT_COUNT; i++) {
		if (!t->observations[i])
			continue;
		buf_count(&b, t->observations[i]);
		buf_puts(&b, " left out (");
		buf_count(&b, t->events[i]);
		buf_printf(&b, " events): %s\n", left_out_summary(i));
	}
	account_families(&b, t, json);
	if (w->lost) {
		buf_puts(&b, "warning: its recordings lost ");
		buf_count(&b, w->lost);
		buf_puts(&b, " events: what it does may be missing here (see 'stakeout losses')\n");
	}
	fputs(b.p, stderr);
}

static int from_store(const struct opts *o, const char *pattern)
{
	CLEANUP(store_close) struct store *s = NULL;
	int status = open_store(o->db, STORE_READ, &s);
	if (status)
		return status;
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct workload_row w;
	int err = pick_workload(s, a, pattern, &d, &w);
	if (err) {
		diag_print(&d);
		return exit_status(err);
	}
	struct suggest_options wanted = {.interactive = o->interactive || o->all,
					  .one_offs = o->one_offs || o->all,
					  .typed = o->typed || o->all,
					  .decided_only = o->decided,
					  .callers = o->callers,
					  .mode = o->enforce ? MODE_ENFORCE : MODE_MONITOR,
					  .only = o->only.v,
					  .nonly = o->only.n,
					  .fold = o->fold.v,
					  .nfold = o->fold.n,
					  .protect = o->protect.v,
					  .nprotect = o->protect.n,
					  .except = o->except.v,
					  .nexcept = o->except.n};
	struct left_out_tally tally;
	CLEANUP(allowlist_free) struct allowlist *list = NULL;
	err = o->generalise ? propose(s, a, &w, &wanted, o)
			    : suggest_allowlist(s, &w, &wanted, &tally, &list);
	if (err) {
		diag_say("%s", store_error(s));
		return exit_status(err);
	}
	if (o->generalise)
		return EXIT_YES;
	status = write_document(list, o->output);
	if (status == EXIT_YES)
		account(&tally, &w, o->json);
	return status;
}

static const char *relative_protect(const struct opts *o)
{
	for (size_t i = 0; i < o->protect.n; i++)
		if (o->protect.v[i][0] != '/')
			return o->protect.v[i];
	return NULL;
}

int cmd_allow(int argc, char **argv)
{
	static const struct cli_verb verb = {"allow", "an allowlist from what was observed, or edit one",
					     "WORKLOAD | --edit FILE", 0, 1, options, ARRAY_SIZE(options),
					     details};
	struct opts o = {.db = STORE_DEFAULT};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	bool edits = o.add_exec.n || o.add_file.n || o.add_connect.n || o.remove.n;
	if (!o.edit == !args.n || (edits && !o.edit)) {
		diag_say("stakeout allow: wants either WORKLOAD, or --edit FILE with --add-... or "
			 "--remove; "
			 "see 'stakeout allow --help'");
		status = EXIT_INPUT;
	} else if (relative_protect(&o)) {
		diag_say("stakeout allow: --protect wants an absolute path such as /app/, not '%s'",
			 relative_protect(&o));
		status = EXIT_INPUT;
	} else {
		status = o.edit ? edit(&o) : from_store(&o, args.v[0]);
	}
	cli_done(&verb, &o);
	return status;
}
