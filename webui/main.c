/* SPDX-License-Identifier: GPL-2.0-only */
/* stakeout serve: the web UI on a loopback address, until SIGINT or SIGTERM. */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "compiler/replay/feed_list.h"
#include "schema/base/cli.h"
#include "schema/base/diag.h"
#include "webui/server.h"

struct opts {
	const char *db, *listen, *assets;
	struct cli_list corpora, recorded_by, current;
	bool read_only;
};

static const struct cli_option options[] = {
	{"db", 'd', CLI_STRING, offsetof(struct opts, db), "FILE", "the store (default stakeout.db)"},
	{"listen", 'l', CLI_STRING, offsetof(struct opts, listen), "ADDRESS:PORT",
	 "where to listen (default 127.0.0.1:5000); loopback only; port 0 takes a free one"},
	{"corpus", 'c', CLI_LIST, offsetof(struct opts, corpora), "FILE",
	 "judge every choice against this corpus, or each of a folder, too; may be repeated"},
	{"recorded-by", 0, CLI_LIST, offsetof(struct opts, recorded_by), "POLICY",
	 "a policy that made the corpora, or a folder of them, as for replay (default: the folder NAME-policies beside NAME.ndjson); may be repeated"},
	{"current", 0, CLI_LIST, offsetof(struct opts, current), "FILE",
	 "the TracingPolicies that are deployed now, a file or a folder: Replay compares with them; may be repeated"},
	{"read-only", 'r', CLI_FLAG, offsetof(struct opts, read_only), NULL,
	 "show everything, store no decision"},
	{"assets", 0, CLI_STRING, offsetof(struct opts, assets), "DIR",
	 "serve the UI's files from DIR instead of the compiled-in ones (for developing it)"},
};

static const struct cli_verb verb = {
	"serve", "The web UI: review, choose, prove, ship", "", 0, 0, options, ARRAY_SIZE(options),
	"Needs no privilege: run it as an ordinary user who may read the store, and write it to decide."};

/* One that holds no event would be judged in silence at each choice. A pipe has none yet. */
static int check_corpus(const struct feed_name *name, struct diag *d)
{
	CLEANUP(feed_close) struct feed *feed = NULL;
	struct event ev;
	int err;
	if (!strcmp(name->file, "-"))
		return diag_error(d, "-", "standard input cannot be read again at each choice; write it to a file");
	if (access(name->file, R_OK))
		return diag_error(d, name->file, "cannot be read: %s", strerror(errno));
	if (!feed_rereadable(name))
		return 0;
	err = feed_open(name, d, &feed);
	if (err)
		return err;
	err = feed_next(feed, &ev);
	return err == 1 ? 0 : feed_end(feed, err, d);
}

/* Folders become their files. */
static int load_corpora(const struct opts *o, struct feed_list *feeds)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	int err = feed_list_fill(feeds, &o->corpora, NULL, NULL, &d);
	for (size_t i = 0; !err && i < feeds->n; i++)
		err = check_corpus(&feeds->v[i], &d);
	if (!err)
		err = feed_list_recorders(feeds, &o->recorded_by, &d);
	diag_print(&d);
	return err ? EXIT_INPUT : EXIT_YES;
}

static int load_current(const struct opts *o, struct policy_set *ret)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	int err = 0;
	for (size_t i = 0; !err && i < o->current.n; i++)
		err = policy_set_add(ret, o->current.v[i], &d);
	if (!err && ret->nimages)
		err = diag_error(&d, o->current.v[0], "--current takes TracingPolicies; an image is for one host workload");
	if (!err) {   /* each comparison asks again, for its own target */
		struct target target;
		target_default(&target);
		policy_set_refuse(ret, &target, &d);
	}
	diag_print(&d);
	return err ? EXIT_INPUT : EXIT_YES;
}

static void announce(const struct web *w, const struct listen_address *at)
{
	printf("stakeout: open http://%s:%u/ (store %s%s, %zu %s); Ctrl-C ends\n",
	       at->ipv6 ? "[::1]" : "127.0.0.1", w->guard.port, w->db, w->read_only ? ", read-only" : "",
	       w->ncorpora, w->ncorpora == 1 ? "corpus" : "corpora");
	fflush(stdout);
}

static int serve(struct web *w, const struct listen_address *at, struct diag *d)
{
	/* Blocked before the server's threads start, so that they inherit it and only sigwait() sees them. */
	sigset_t ends;
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	struct server *s;
	if (server_start(w, at, d, &s))
		return EXIT_MACHINE;
	announce(w, at);
	int got;
	sigwait(&ends, &got);
	server_stop(s);
	return EXIT_YES;
}

static int run(const struct opts *o)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct listen_address at;
	if (listen_parse(o->listen, &d, &at)) {
		diag_print(&d);
		return EXIT_INPUT;
	}
	CLEANUP_POLICY_SET struct policy_set current = POLICY_SET_INIT;
	CLEANUP_FEED_LIST struct feed_list feeds = FEED_LIST_INIT;
	int status = load_corpora(o, &feeds);
	if (!status)
		status = load_current(o, &current);
	if (status)
		return status;
	struct web w = {.db = o->db,
			.corpora = feeds.v,
			.ncorpora = feeds.n,
			.current = o->current.n ? &current : NULL,
			.assets_dir = o->assets,
			.read_only = o->read_only || (!access(o->db, F_OK) && access(o->db, W_OK))};
	web_init(&w);
	status = serve(&w, &at, &d);
	diag_print(&d);
	web_done(&w);
	return status;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		printf("stakeout-serve %s\n", stakeout_version);
		return EXIT_YES;
	}
	struct opts o = {.db = STORE_DEFAULT, .listen = "127.0.0.1:5000"};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return cli_end(status);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	status = run(&o);
	cli_done(&verb, &o);
	return cli_end(status);
}
