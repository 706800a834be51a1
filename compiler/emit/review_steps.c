/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rollout and rollback as commands to copy, each with the names of the files at hand: what is to be enforced is watched
 * first, and the way back comes in the order of how fast it is.
 */
#include "compiler/emit/review_steps.h"

#include "compiler/emit/emit_yaml.h"

/* "kubectl VERB -f FILE" for each policy file. */
static void put_each(const struct compiled *c, const char *command, struct buf *b)
{
	for (size_t i = 0; i < c->npolicies; i++)
		buf_printf(b, "   %s" STR_FMT ".yaml\n", command, STR_ARG(c->policies[i]->name));
}

/* Of an enforcing policy, what it would stop is watched first: the same document in monitor mode. */
static void put_monitor(const struct compiled *c, bool enforce, struct buf *b)
{
	if (!enforce) {
		put_each(c, "kubectl apply -f ", b);
		return;
	}
	for (size_t i = 0; i < c->npolicies; i++)
		buf_printf(b, "   sed 's/value: enforce/value: monitor/' " STR_FMT ".yaml | kubectl apply -f -\n",
			   STR_ARG(c->policies[i]->name));
}

/* The commands that put it in force: the files at hand, or the same compiled for it. */
static void put_enforce(const struct compiled *c, const struct compile_options *o, bool enforce, struct buf *b)
{
	CLEANUP_BUF struct buf target = BUF_INIT;
	const struct str name = c->lowered->source->name;
	target_print(&o->target, &target);
	if (enforce) {
		put_each(c, "kubectl apply -f ", b);
		return;
	}
	buf_printf(b, "   stakeout compile " STR_FMT ".allowlist.yaml --enforce --target %s -o enforce\n", STR_ARG(name), target.p);
	put_each(c, "kubectl apply -f enforce/", b);
}

static void put_cluster_steps(const struct compiled *c, const struct compile_options *o, struct buf *b)
{
	bool enforce = o->enforce || c->lowered->source->mode == MODE_ENFORCE;
	const struct policy *p = c->policies[0];
	const char *kind = p->namespaced ? "tracingpoliciesnamespaced" : "tracingpolicies";
	CLEANUP_FREE char *scope =
		p->namespaced ? xasprintf(" -n " STR_FMT, STR_ARG(p->namespace)) : xstrdup("");
	buf_puts(b, "1. Check that the cluster takes it:\n\n   ```\n");
	put_each(c, "kubectl apply --dry-run=server -f ", b);
	buf_puts(b, "   ```\n2. Deploy in monitor mode, and confirm that it is loaded (on every node: one agent pod at a time):\n\n   ```\n");
	put_monitor(c, enforce, b);
	buf_printf(b, "   kubectl get %s%s\n   kubectl -n kube-system exec ds/tetragon -c tetragon -- tetra tracingpolicy list\n",
		   kind, scope);
	buf_puts(b, "   ```\n3. Watch for at least one full cycle of what the workload does (release, restart, cron, fail-over). "
		    "Each line is something that enforcing would stop:\n\n   ```\n");
	buf_puts(b, "   kubectl -n kube-system exec ds/tetragon -c tetragon -- tetra getevents -o json --policy-names ");
	for (size_t i = 0; i < c->npolicies; i++)
		buf_printf(b, "%s" STR_FMT, i ? "," : "", STR_ARG(c->policies[i]->name));
	buf_puts(b, "\n   ```\n");
	buf_puts(b, "4. Take in what is legitimate (`stakeout ingest`, review, compile again), until monitoring is quiet.\n"
		    "5. Enforce, in one cluster or namespace first:\n\n   ```\n");
	put_enforce(c, o, enforce, b);
	buf_puts(b, "   ```\n\nRollback, fastest first:\n\n1. Back to monitoring, without a gap, on each node, until its agent starts anew (which goes by what is applied):\n\n   ```\n");
	for (size_t i = 0; i < c->npolicies; i++) {
		buf_printf(b, "   kubectl -n kube-system exec ds/tetragon -c tetragon -- tetra tracingpolicy set-mode%s%s " STR_FMT
			   " monitor\n", p->namespaced ? " --namespace " : "", p->namespaced ? scope + 4 : "",
			   STR_ARG(c->policies[i]->name));
	}
	buf_puts(b, "   ```\n2. Remove it:\n\n   ```\n");
	for (size_t i = 0; i < c->npolicies; i++)
		buf_printf(b, "   kubectl delete %s%s " STR_FMT "\n", kind, scope, STR_ARG(c->policies[i]->name));
	buf_puts(b, "   ```\n3. Or revert the commit and let GitOps apply the version before.\n\n");
}

