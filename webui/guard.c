/* SPDX-License-Identifier: GPL-2.0-only */
/* The checks of guard.h. Comparisons with the token take the same time wherever they differ. */
#include "webui/guard.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/random.h>

#include "schema/base/diag.h"

const char *const guard_headers[][2] = {
	{"Content-Security-Policy",
	 "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
	 "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
	{"X-Frame-Options", "DENY"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
	{NULL, NULL},
};

int guard_init(struct guard *g, uint16_t port)
{
	unsigned char random[GUARD_TOKEN_LEN / 2];
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -EIO;
	*g = (struct guard){.port = port};
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(g->token + 2 * i, 3, "%02x", random[i]);
	snprintf(g->cookie_name, sizeof(g->cookie_name), "stakeout-%u", port);
	return 0;
}

static bool same_secret(struct str given, const char *secret)
{
	if (given.n != GUARD_TOKEN_LEN)
		return false;
	unsigned char differs = 0;
	for (size_t i = 0; i < given.n; i++)
		differs |= (unsigned char)(given.p[i] ^ secret[i]);
	return !differs;
}

/* HOST is a loopback name and our port (which http leaves out when it is 80). */
static bool our_host(const struct guard *g, struct str host)
{
	static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char want[32];
		snprintf(want, sizeof(want), "%s:%u", names[i], g->port);
		if (str_eq(host, str_from(want)))
			return true;
		if (g->port == 80 && str_eq(host, str_from(names[i])))
			return true;
	}
	return false;
}

static bool our_origin(struct str origin, struct str host)
{
	return str_starts(origin, STR("http://")) && str_eq(str_skip(origin, 7), host);
}

static struct str cookie_value(struct str cookies, const char *name)
{
	struct str want = str_from(name);
	while (cookies.n) {
		const char *end = memchr(cookies.p, ';', cookies.n);
		struct str one = {cookies.p, end ? (size_t)(end - cookies.p) : cookies.n};
		cookies = str_skip(cookies, one.n + 1);
		while (one.n && one.p[0] == ' ')
			one = str_skip(one, 1);
		if (str_starts(one, want) && one.n > want.n && one.p[want.n] == '=')
			return str_skip(one, want.n + 1);
	}
	return (struct str){NULL, 0};
}

unsigned guard_check(const struct guard *g, const struct request *q, const char **ret_why)
{
	const struct headers *h = &q->headers;
	*ret_why = "the Host header is not a loopback name with this server's port";
	if (!our_host(g, h->host))
		return 421;
	*ret_why = "the request comes from another site";
	if (str_eq(h->fetch_site, STR("cross-site")) || str_eq(h->fetch_site, STR("same-site"))) {
		/* A link elsewhere may open a page, which changes nothing; it may not read or write data. */
		if (str_starts(q->path, STR("/api/")) || !str_eq(q->method, STR("GET")))
			return 403;
	}
	if (str_eq(q->method, STR("GET")) || str_eq(q->method, STR("HEAD")))
		return 0;
	*ret_why = "a write needs this server's own Origin";
	if (!our_origin(h->origin, h->host))
		return 403;
	*ret_why = "a write needs the request token of this run of the server, as header and as cookie";
	if (!same_secret(h->token, g->token) ||
	    !same_secret(cookie_value(h->cookie, g->cookie_name), g->token))
		return 403;
	*ret_why = NULL;
	return 0;
}

static bool is_loopback(const struct listen_address *a)
{
	static const uint8_t four[4] = {127, 0, 0, 1}, six[16] = {[15] = 1};
	return a->ipv6 ? !memcmp(a->bytes, six, 16) : !memcmp(a->bytes, four, 4);
}

int listen_parse(const char *text, struct diag *d, struct listen_address *ret)
{
	struct listen_address a = {.bytes = {127, 0, 0, 1}};
	const char *colon = strrchr(text, ':');
	struct str port = str_from(colon ? colon + 1 : text);
	CLEANUP_FREE char *name = xstrndup(text, colon ? (size_t)(colon - text) : 0);
	size_t n = strlen(name);
	if (n > 2 && name[0] == '[' && name[n - 1] == ']') {
		memmove(name, name + 1, n - 2);
		name[n - 2] = '\0';
		a.ipv6 = true;
	}
	uint64_t number;
	if (str_to_u64(port, &number) || number > 65535)
		return diag_error(d, NULL, "--listen wants ADDRESS:PORT, such as 127.0.0.1:5000, not '%s'",
				  text);
	a.port = (uint16_t)number;
	bool known = !n || !strcmp(name, "localhost") ||
		     inet_pton(a.ipv6 ? AF_INET6 : AF_INET, name, a.bytes) == 1;
	if (!known)
		return diag_error(d, NULL, "--listen: '%s' is not an address; try 127.0.0.1:5000", name);
	if (!is_loopback(&a)) {
		diag_error(d, NULL,
			   "--listen: %s is neither 127.0.0.1 nor [::1]; the UI has no accounts and no encryption, so it "
			   "serves this machine only. From another machine: "
			   "ssh -L 5000:127.0.0.1:5000 THIS-HOST",
			   name);
		return -EACCES;
	}
	*ret = a;
	return 0;
}
