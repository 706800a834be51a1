/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters are by place: a path's id, a row of "ports". A rule for a network is in as many rows as there are networks in it
 * that have rules of their own; they are added up by the rule's number, under the widest of them.
 */
#include "enforcer/hits.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "schema/guard.h"
#include "schema/image_file.h"

void hits_done(struct hits *h)
{
	for (size_t i = 0; i < h->n; i++) {
		free(h->v[i].rule);
		free(h->v[i].by);
	}
	free(h->v);
}

int policy_table(const struct enforce_name *n, enum machine_map t)
{
	return n->tables[t] ? bpf_map_get_fd_by_id(n->tables[t]) : -1;
}

char *policy_path(int bytes, const struct image_path *p)
{
	struct buf b = BUF_INIT;
	for (uint32_t k = 0; k < image_path_chunks(p->length); k++) {
		uint32_t number = p->chunk + k;
		struct image_chunk chunk;
		if (bpf_map_lookup_elem(bytes, &number, &chunk))
			break;
		buf_add(&b, &chunk, MIN(sizeof(chunk), (size_t)p->length - b.n));
	}
	return buf_take(&b);
}

struct reading {
	struct hits *hits;
	int path_hits, port_hits;
	uint32_t npaths;
	struct image_path *paths;         /* by id */
	char **texts;
};

static struct enforce_hits counted(int fd, uint32_t place)
{
	struct enforce_hits h = {0};
	bpf_map_lookup_elem(fd, &place, &h);
	return h;
}

static void add(struct reading *r, const char *kind, const char *rule, uint32_t caller, struct enforce_hits count)
{
	const char *by = caller && caller <= r->npaths && r->texts[caller] ? r->texts[caller] : "";
	*VEC_PUSH(r->hits) = (struct hit){kind, xstrdup(rule), xstrdup(by), count};
}

/* ---- paths ---- */

static void read_paths(struct reading *r, const struct enforce_name *n)
{
	CLEANUP_FD int paths = policy_table(n, MACHINE_PATHS);
	CLEANUP_FD int bytes = policy_table(n, MACHINE_BYTES);
	struct image_path_key key;
	struct image_path p;
	r->npaths = n->paths;
	r->paths = xcalloc(n->paths + 1, sizeof(*r->paths));
	r->texts = xcalloc(n->paths + 1, sizeof(*r->texts));
	for (void *last = NULL; paths >= 0 && bytes >= 0 && !bpf_map_get_next_key(paths, last, &key); last = &key) {
		if (bpf_map_lookup_elem(paths, &key, &p) || !p.id || p.id > n->paths || r->texts[p.id])
			continue;
		r->paths[p.id] = p;
		r->texts[p.id] = policy_path(bytes, &p);
	}
}

static bool *targets(int pairs, uint32_t npaths)
{
	bool *is = xcalloc(npaths + 1, sizeof(*is));
	struct image_pair pair;
	for (void *last = NULL; pairs >= 0 && !bpf_map_get_next_key(pairs, last, &pair); last = &pair)
		if (pair.target <= npaths)
			is[pair.target] = true;
	return is;
}

/* What a path is in the policy; NULL: only a program that rules are for. */
static const char *kind_of(const struct image_path *p, bool exec_target, bool file_target)
{
	return p->flags & IMAGE_PATH_PROTECT ? "protect" : p->access || file_target ? "file"
	       : (p->flags & (IMAGE_PATH_EXEC | IMAGE_PATH_RUNTIME)) || exec_target ? "exec" : NULL;
}

static void add_paths(struct reading *r, const struct enforce_name *n, const char *kind)
{
	CLEANUP_FD int exec_pairs = policy_table(n, MACHINE_EXEC_PAIRS);
	CLEANUP_FD int file_pairs = policy_table(n, MACHINE_FILE_PAIRS);
	CLEANUP_FREE bool *execs = targets(exec_pairs, r->npaths);
	CLEANUP_FREE bool *files = targets(file_pairs, r->npaths);
	for (uint32_t id = 1; id <= r->npaths; id++) {
		const char *is = r->texts[id] ? kind_of(&r->paths[id], execs[id], files[id]) : NULL;
		if (is && !strcmp(is, kind))
			add(r, kind, r->texts[id], 0, counted(r->path_hits, ENFORCE_HITS_PATHS + id));
	}
}

/* ---- networks ---- */

struct row {
	struct image_port port;
	struct enforce_hits count;
	uint32_t bits;
	int family;
	uint8_t address[16];
};

struct rows {
	struct row *v;
	size_t n, cap;
};

static void take_run(struct rows *rows, const struct image_net *net, int family, uint32_t bits, const uint8_t *address, int ports,
		     int hits)
{
	for (uint32_t k = net->first; k < net->first + net->count; k++) {
		struct row row = {.count = counted(hits, k), .bits = bits, .family = family};
		memcpy(row.address, address, family == AF_INET ? 4 : 16);
		if (!bpf_map_lookup_elem(ports, &k, &row.port))
			*VEC_PUSH(rows) = row;
	}
}

