/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may ask. The server listens on loopback, yet any page in the user's browser can send requests there, and a
 * rebound DNS name can even read the answers. So: the Host must be a loopback name with our port (rebinding), a
 * request made by another site is refused, and a write needs our Origin and the token twice, as header and as
 * SameSite cookie (cross-site requests).
 */
#pragma once

#include "webui/http.h"

enum { GUARD_TOKEN_LEN = 64 };

struct guard {
	uint16_t port;
	char token[GUARD_TOKEN_LEN + 1];
	char cookie_name[24];     /* differs by port: cookies are shared by all ports of a host */
};

/* Fresh random token. 0 or -errno. */
int guard_init(struct guard *g, uint16_t port);

/* 0, or the status to answer with and why. */
unsigned guard_check(const struct guard *g, const struct request *q, const char **ret_why);

/* The headers that every answer carries: name and value pairs, ended by NULL. */
extern const char *const guard_headers[][2];

/*
 * Splits "127.0.0.1:5000", "localhost:5000", "[::1]:5000", "5000". -EINVAL when malformed, -EACCES when the
 * address is not loopback; the reason in D.
 */
struct listen_address {
	bool ipv6;
	uint8_t bytes[16];
	uint16_t port;
};
struct diag;
int listen_parse(const char *text, struct diag *d, struct listen_address *ret);
