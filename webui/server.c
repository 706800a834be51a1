/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The library parses HTTP and keeps the sockets; the raw request target is taken before it decodes
 * anything (see request.c), a body is gathered up to its limit, then web_answer() does the rest.
 */
#include "webui/server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <poll.h>
#include <unistd.h>

enum {
	CONNECTIONS_MAX = 64,
	IDLE_SECONDS = 30,
	CONNECTION_BYTES = 512 << 10, /* even an address of nothing but parameters is answered */
};

struct server {
	struct MHD_Daemon *daemon;
	struct web *web;
};

struct exchange {
	char *target;
	struct buf body;
	bool begun, too_long;
};

/* The library's first word about a request; what it returns becomes the exchange's state. */
static void *on_target(void *arg, const char *uri, struct MHD_Connection *connection)
{
	(void)arg;
	(void)connection;
	struct exchange *x = xcalloc(1, sizeof(*x));
	x->target = xstrdup(uri);
	return x;
}

static void on_end(void *arg, struct MHD_Connection *connection, void **state,
		   enum MHD_RequestTerminationCode how)
{
	(void)arg;
	(void)connection;
	(void)how;
	struct exchange *x = *state;
	if (!x)
		return;
	free(x->target);
	buf_done(&x->body);
	free(x);
	*state = NULL;
}

static struct str header(struct MHD_Connection *c, const char *name)
{
	return str_from(MHD_lookup_connection_value(c, MHD_HEADER_KIND, name));
}

static void take_headers(struct MHD_Connection *c, struct headers *h)
{
	*h = (struct headers){
		.host = header(c, "Host"),
		.origin = header(c, "Origin"),
		.token = header(c, "X-Stakeout-Token"),
		.cookie = header(c, "Cookie"),
		.fetch_site = header(c, "Sec-Fetch-Site"),
		.content_type = header(c, "Content-Type"),
		.if_none_match = header(c, "If-None-Match"),
	};
}

static void add_headers(struct MHD_Response *out, const struct web *w, const struct response *r)
{
	for (size_t i = 0; guard_headers[i][0]; i++)
		MHD_add_response_header(out, guard_headers[i][0], guard_headers[i][1]);
	MHD_add_response_header(out, "Content-Type", r->type);
	MHD_add_response_header(out, "Cache-Control", r->etag ? "no-cache" : "no-store");
	if (r->etag)
		MHD_add_response_header(out, "ETag", r->etag);
	if (r->allow)
		MHD_add_response_header(out, "Allow", r->allow);
	if (r->link)
		MHD_add_response_header(out, "Link", r->link);
	if (r->filename) {
		CLEANUP_FREE char *value = xasprintf("attachment; filename=\"%s\"", r->filename);
		MHD_add_response_header(out, "Content-Disposition", value);
	}
	if (r->cookie) {
		CLEANUP_FREE char *value = xasprintf("%s=%s; Path=/; HttpOnly; SameSite=Strict",
						     w->guard.cookie_name, w->guard.token);
		MHD_add_response_header(out, "Set-Cookie", value);
	}
}

static enum MHD_Result send_response(struct MHD_Connection *c, const struct web *w,
				     struct response *r)
{
	struct MHD_Response *out;
	if (r->fixed.p) {
		out = MHD_create_response_from_buffer(r->fixed.n, (void *)r->fixed.p,
						      MHD_RESPMEM_PERSISTENT);
	} else {
		size_t n = r->body.n;
		out = MHD_create_response_from_buffer(n, buf_take(&r->body), MHD_RESPMEM_MUST_FREE);
	}
	if (!out)
		return MHD_NO;
	add_headers(out, w, r);
	enum MHD_Result result = MHD_queue_response(c, r->status, out);
	MHD_destroy_response(out);
	return result;
}

/* Asked while an answer is worked out: the browser has closed the connection, or the server ends. */
static bool client_gone(void *client)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(client, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct pollfd p = {.fd = info ? info->connect_fd : -1, .events = POLLRDHUP};
	return poll(&p, 1, 0) > 0 && p.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL);
}

