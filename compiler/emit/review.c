/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page is written from the same rows that the compiler emitted from, so it cannot say what the policy does not
 * do. Names come from workloads and are hostile text: in tables every character that Markdown or HTML would take
 * as its own is escaped.
 */
#include "compiler/emit/review.h"

#include <stdio.h>

#include "compiler/emit/emit_yaml.h"
#include "compiler/emit/review_risk.h"
#include "compiler/emit/review_steps.h"
#include "compiler/emit/words.h"
#include "schema/base/sha256.h"
#include "schema/event_words.h"

static void put_text(struct buf *b, struct str s)
{
	CLEANUP_BUF struct buf safe = BUF_INIT;
	buf_text(&safe, s);
	for (size_t i = 0; i < safe.n; i++) {
		if (strchr("\\`*_{}[]<>#|&~", safe.p[i]))
			buf_putc(b, '\\');
		buf_putc(b, safe.p[i]);
	}
}

void review_unseen(const struct compiled *c, struct buf *b)
{
	const struct {
		uint32_t bits;
		const char *means;
	} parts[] = {
		{c->unseen & c->visible, "the recordings would show it: the workload did not do it while they ran"},
		{c->unseen & ~c->visible,
		 "no recording of this workload is known to show it ('stakeout recordings' says what each could not see), "
		 "so only monitoring tells"},
	};
	const char *between = "";
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!parts[i].bits)
			continue;
		buf_puts(b, between);
		if (parts[i].bits != c->unseen) {
			access_words(parts[i].bits, b);
			buf_puts(b, ": ");
		}
		buf_puts(b, parts[i].means);
		between = "; ";
	}
}

static void put_title(const struct compiled *c, const struct compile_options *o, struct buf *b)
{
	const struct allowlist *a = c->lowered->source;
	CLEANUP_BUF struct buf workload = BUF_INIT, target = BUF_INIT;
	workload_print(&workload, &a->workload);
	target_print(&o->target, &target);
	bool enforce = o->enforce || a->mode == MODE_ENFORCE;
	buf_puts(b, "# Review: ");
	put_text(b, a->name);
	buf_puts(b, "\n\nWorkload: ");
	put_text(b, buf_view(&workload));
	buf_printf(b, "  \nMode: %s  \nTarget: %s\n\n",
		   enforce ? "**enforce**: what is not allowed is stopped"
			   : "monitor: what is not allowed is reported, nothing is stopped",
		   target.p);
	if (c->no_yaml)
		buf_printf(b, "There is no TracingPolicy for this workload. %s.\n\n", c->no_yaml);
	buf_printf(b, "Before these files were written, %llu allowed events were replayed through them, read back from "
		   "their bytes: none would be stopped", (unsigned long long)c->replayed);
	if (c->unknown)
		buf_printf(b, "; of them %llu could not be asked of the YAML, since the recording lacks what a rule "
			   "compares", (unsigned long long)c->unknown);
	buf_puts(b, ". That is what was tested; it does not show that nothing else is needed.\n\n");
	if (!c->unseen)
		return;
	buf_puts(b, "**No evidence shows ");
	access_words(c->unseen, b);
	buf_puts(b, "**: ");
	review_unseen(c, b);
	buf_puts(b, ". Programs that replace a file by renaming, such as `sed -i`, an editor or a package manager, would be stopped "
		    "below the protected paths.\n\n");
}

static void put_files(const struct compiled *c, struct buf *b)
{
	buf_puts(b, "## Files\n\n| file | bytes | SHA-256 |\n|---|---:|---|\n");
	for (size_t i = 0; i < c->outputs.n; i++) {
		uint8_t digest[SHA256_SIZE];
		const struct output *out = &c->outputs.v[i];
		if (str_eq(out->name, STR("kustomization.yaml"))) /* of the whole folder, not of this allowlist */
			continue;
		sha256(out->bytes.p, out->bytes.n, digest);
		buf_puts(b, "| ");
		put_text(b, out->name);
		buf_printf(b, " | %zu | ", out->bytes.n);
		sha256_hex(digest, b);
		buf_puts(b, " |\n");
	}
	buf_putc(b, '\n');
}

