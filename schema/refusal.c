/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log of a refusal, as libbpf 1.x writes it. Its first line is often a guess ("try raising 'ulimit -l'?"), and the reason
 * stands at the end of the verifier's log, before its statistics:
 *
 *	libbpf: prog 'exec_sched': BPF program load failed: Permission denied
 *	libbpf: prog 'exec_sched': -- BEGIN PROG LOAD LOG --
 *	8: (79) r6 = *(u64 *)(r0 +72)
 *	invalid access to map value, value_size=8 off=72 size=8
 *	processed 8 insns (limit 1000000) ...
 *	-- END PROG LOAD LOG --
 */
#include "schema/refusal.h"

#include <errno.h>

#define LAST_LINES 4

static bool has(struct str s, const char *word)
{
	return s.n && memmem(s.p, s.n, word, strlen(word));
}

/* Takes the first line off *REST; false at the end. */
static bool take_line(struct str *rest, struct str *ret)
{
	if (!rest->n)
		return false;
	const char *end = memchr(rest->p, '\n', rest->n);
	size_t n = end ? (size_t)(end - rest->p) : rest->n;
	*ret = (struct str){rest->p, n};
	*rest = str_skip(*rest, n + (end != NULL));
	return true;
}

/* The line that names what was refused, without "libbpf: "; empty when there is none. */
static struct str refused(struct str log)
{
	for (struct str line; take_line(&log, &line);) {
		bool named = has(line, "load failed") || has(line, "failed to create") || has(line, "Error in bpf_create_map");
		if (named && !has(line, "ulimit"))
			return str_starts(line, STR("libbpf: ")) ? str_skip(line, 8) : line;
	}
	return (struct str){NULL, 0};
}

/* The last lines of the verifier that are neither statistics nor a copy of the source; how many they are. */
static size_t last_words(struct str log, struct str lines[LAST_LINES])
{
	size_t n = 0;
	bool inside = false;
	for (struct str line; take_line(&log, &line);) {
		if (has(line, "-- END PROG LOAD LOG --"))
			break;
		if (inside && line.n && line.p[0] != ';' && !str_starts(line, STR("processed ")) &&
		    !str_starts(line, STR("verification time ")) && !str_starts(line, STR("stack depth ")))
			lines[n++ % LAST_LINES] = line;
		inside |= has(line, "-- BEGIN PROG LOAD LOG --");
	}
	return n;
}

/* PURPOSE is what cannot be done now; INSTEAD what can be, or "". */
static char *advice(const char *purpose, const char *instead, struct str log, int err, bool verifier_spoke)
{
	if (has(log, "cannot use helper bpf_probe_read"))
		return xasprintf("The kernel is in lockdown 'confidentiality', which forbids to look at its memory: %s needs "
				 "lockdown=integrity or none%s", purpose, instead);
	if (verifier_spoke)
		return xstrdup("No setting here causes this: please report these lines, with the kernel's version");
	if (err == EPERM || err == EACCES)
		return xstrdup("Kernel lockdown, a security module, or a container without these rights may forbid it: try as root on the host itself");
	if (err == EMFILE || err == ENFILE)
		return xstrdup("Too many files are open: raise their limit (ulimit -n, LimitNOFILE= of a unit)");
	if (err == ENOMEM)
		return xstrdup("The kernel found no memory for it: free some, or raise the memory limit of the cgroup that this runs in");
	return xasprintf("This kernel lacks something that %s needs%s", purpose, instead);
}

void refusal_tell(struct diag *d, const char *what, const char *purpose, const char *instead, struct str log, int err)

{
	struct str name = refused(log), lines[LAST_LINES];
	size_t n = last_words(log, lines);
	if (!name.n)
		name = str_from(strerror(err));
	diag_error(d, NULL, "%s: " STR_FMT, what, STR_ARG(name));
	for (size_t i = n > LAST_LINES ? n - LAST_LINES : 0; i < n; i++)
		diag_add(d, DIAG_NOTE, NULL, 0, 0, STR_FMT, STR_ARG(lines[i % LAST_LINES]));
	CLEANUP_FREE char *todo = advice(purpose, instead, log, err, n > 0);
	diag_add(d, DIAG_NOTE, NULL, 0, 0, "%s", todo);
}
