/* SPDX-License-Identifier: GPL-2.0-only */
/* The sockets: libmicrohttpd in, web_answer() out. */
#pragma once

#include "schema/base/diag.h"
#include "webui/guard.h"
#include "webui/web.h"

struct server;

/* Listens and answers from its own threads until server_stop(). Port 0 takes a free one. */
int server_start(struct web *w, const struct listen_address *at, struct diag *d,
		 struct server **ret);
void server_stop(struct server *s);