static void read_networks(const struct reading *r, const struct enforce_name *n, struct rows *rows)
{
	CLEANUP_FD int net4 = policy_table(n, MACHINE_NET4);
	CLEANUP_FD int net6 = policy_table(n, MACHINE_NET6);
	CLEANUP_FD int ports = policy_table(n, MACHINE_PORTS);
	struct image_net net;
	struct image_net4 key4;
	struct image_net6 key6;
	for (void *last = NULL; net4 >= 0 && !bpf_map_get_next_key(net4, last, &key4); last = &key4)
		if (!bpf_map_lookup_elem(net4, &key4, &net))
			take_run(rows, &net, AF_INET, key4.bits, key4.address, ports, r->port_hits);
	for (void *last = NULL; net6 >= 0 && !bpf_map_get_next_key(net6, last, &key6); last = &key6)
		if (!bpf_map_lookup_elem(net6, &key6, &net))
			take_run(rows, &net, AF_INET6, key6.bits, key6.address, ports, r->port_hits);
}

static bool same_rule(const struct row *a, const struct row *b)
{
	return a->port.rule == b->port.rule && a->port.caller == b->port.caller && a->family == b->family;
}

static int by_rule(const void *x, const void *y)
{
	const struct row *a = x, *b = y;
	return a->port.rule != b->port.rule ? (a->port.rule > b->port.rule) - (a->port.rule < b->port.rule)
	       : a->port.caller != b->port.caller ? (a->port.caller > b->port.caller) - (a->port.caller < b->port.caller)
	       : a->family != b->family ? a->family - b->family : (int)a->bits - (int)b->bits;
}

static void print_rule(const struct row *row, struct buf *b)
{
	char text[INET6_ADDRSTRLEN] = "";
	const struct image_port *p = &row->port;
	inet_ntop(row->family, row->address, text, sizeof(text));
	buf_printf(b, "%s/%u", text, row->bits);
	if (p->first == p->last)
		buf_printf(b, " port %u", p->first);
	else if (p->first || p->last != UINT16_MAX)
		buf_printf(b, " port %u-%u", p->first, p->last);
	if (p->protocol == 6 || p->protocol == 17)
		buf_puts(b, p->protocol == 6 ? " tcp" : " udp");
	else if (p->protocol)
		buf_printf(b, " protocol %u", p->protocol);
	buf_add(b, "", 1);
}

static void add_connects(struct reading *r, const struct enforce_name *n)
{
	struct rows rows = {0};
	read_networks(r, n, &rows);
	if (rows.n)
		qsort(rows.v, rows.n, sizeof(*rows.v), by_rule);
	for (size_t k = 0, next; k < rows.n; k = next) {
		CLEANUP_BUF struct buf b = BUF_INIT;
		for (next = k + 1; next < rows.n && same_rule(&rows.v[k], &rows.v[next]); next++)
			rows.v[k].count.allowed += rows.v[next].count.allowed;
		print_rule(&rows.v[k], &b);
		add(r, "connect", b.p, rows.v[k].port.caller, rows.v[k].count);
	}
	free(rows.v);
}

/* ---- all ---- */

static void add_rest(struct reading *r, const char *kind, enum enforce_kind place)
{
	add(r, kind, "no rule", 0, counted(r->path_hits, place));
}

void hits_read(const struct enforce_workload *w, const struct enforce_name *n, struct hits *ret)
{
	struct reading r = {.hits = ret};
	CLEANUP_FD int path_hits = policy_table(n, MACHINE_PATH_HITS);
	CLEANUP_FD int port_hits = policy_table(n, MACHINE_PORT_HITS);
	uint32_t judges = ENFORCE_JUDGES(w->word), guards = ENFORCE_GUARDS(w->word);
	r.path_hits = path_hits;
	r.port_hits = port_hits;
	read_paths(&r, n);
	add_paths(&r, n, "exec");
	if (judges & IMAGE_JUDGES_EXEC)
		add_rest(&r, "exec", ENFORCE_EXEC);
	add_paths(&r, n, "protect");
	add_paths(&r, n, "file");
	if (judges & IMAGE_JUDGES_FILE)
		add(&r, "file", "path unknown", 0, counted(path_hits, ENFORCE_FILE));
	add_connects(&r, n);
	if (judges & IMAGE_JUDGES_CONNECT)
		add_rest(&r, "connect", ENFORCE_CONNECT);
	for (int g = 0; g < GUARD_COUNT; g++)
		if (guards & 1u << g)
			add(&r, "guard", guard_word((enum guard)g), 0, counted(path_hits, ENFORCE_HITS_GUARDS + (uint32_t)g));
	for (uint32_t id = 0; id <= r.npaths; id++)
		free(r.texts[id]);
	free(r.texts);
	free(r.paths);
}