/* A rule that needs more than one policy is one row. */
static bool told_before(const struct compiled *c, size_t at)
{
	const struct compiled_rule *r = &c->rules[at];
	for (size_t i = 0; i < at; i++) {
		if (strcmp(c->rules[i].kind, r->kind) == 0 && str_eq(c->rules[i].hook, r->hook))
			return true;
	}
	return false;
}

static void put_hook(const struct compiled *c, size_t at, struct buf *b)
{
	const struct compiled_rule *r = &c->rules[at];
	buf_printf(b, "| %s | ", r->kind);
	put_text(b, r->hook);
	buf_puts(b, " (");
	for (size_t i = at; i < c->nrules; i++) {
		if (strcmp(c->rules[i].kind, r->kind) || !str_eq(c->rules[i].hook, r->hook))
			continue;
		buf_puts(b, i > at ? ", " : "");
		put_text(b, c->rules[i].policy);
	}
	buf_printf(b, ") | %s | %s; %s | ", r->threat,
		   r->prevents ? "Override: the call fails with EPERM" : "Sigkill: the process dies",
		   r->prevents ? "**prevents**"
		   : r->shape == SHAPE_TRACEPOINT ? "**kills**: the program was started, runs no instruction"
						  : "**only kills**: the operation may have taken effect before");
	review_risk(c, r, b);
	buf_puts(b, " | ");
	review_evidence(c, r, b);
	buf_printf(b, " | %s |\n", r->cannot);
}

static void put_hooks(const struct compiled *c, struct buf *b)
{
	if (c->nrules == 0)
		return;
	buf_puts(b, "## What is held, where, and how\n\n"
		    "| rule | hook (policies) | threat it answers | action | false-positive risk, and why | evidence | what it does not stop |\n"
		    "|---|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < c->nrules; i++) {
		if (!told_before(c, i))
			put_hook(c, i, b);
	}
	buf_putc(b, '\n');
}

/* Of the store: what nobody allowed and enforcing would stop. */
static void put_not_allowed(const struct not_allowed *n, const char *consequence, struct buf *b)
{
	if (!n->observations)
		return;
	buf_puts(b, "The recording holds ");
	buf_count(b, n->observations);
	buf_puts(b, n->observations == 1 ? " observation (" : " observations (");
	buf_count(b, n->events);
	buf_printf(b, n->events == 1 ? " event) %s\n\n" : " events) %s\n\n", consequence);
	for (size_t i = 0; i < n->nexamples; i++) {
		buf_puts(b, "- ");
		put_text(b, n->examples[i]);
		buf_putc(b, '\n');
	}
	if (n->observations > n->nexamples)
		buf_printf(b, "- and %llu more\n", (unsigned long long)(n->observations - n->nexamples));
	buf_putc(b, '\n');
}

static void put_recorded(const struct compiled *c, struct buf *b)
{
	if (c->would_stop.observations || c->may_stop.observations)
		buf_puts(b, "## Recorded, and not allowed\n\n");
	put_not_allowed(&c->would_stop, "of this workload that no entry allows. Enforcing would stop it. Allow what belongs to the workload "
			"before that.", b);
	put_not_allowed(&c->may_stop, "whose resolved path is not known, with a name as typed that no entry allows. Whether enforcing would "
			"stop it is not known: monitor first, or take the typed names in (`stakeout allow --typed`).", b);
}

static const struct evidence *evidence_of(const struct allowlist *a, const struct lower_rule *r,
					  struct str *note)
{
	switch (r->kind) {
	case KIND_EXEC:
		*note = a->exec[r->index].note;
		return &a->exec[r->index].evidence;
	case KIND_FILE:
		*note = a->files[r->index].note;
		return &a->files[r->index].evidence;
	case KIND_CONNECT:
		*note = a->connects[r->index].note;
		return &a->connects[r->index].evidence;
	default:
		return NULL;
	}
}

