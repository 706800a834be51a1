/* SPDX-License-Identifier: GPL-2.0-only */
/* What a process does to files, peers and the kernel. */
#include "compiler/scenario/scenario_scene.h"

#include <arpa/inet.h>

int do_file(struct scene *c, const struct step *s)
{
	struct world *w = c->play->world;
	struct item *it = emit_task(c, KIND_FILE, c->task);
	struct str typed = expand(c, s->target);
	it->path = s->path.n ? expand(c, s->path) : world_resolve(w, typed);
	it->path_known = true;
	it->access = s->access;
	if (s->deleted) {
		it->path =
		    str_from(arena_printf(w->arena, STR_FMT " (deleted)", STR_ARG(it->path)));
		it->tags |= TAG_DELETED;
	}
	return 0;
}

/* 10.0.0.1:53, [2001:db8::1]:443. */
static bool parse_address(struct str text, struct address *ret)
{
	char host[64], *end = host;
	const char *colon = text.n ? memrchr(text.p, ':', text.n) : NULL;
	if (!colon || (size_t)(colon - text.p) >= sizeof(host))
		return false;
	uint64_t port;
	if (str_to_u64(str_skip(text, (size_t)(colon - text.p) + 1), &port) || port > 65535)
		return false;
	size_t n = (size_t)(colon - text.p);
	memcpy(host, text.p, n);
	host[n] = '\0';
	bool six = n > 2 && host[0] == '[' && host[n - 1] == ']';
	if (six) {
		end = host + 1;
		host[n - 1] = '\0';
	}
	*ret = (struct address){.family = six ? 6 : 4, .port = (uint16_t)port};
	return inet_pton(six ? AF_INET6 : AF_INET, end, ret->bytes) == 1;
}

int do_connect(struct scene *c, const struct step *s)
{
	struct str to = expand(c, s->target);
	struct item *it = emit_task(c, KIND_CONNECT, c->task);
	it->result = -(int32_t)s->result;
	it->tags |= s->result ? TAG_FAILED : 0;
	if (to.p[0] == '/' || to.p[0] == '@') {
		it->unix_path = to;
		return 0;
	}
	it->protocol = s->protocol;
	if (parse_address(to, &it->address))
		return 0;
	return FAIL(c, s,
		    "'" STR_FMT
		    "' is no address such as 10.0.0.1:53, [2001:db8::1]:443, /run/x.sock or @name",
		    STR_ARG(to));
}

int do_guard(struct scene *c, const struct step *s)
{
	struct item *it = emit_task(c, KIND_GUARD, c->task);
	it->guard = s->target;
	it->path = expand(c, s->object);
	it->path_known = it->path.n > 0;
	return 0;
}
