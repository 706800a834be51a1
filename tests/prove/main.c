/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The proof of equality: random allowlists and random acts, and three that must say the same of each act: the model (what
 * the allowlist means), the judge of its image (what replay says), and the kernel under that image (what happens).
 *
 *	prove                      the first two only; needs no rights
 *	prove --enforcer build/release/stakeout-enforce --cgroup DIR --bpffs DIR --folder DIR --doer FILE
 *	prove ... --storm 64       many doers, while two policies replace each other: what both say must hold at any moment
 *
 * A round is one allowlist. Round N of seed S is round 0 of seed S + N, so what is printed can be run again alone. A
 * disagreement is made small: entries of the allowlist are taken away as long as it stays.
 */
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "schema/base/cli.h"
#include "schema/match.h"
#include "tests/prove/round.h"

struct options {
	const char *enforcer, *cgroup, *bpffs, *folder, *doer, *backend;
	uint64_t seed, rounds, acts, total, seconds_ns, storm;
	bool no_caller;
};

static const struct cli_option options[] = {
	{"seed", 's', CLI_U64, offsetof(struct options, seed), "N", "begin with round N (default: from the clock)"},
	{"rounds", 'r', CLI_U64, offsetof(struct options, rounds), "N", "at most so many allowlists (default 1000)"},
	{"acts", 'a', CLI_U64, offsetof(struct options, acts), "N", "with each allowlist (default 2000)"},
	{"total", 't', CLI_U64, offsetof(struct options, total), "N", "end after so many acts in all; fewer in that time: status 1"},
	{"for", 'f', CLI_DURATION, offsetof(struct options, seconds_ns), "DURATION", "at most so long (default 60s)"},
	{"storm", 0, CLI_U64, offsetof(struct options, storm), "N", "N doers at once, policies being swapped"},
	{"enforcer", 0, CLI_STRING, offsetof(struct options, enforcer), "FILE", "stakeout-enforce; without it no kernel is asked"},
	{"backend", 'b', CLI_STRING, offsetof(struct options, backend), "NAME", "lsm, fmod_ret or signal"},
	{"no-caller", 0, CLI_FLAG, offsetof(struct options, no_caller), NULL, "the back end does not know who starts a program"},
	{"cgroup", 'c', CLI_STRING, offsetof(struct options, cgroup), "DIR", "an empty cgroup of this test's own"},
	{"bpffs", 0, CLI_STRING, offsetof(struct options, bpffs), "DIR", "a BPF file system of this test's own"},
	{"folder", 0, CLI_STRING, offsetof(struct options, folder), "DIR", "an empty folder for the trees"},
	{"doer", 0, CLI_STRING, offsetof(struct options, doer), "FILE", "the built doer"},
};

static const struct cli_verb verb = {"prove", "model, image and kernel say the same", "", 0, 0, options, ARRAY_SIZE(options), NULL};

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

static void print_tally(const struct tally *t, const char *rounds, uint64_t next, double seconds)
{
	printf("%llu %s, %llu acts: %llu allowed, %llu refused, %llu disagreements, %llu left open by a swap, %.0f s\n",
	       (unsigned long long)t->rounds, rounds, (unsigned long long)t->acts, (unsigned long long)t->allowed,
	       (unsigned long long)t->refused, (unsigned long long)t->disagreements, (unsigned long long)t->open, seconds);
	for (int k = 0; k < KIND_COUNT; k++)
		if (t->kinds[k][ALLOWED] + t->kinds[k][REFUSED])
			printf("%s: %llu allowed, %llu refused; ", kind_name((enum kind)k), (unsigned long long)t->kinds[k][ALLOWED],
			       (unsigned long long)t->kinds[k][REFUSED]);
	printf("goes on with seed %llu\n", (unsigned long long)next);
}

/* What the kernel does not have need not be tried. */
static bool has_udplite(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, MATCH_UDPLITE);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int run(const struct options *o)
{
	struct prover p = {.doer = o->doer, .folder = o->folder, .acts = (unsigned)o->acts, .storm = (unsigned)o->storm};
	uint64_t start = now_ns();
	int r = 0;
	p.kernel = (struct kernel){.enforcer = o->enforcer, .cgroup = o->cgroup, .bpffs = o->bpffs, .backend = o->backend,
				   .kills = o->backend && !strcmp(o->backend, "signal")};
	p.kernel.may_kill = p.kernel.kills || (o->backend && !strcmp(o->backend, "fmod_ret"));
	CLEANUP_FREE char *image = o->folder ? xasprintf("%s/proof.image.elf", o->folder) : NULL;
	p.kernel.image = image;
	p.reach = REACH_ALL | (p.kernel.kills ? REACH_KILLS : 0) | (has_udplite() ? REACH_UDPLITE : 0) |
		  (o->no_caller ? REACH_NO_CALLER : 0);
	printf("seed %llu\n", (unsigned long long)o->seed);
	fflush(stdout);
	uint64_t i;
	for (i = 0; i < o->rounds && !r && p.tally.acts < o->total && (i == 0 || now_ns() - start < o->seconds_ns); i++) {
		if (o->enforcer && !o->storm && i > 0 && i % 16 == 0)
			printf("%llu acts before seed %llu\n", (unsigned long long)p.tally.acts, (unsigned long long)(o->seed + i));
		fflush(stdout);
		r = o->storm ? prover_storm(&p, o->seed + i) : prover_round(&p, o->seed + i);
	}
	prover_done(&p);
	const struct tally *t = &p.tally;
	print_tally(t, o->storm ? "replacements" : "allowlists", o->seed + i, (double)(now_ns() - start) / 1e9);
	if (r < 0 && r != -EBADE)
		fprintf(stderr, "prove: %s\n", strerror(-r));
	bool enough = o->total == UINT64_MAX || t->acts >= o->total;
	if (!r && !enough)
		fprintf(stderr, "prove: only %llu of %llu acts in that time\n", (unsigned long long)t->acts, (unsigned long long)o->total);
	return r == -EBADE || t->disagreements ? EXIT_NO : r ? EXIT_MACHINE : t->refused && t->allowed && enough ? EXIT_YES : EXIT_NO;
}

int main(int argc, char **argv)
{
	struct options o = {.seed = (uint64_t)time(NULL), .rounds = 1000, .acts = 2000, .total = UINT64_MAX, .seconds_ns = 60 * NSEC_PER_SEC};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	if (o.enforcer && !(o.cgroup && o.bpffs && o.folder && o.doer && o.backend)) {
		fprintf(stderr, "prove: --enforcer needs --backend, --cgroup, --bpffs, --folder and --doer\n");
		return EXIT_INPUT;
	}
	return run(&o);
}
