/* SPDX-License-Identifier: GPL-2.0-only */
#include "tests/prove/kernel.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int write_text(const char *file, struct str text)
{
	CLEANUP_FD int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return fd < 0 || write(fd, text.p, text.n) != (ssize_t)text.n ? -errno : 0;
}

static void show(const char *file)
{
	CLEANUP_FD int fd = open(file, O_RDONLY | O_CLOEXEC);
	char text[4096];
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));
	fprintf(stderr, "%.*s", (int)MAX(n, 0), text);
}

int kernel_apply(const struct kernel *k, struct str image)
{
	const char *argv[] = {k->enforcer, "enforce", k->image, "--cgroup", k->cgroup, "--bpffs", k->bpffs, "--backend", k->backend, NULL};
	CLEANUP_FREE char *said = xasprintf("%s.said", k->image);
	posix_spawn_file_actions_t files;
	int status = 0, r = write_text(k->image, image);
	pid_t pid;
	if (r)
		return r;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 1, said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_adddup2(&files, 1, 2);
	r = -posix_spawn(&pid, k->enforcer, &files, NULL, (char **)argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (r)
		return r;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	show(said);
	return -EPROTO;
}

int kernel_populate(struct kernel *k, const struct world *w, unsigned n)
{
	CLEANUP_FREE char *procs = xasprintf("%s/cgroup.procs", k->cgroup);
	for (unsigned i = 0; i < n; i++) {
		char pid[16];
		int r = doer_start(w, i % WORLD_CALLERS, &k->doers[i]);
		if (r)
			return r;
		k->ndoers = i + 1;
		snprintf(pid, sizeof(pid), "%d", (int)k->doers[i].pid);
		r = write_text(procs, str_from(pid));
		if (r)
			return r;
	}
	return 0;
}

void kernel_empty(struct kernel *k)
{
	for (unsigned i = 0; i < k->ndoers; i++)
		doer_stop(&k->doers[i]);
	k->ndoers = 0;
}

int kernel_run(struct kernel *k, unsigned number, struct world *w, struct plan *v, unsigned n)
{
	struct doer *d = &k->doers[number];
	int r = plans_to_batch(w, v, n, d->batch);
	if (!r)
		r = doer_begin(d);
	if (!r)
		r = doer_wait(d);
	for (unsigned i = 0; i < n && !r; i++)
		v[i].act = d->batch->acts[i];
	return r;
}

static bool is_exec(const struct plan *p)
{
	return p->act.op <= ACT_LAST_EXEC;
}

static bool is_connect(const struct plan *p)
{
	return p->act.op == ACT_CONNECT || p->act.op == ACT_SENDTO;
}

/* Refused by an error: what it needed is still as it was. An open that may create can have done that before. */
static bool is_untouched(const struct world *w, const struct plan *p)
{
	for (unsigned i = 0; i < 2; i++) {
		if (!p->uses[i] || (p->needs[i] == ABSENT && p->act.op <= ACT_LAST_OPEN))
			continue;
		if (world_content(w, p->uses[i]->path) != p->needs[i])
			return false;
	}
	return true;
}

enum decision kernel_decision(const struct kernel *k, const struct world *w, const struct plan *p, const char **why)
{
	const struct act *a = &p->act;
	if (k->may_kill && a->signal == 9 && !is_connect(p)) {
		*why = "killed, and what it had started did run";
		return a->ran ? NEITHER : REFUSED;
	}
	if (a->error == EPERM && (!k->kills || is_connect(p))) {
		*why = "EPERM, and it had its effect";
		return a->signal || (is_exec(p) && a->ran) || !is_untouched(w, p) ? NEITHER : REFUSED;
	}
	*why = "neither refused nor successful";
	if (a->signal || (is_exec(p) && !a->ran))
		return NEITHER;
	/* Nobody listens, most addresses are not routed, and a text is no module: only a refusal is told apart. */
	if (is_connect(p) || a->op == ACT_MODULE)
		return ALLOWED;
	return a->error ? NEITHER : ALLOWED;
}
