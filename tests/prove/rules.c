/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random allowlists. Most entries are about paths and addresses that acts use, or about something a byte, a folder or a bit
 * away from them: what a wrong comparison would take for the same.
 */
#include "compiler/allow/lower.h"
#include "tests/prove/addresses.h"
#include "tests/prove/plan.h"

/* PATH, its folder, a folder above it, or something that is nearly one of these. */
static struct str near_path(struct dice *r, struct arena *a, struct str path)
{
	char *p = arena_alloc(a, path.n + 2);
	size_t n = path.n;
	memcpy(p, path.p, n);
	switch (dice_below(r, 10)) {
	case 0: case 1: case 2: case 3:
		break;
	case 4: case 5: case 6: {   /* everything below a folder of it */
		unsigned up = dice_below(r, 4);
		for (n--; n > 1 && (p[n - 1] != '/' || up-- > 0); n--)
			;
		if (dice_chance(r, 10) && n > 1)
			n--;        /* that folder itself */
		break;
	}
	case 7:
		p[n++] = dice_chance(r, 50) ? '/' : 'x';
		break;
	case 8:
		if (p[n - 2] != '/')
			n--;
		break;
	default: {
		size_t at = 1 + dice_below(r, (unsigned)n - 1);
		if (p[at] != '/')
			p[at] = p[at] == 'y' ? 'z' : 'y';
		break;
	}
	}
	return (struct str){p, n};
}

static void random_by(struct dice *r, const struct world *w, struct arena *a, struct str **by, size_t *n)
{
	unsigned want = dice_chance(r, 45) ? 0 : 1 + dice_below(r, 3);
	for (unsigned i = 0; i < want; i++) {
		struct str path = w->programs[dice_below(r, dice_chance(r, 85) ? WORLD_CALLERS : WORLD_PROGRAMS)];
		*ARENA_PUSH(a, *by, *n) = path;
	}
}

static struct str random_started(struct dice *r, const struct world *w)
{
	return dice_chance(r, 6) ? w->scripts[dice_below(r, WORLD_SCRIPTS)].path : w->programs[dice_below(r, WORLD_PROGRAMS)];
}

static void random_execs(struct dice *r, const struct world *w, unsigned reach, struct allowlist *a)
{
	for (unsigned n = dice_below(r, 14); n > 0; n--) {
		struct allow_exec *e = ARENA_PUSH(a->arena, a->exec, a->nexec);
		e->path = near_path(r, a->arena, random_started(r, w));
		if (!(reach & REACH_NO_CALLER))
			random_by(r, w, a->arena, &e->by, &e->nby);
	}
}

static void random_files(struct dice *r, const struct world *w, struct allowlist *a)
{
	static const uint32_t words[] = {ACCESS_WRITE, ACCESS_APPEND, ACCESS_CREATE, ACCESS_TRUNCATE,
					 ACCESS_UNLINK, ACCESS_RENAME, ACCESS_LINK, ACCESS_CHMOD};
	for (unsigned n = 1 + dice_below(r, 6); n > 0; n--)
		*ARENA_PUSH(a->arena, a->protect, a->nprotect) =
			dice_chance(r, 10) ? STR("/") : near_path(r, a->arena, w->files[dice_below(r, WORLD_FILES)].path);
	for (unsigned n = dice_below(r, 16); n > 0; n--) {
		struct allow_file *f = ARENA_PUSH(a->arena, a->files, a->nfiles);
		f->path = near_path(r, a->arena, w->files[dice_below(r, WORLD_FILES)].path);
		for (unsigned k = dice_chance(r, 30) ? 0 : 1 + dice_below(r, 5); k > 0; k--)
			f->access |= words[dice_below(r, ARRAY_SIZE(words))];
		random_by(r, w, a->arena, &f->by, &f->nby);
	}
}

static void random_network(struct dice *r, struct allow_connect *c)
{
	if (dice_chance(r, 5))
		return;         /* any address */
	random_address(r, &c->network);
	unsigned most = c->network.family == 4 ? 32 : 128;
	c->prefix = (uint8_t)(dice_chance(r, 40) ? most : dice_below(r, most + 1));
	for (unsigned i = c->prefix; i < most; i++)
		c->network.bytes[i / 8] &= (uint8_t)~(0x80 >> i % 8);
	if (c->network.family == 4 && dice_chance(r, 12)) {   /* written as IPv6 */
		memmove(c->network.bytes + 12, c->network.bytes, 4);
		memset(c->network.bytes, 0, 10);
		memset(c->network.bytes + 10, 0xff, 2);
		c->network.family = 6;
		c->prefix = (uint8_t)(c->prefix + 96);
	}
}

static void random_connects(struct dice *r, const struct world *w, struct allowlist *a)
{
	for (unsigned n = dice_below(r, 14); n > 0; n--) {
		struct allow_connect *c = ARENA_PUSH(a->arena, a->connects, a->nconnects);
		random_network(r, c);
		c->port_last = 65535;
		if (dice_chance(r, 75))
			c->port_first = c->port_last = random_port(r);
		if (dice_chance(r, 40)) {
			uint16_t other = random_port(r);
			c->port_first = MIN(c->port_first, other);
			c->port_last = MAX(c->port_last, other);
		}
		c->protocol = (uint8_t[]){0, 6, 17}[dice_below(r, 3)];
		random_by(r, w, a->arena, &c->by, &c->nby);
	}
}

struct allowlist *random_allowlist(struct dice *r, const struct world *w, unsigned reach)
{
	struct allowlist *a = allowlist_new();
	a->name = STR("proof");
	a->workload = (struct workload){.namespace = STR("host"), .kind = STR("cgroup"), .name = STR("proof")};
	a->mode = dice_chance(r, 93) ? MODE_ENFORCE : MODE_MONITOR;
	a->has_exec = dice_chance(r, 88);
	a->has_file = dice_chance(r, 88);
	a->has_connect = dice_chance(r, 88) || !(a->has_exec || a->has_file);
	if (a->has_exec)
		random_execs(r, w, reach, a);
	if (a->has_file)
		random_files(r, w, a);
	if (a->has_connect)
		random_connects(r, w, a);
	for (unsigned i = 0; reach & REACH_GUARDS && i < IMAGE_GUARD_COUNT; i++)
		if (dice_chance(r, 40))
			*ARENA_PUSH(a->arena, a->guards, a->nguards) = str_from(guard_name(1u << i));
	return a;
}
