/* SPDX-License-Identifier: GPL-2.0-only */
/* One wording of events for reports, reviews and errors. */
#include "schema/event_words.h"

#include <arpa/inet.h>

void address_words(const struct address *a, struct buf *b)
{
	char text[INET6_ADDRSTRLEN];
	if (a->family != 4 && a->family != 6) {
		buf_puts(b, "an address of another family");
		return;
	}
	inet_ntop(a->family == 6 ? AF_INET6 : AF_INET, a->bytes, text, sizeof(text));
	buf_printf(b, a->family == 6 ? "[%s]:%u" : "%s:%u", text, a->port);
}

void image_words(const struct process *p, struct buf *b)
{
	if (p->path.n)
		buf_str(b, p->path);
	else if (p->filename.n && !str_eq(p->filename, STR("/")))   /* the root of a detached mount is no name */
		buf_str(b, p->filename);
	else
		buf_puts(b, p->path_known ? "an image without a name" : "an unknown image");
}

void access_words(uint32_t access, struct buf *b)
{
	const char *separator = "";
	for (unsigned bit = 0; bit < ACCESS_COUNT; bit++) {
		if (!(access & 1u << bit))
			continue;
		buf_printf(b, "%s%s", separator, access_name(bit));
		separator = "+";
	}
	if (!access)
		buf_puts(b, "touch");
}

static void exec_words(const struct event *ev, struct buf *b)
{
	buf_puts(b, "exec ");
	image_words(&ev->process, b);
	if (ev->process.filename.n && ev->process.path.n &&
	    !str_eq(ev->process.filename, ev->process.path)) {
		buf_puts(b, " (as ");
		buf_str(b, ev->process.filename);
		buf_putc(b, ')');
	}
	if (ev->has_parent) {
		buf_puts(b, " by ");
		image_words(&ev->parent, b);
	}
}

static void by(const struct event *ev, struct buf *b)
{
	buf_puts(b, " by ");
	image_words(&ev->process, b);
}

void event_words(const struct event *ev, struct buf *b)
{
	switch (ev->kind) {
	case KIND_EXEC:
		exec_words(ev, b);
		return;
	case KIND_FILE:
		access_words(ev->access, b);
		buf_putc(b, ' ');
		buf_str(b, ev->path.n ? ev->path : STR("a file without a name"));
		break;
	case KIND_CONNECT:
	case KIND_BIND:
		buf_puts(b, ev->tags & TAG_LISTENING ? "listen" : kind_name(ev->kind));
		buf_putc(b, ' ');
		if (ev->protocol == 6 || ev->protocol == 17)
			buf_puts(b, ev->protocol == 6 ? "tcp " : "udp ");
		if (ev->unix_path.n)
			buf_str(b, ev->unix_path);
		else
			address_words(&ev->address, b);
		break;
	case KIND_GUARD:
		buf_str(b, ev->guard);
		if (ev->path.n)
			buf_putc(b, ' '), buf_str(b, ev->path);
		break;
	case KIND_HOOK:
		buf_str(b, ev->hook);
		break;
	default:
		buf_puts(b, kind_name(ev->kind));
		break;
	}
	by(ev, b);
}