static void put_evidence(const struct evidence *e, struct buf *b)
{
	if (!e || e->count == 0) {
		buf_puts(b, "none given");
		return;
	}
	buf_puts(b, "seen ");
	buf_count(b, e->count);
	buf_puts(b, e->count == 1 ? " time" : " times");
	if (e->instances) {
		buf_puts(b, " in ");
		buf_count(b, e->instances);
		buf_puts(b, e->instances == 1 ? " instance" : " instances");
	}
	if (e->first_ns) {
		buf_puts(b, ", ");
		buf_time(b, e->first_ns);
		buf_puts(b, " to ");
		buf_time(b, e->last_ns);
	}
}

static void put_rules(const struct compiled *c, struct buf *b)
{
	const struct lowered *l = c->lowered;
	CLEANUP_BUF struct buf words = BUF_INIT;
	buf_puts(b, "## What is allowed\n\n| no. | rule | evidence | remark |\n|---:|---|---|---|\n");
	for (size_t i = 0; i < l->nrules; i++) {
		struct str note = {0};
		const struct evidence *e = evidence_of(l->source, &l->rules[i], &note);
		buf_clear(&words);
		words_rule(l->source, &l->rules[i], &words);
		buf_printf(b, "| %zu | ", i + 1);
		put_text(b, buf_view(&words));
		buf_puts(b, " | ");
		if (l->rules[i].kind == KIND_GUARD)
			buf_puts(b, "a guard needs none");
		else
			put_evidence(e, b);
		buf_puts(b, " | ");
		put_text(b, note);
		buf_puts(b, " |\n");
	}
	if (l->source->has_file) {
		buf_puts(b, "\nFile changes are judged below:");
		for (size_t i = 0; i < l->nprotect; i++) {
			buf_puts(b, i ? ", " : " ");
			put_text(b, l->protect[i]);
		}
		buf_puts(b, ". Append is not told apart from write.\n");
	}
	buf_putc(b, '\n');
}

static void put_limits(const struct compiled *c, struct buf *b)
{
	static const char *const always[] = {
		"What an allowed program does inside its own process: a shell, an interpreter or ld.so that is allowed "
		"runs anything it is given, without an exec of it.",
		"Names are names: a process that may mount or chroot can give a file another one (use the mount guard); "
		"hard links made before the policy keep theirs.",
		"What was opened, connected or running before the policy was loaded goes on.",
		"The first moments of a new container, until the agent knows its cgroup, unless the agent's OCI hook is "
		"installed.",
		"Root on the node, or in a privileged container, can remove the policy.",
	};
	buf_puts(b, "## What this policy cannot stop\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		buf_printf(b, "- %s\n", always[i]);
	bool kills = false;
	for (size_t i = 0; i < c->nrules; i++)
		kills |= !c->rules[i].prevents;
	if (kills)
		buf_puts(b, "- Rules that only kill come too late for what one call completes: a killed connect still reaches "
			    "its listener, a killed truncate or create still happens. A target with BPF LSM prevents.\n");
	static const char *const absent[] = {"programs", "file changes", "connections"};
	const struct allowlist *a = c->lowered->source;
	const bool has[] = {a->has_exec, a->has_file, a->has_connect};
	for (size_t i = 0; i < ARRAY_SIZE(absent); i++) {
		if (!has[i])
			buf_printf(b, "- All %s: the allowlist has no section on them.\n", absent[i]);
	}
	buf_putc(b, '\n');
}

void review_page(const struct compiled *c, const struct compile_options *o, struct buf *b)
{
	put_title(c, o, b);
	put_files(c, b);
	put_hooks(c, b);
	put_rules(c, b);
	put_recorded(c, b);
	put_limits(c, b);
	review_steps(c, o, b);
}