static enum MHD_Result answer(struct server *s, struct MHD_Connection *c, const char *method,
			      struct exchange *x)
{
	struct request q;
	struct response r;
	request_init(&q);
	response_init(&r);
	/* The time that an answer takes is not idleness: else a long replay would end unanswered. */
	MHD_set_connection_option(c, MHD_CONNECTION_OPTION_TIMEOUT, 0u);
	q.method = str_from(method);
	q.gone = client_gone;
	q.client = c;
	take_headers(c, &q.headers);
	const char *why = "the body is too long";
	unsigned status = x->too_long ? 413 : request_target(&q, str_from(x->target), &why);
	if (!status && str_eq(q.method, STR("POST")))
		status = request_body(&q, buf_view(&x->body), &why);
	if (status)
		response_error(&r, status, "Reload the page; if that does not help, report this address.",
			       "%s", why);
	else
		web_answer(s->web, &q, &r);
	MHD_set_connection_option(c, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)IDLE_SECONDS);
	enum MHD_Result result = send_response(c, s->web, &r);
	response_done(&r);
	request_done(&q);
	return result;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *data_n, void **state)
{
	(void)url;
	(void)version;
	struct exchange *x = *state;
	if (!x)
		return MHD_NO;
	if (!x->begun) {
		x->begun = true;
		return MHD_YES;
	}
	if (*data_n) {
		if (x->body.n + *data_n > HTTP_MAX_BODY)
			x->too_long = true;
		else
			buf_add(&x->body, data, *data_n);
		*data_n = 0;
		return MHD_YES;
	}
	return answer(arg, c, method, x);
}

/* What the library has to say about a broken request is the client's business, not the terminal's. */
static void discard_log(void *arg, const char *fmt, va_list ap)
{
	(void)arg;
	(void)fmt;
	(void)ap;
}

static int bind_socket(const struct listen_address *at, struct diag *d, int *ret_fd,
		       uint16_t *ret_port)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(at->port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(at->port)};
	memcpy(&six.sin6_addr, at->bytes, sizeof(six.sin6_addr));
	memcpy(&four.sin_addr, at->bytes, sizeof(four.sin_addr));
	struct sockaddr *address = at->ipv6 ? (void *)&six : (void *)&four;
	socklen_t n = at->ipv6 ? sizeof(six) : sizeof(four);
	CLEANUP_FD int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return diag_error(d, NULL, "cannot open a socket: %s", strerror(errno));
	int one = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, address, n) || listen(fd, CONNECTIONS_MAX) || getsockname(fd, address, &n)) {
		int err = errno;
		diag_error(d, NULL, "cannot listen on port %u: %s%s", at->port, strerror(err),
			   err == EADDRINUSE ? "; is stakeout already running? Choose another with "
					       "--listen 127.0.0.1:5001"
					     : "");
		return -err;
	}
	*ret_port = ntohs(at->ipv6 ? six.sin6_port : four.sin_port);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int server_start(struct web *w, const struct listen_address *at, struct diag *d,
		 struct server **ret)
{
	int fd = -1;
	uint16_t port = 0;
	int err = bind_socket(at, d, &fd, &port);
	if (err)
		return err;
	err = guard_init(&w->guard, port);
	if (err) {
		close(fd);
		diag_error(d, NULL, "no random numbers from the kernel: %s", strerror(-err));
		return err;
	}
	struct server *s = xcalloc(1, sizeof(*s));
	s->web = w;
	s->daemon = MHD_start_daemon(
		MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
			MHD_USE_ERROR_LOG, 0, NULL, NULL,
		on_request, s, MHD_OPTION_EXTERNAL_LOGGER, discard_log, NULL, MHD_OPTION_LISTEN_SOCKET,
		fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
		MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL,
		MHD_OPTION_END);
	if (!s->daemon) {
		close(fd);
		free(s);
		return diag_error(d, NULL, "the HTTP library could not start: %s", strerror(errno));
	}
	*ret = s;
	return 0;
}

void server_stop(struct server *s)
{
	if (!s)
		return;
	MHD_stop_daemon(s->daemon);
	free(s);
}