/* Outside Kubernetes a mode is given when a policy is added, and changed while it is loaded; the file's own counts after a restart. */
static void put_host_steps(const struct compiled *c, bool enforce, struct buf *b)
{
	buf_puts(b, "The policy covers every process of the host. Keep a root shell open: what is not listed does not start any more, a new "
		    "login neither.\n\n1. Load in monitor mode:\n\n   ```\n");
	put_each(c, enforce ? "tetra tracingpolicy add --mode monitor " : "tetra tracingpolicy add ", b);
	buf_puts(b, "   tetra tracingpolicy list\n   ```\n2. Watch what enforcing would stop:\n\n   ```\n"
		    "   tetra getevents -o json\n   ```\n"
		    "3. Take in what is legitimate, compile again, until monitoring is quiet.\n"
		    "4. Enforce; until the agent starts anew, which then goes by the file it is given:\n\n   ```\n");
	for (size_t i = 0; i < c->npolicies; i++)
		buf_printf(b, "   tetra tracingpolicy set-mode " STR_FMT " enforce\n", STR_ARG(c->policies[i]->name));
	buf_puts(b, "   ```\n\nRollback:\n\n   ```\n");
	for (size_t i = 0; i < c->npolicies; i++)
		buf_printf(b, "   tetra tracingpolicy set-mode " STR_FMT " monitor\n   tetra tracingpolicy delete " STR_FMT "\n",
			   STR_ARG(c->policies[i]->name), STR_ARG(c->policies[i]->name));
	buf_puts(b, "   ```\n\n");
}

/* The enforcer finds the workload by the name in the image, so the commands name none. */
static void put_image_steps(const struct compiled *c, const struct compile_options *o, struct buf *b)
{
	const struct str name = c->lowered->source->name;
	bool enforce = o->enforce || c->lowered->source->mode == MODE_ENFORCE;
	CLEANUP_BUF struct buf target = BUF_INIT;
	target_print(&o->target, &target);
	buf_puts(b, "The image holds the same rules for a host's own enforcer. As root on that host:\n\n"
		    "1. Check it, and put it into force so that it only reports:\n\n   ```\n");
	buf_printf(b, "   stakeout image verify " STR_FMT ".image.elf\n   stakeout image show " STR_FMT ".image.elf\n"
		   "   stakeout enforce " STR_FMT ".image.elf --audit\n", STR_ARG(name), STR_ARG(name), STR_ARG(name));
	buf_puts(b, "   ```\n2. Watch for at least one full cycle of what the workload does. Each line is something that enforcing would "
		    "refuse:\n\n   ```\n   stakeout enforce watch --db denied.db\n   ```\n"
		    "3. Take in what is legitimate, compile again, until nothing more is told.\n"
		    "4. Enforce for a time that ends by itself, see what is forbidden fail, then keep it:\n\n   ```\n");
	if (!enforce)
		buf_printf(b, "   stakeout compile " STR_FMT ".allowlist.yaml --enforce --target %s -o enforce\n", STR_ARG(name), target.p);
	buf_printf(b, "   stakeout enforce %s" STR_FMT ".image.elf --for 20m\n   stakeout enforce verify\n   stakeout enforce confirm\n",
		   enforce ? "" : "enforce/", STR_ARG(name));
	buf_printf(b, "   ```\n\nRollback, fastest first:\n\n1. Back to reporting, without a gap:\n\n   ```\n"
		   "   stakeout enforce " STR_FMT ".image.elf --audit\n   ```\n"
		   "2. End all that is in force on the host (`stakeout enforce status` tells the names by which to end one alone):\n\n   ```\n"
		   "   stakeout enforce release\n   ```\n", STR_ARG(name));
}

void review_steps(const struct compiled *c, const struct compile_options *o, struct buf *b)
{
	buf_puts(b, "## Rollout and rollback\n\nMonitor first, always.\n\n");
	if (c->npolicies && o->target.kubernetes)
		put_cluster_steps(c, o, b);
	else if (c->npolicies)
		put_host_steps(c, o->enforce || c->lowered->source->mode == MODE_ENFORCE, b);
	put_image_steps(c, o, b);
}
