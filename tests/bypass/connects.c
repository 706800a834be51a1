/* SPDX-License-Identifier: GPL-2.0-only */
/* Connects. Nobody listens, so whatever is not EPERM got through. */
#include "tests/bypass/bypass.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sched.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_in to(const char *address)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(FORBIDDEN_PORT)};
	inet_pton(AF_INET, address, &a.sin_addr);
	return a;
}

static struct sockaddr_in6 to6(const char *address)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(FORBIDDEN_PORT), .sin6_scope_id = if_nametoindex("lo")};
	inet_pton(AF_INET6, address, &a.sin6_addr);
	return a;
}

static int reached(long r)
{
	return r < 0 && (errno == EPERM) ? -errno : 0;
}

static int connect_by(int type, int protocol)
{
	struct sockaddr_in a = to("127.0.0.1");
	int fd = socket(AF_INET, type, protocol);
	if (fd < 0)
		return errno == EPERM ? -EPERM : -ENOSYS;
	return reached(connect(fd, (void *)&a, sizeof(a)));
}

static int tcp(void) { return connect_by(SOCK_STREAM, 0); }
static int udp(void) { return connect_by(SOCK_DGRAM, 0); }
static int mptcp(void) { return connect_by(SOCK_STREAM, 262); }
static int udplite(void) { return connect_by(SOCK_DGRAM, 136); }

static int send_by(int type, int flags)
{
	struct sockaddr_in a = to("127.0.0.1");
	int fd = socket(AF_INET, type, 0);
	return fd < 0 ? -ENOSYS : reached(sendto(fd, "x", 1, flags, (void *)&a, sizeof(a)));
}

static int fast_open(void) { return send_by(SOCK_STREAM, MSG_FASTOPEN); }
static int send_without_connect(void) { return send_by(SOCK_DGRAM, 0); }

static int send_elsewhere(void)
{
	struct sockaddr_in a = to("127.0.0.1"), b = a;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	a.sin_port = htons(ALLOWED_PORT);
	if (connect(fd, (void *)&a, sizeof(a)))
		return -errno;
	return reached(sendto(fd, "x", 1, 0, (void *)&b, sizeof(b)));
}

static int connect6(const char *address)
{
	struct sockaddr_in6 a = to6(address);
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	return fd < 0 ? -ENOSYS : reached(connect(fd, (void *)&a, sizeof(a)));
}

static int mapped(void) { return connect6("::ffff:127.0.0.1"); }
static int ipv6(void) { return connect6("::1"); }
static int ipv6_scoped(void) { return connect6("fe80::1"); }

static int any_address(void)
{
	struct sockaddr_in a = to("0.0.0.0");
	return reached(connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&a, sizeof(a)));
}

static int raw_socket(void)
{
	struct sockaddr_in a = to("127.0.0.1");
	int fd = socket(AF_INET, SOCK_RAW, 253);
	return fd < 0 ? -ENOSYS : reached(sendto(fd, "x", 1, 0, (void *)&a, sizeof(a)));
}

/* A datagram's address may say of no family what it is: IPv4 all the same. */
static int unspecified_family(void)
{
	struct sockaddr_in a = to("127.0.0.1");
	a.sin_family = AF_UNSPEC;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	return fd < 0 ? -ENOSYS : reached(sendto(fd, "x", 1, 0, (void *)&a, sizeof(a)));
}

/* Connected where it may, let go, connected where it may not. */
static int connected_again(void)
{
	struct sockaddr_in a = to("127.0.0.1"), none = {.sin_family = AF_UNSPEC};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	a.sin_port = htons(ALLOWED_PORT);
	if (connect(fd, (void *)&a, sizeof(a)) || connect(fd, (void *)&none, sizeof(none)))
		return -errno;
	a.sin_port = htons(FORBIDDEN_PORT);
	return reached(connect(fd, (void *)&a, sizeof(a)));
}

static int send_many(void)
{
	struct sockaddr_in a = to("127.0.0.1"), allowed = a;
	struct iovec part = {(void *)"x", 1};
	struct mmsghdr m[2] = {{.msg_hdr = {.msg_name = &allowed, .msg_namelen = sizeof(a), .msg_iov = &part, .msg_iovlen = 1}},
			       {.msg_hdr = {.msg_name = &a, .msg_namelen = sizeof(a), .msg_iov = &part, .msg_iovlen = 1}}};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	allowed.sin_port = htons(ALLOWED_PORT);
	/* Ends at the first that fails; the next call tells why. */
	int sent = sendmmsg(fd, m, 2, 0);
	return sent == 2 ? 0 : sent < 0 ? -errno : reached(sendmmsg(fd, m + 1, 1, 0));
}

static int network_namespace(void) { return unshare(CLONE_NEWNET) ? -errno : connect_by(SOCK_STREAM, 0); }

#ifdef __x86_64__
static int connect_32(void)
{
	struct sockaddr_in a = to("127.0.0.1");
	char *low = low_memory();
	if (!low)
		return -ENOSYS;
	memcpy(low, &a, sizeof(a));
	long r = call32(362, socket(AF_INET, SOCK_STREAM, 0), (long)low, sizeof(a));
	return r == -EPERM ? -EPERM : 0;
}
#else
static int connect_32(void) { return -ENOSYS; }
#endif

/* ---- what is not IPv4 or IPv6 by a port ---- */

static int sctp(void) { return connect_by(SOCK_STREAM, 132); }
static int dccp(void) { return connect_by(6, 33); }

/* An echo request, by an ordinary user where the administrator lets them. */
static int ping_socket(void)
{
	struct sockaddr_in a = to("127.0.0.1");
	const char echo[8] = {8};
	int fd = socket(AF_INET, SOCK_DGRAM, 1);
	return fd < 0 ? -ENOSYS : reached(sendto(fd, echo, sizeof(echo), 0, (void *)&a, sizeof(a)));
}

static int packet_socket(void)
{
	struct sockaddr_ll a = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex("lo"), .sll_protocol = htons(0x0800)};
	int fd = socket(AF_PACKET, SOCK_DGRAM, 0);
	return fd < 0 ? -ENOSYS : reached(sendto(fd, "x", 1, 0, (void *)&a, sizeof(a)));
}

static int vsock(void)
{
	struct { uint16_t family, zero; uint32_t port, cid; uint8_t rest[4]; } a = {AF_VSOCK, 0, FORBIDDEN_PORT, 1, {0}};
	int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
	return fd < 0 ? -ENOSYS : reached(connect(fd, (void *)&a, sizeof(a)));
}

static int netlink(void)
{
	struct sockaddr_nl a = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW, 0);
	return fd < 0 ? -ENOSYS : reached(connect(fd, (void *)&a, sizeof(a)));
}

static int unix_by(const char *name, size_t n)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	memcpy(a.sun_path, name, n);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	return fd < 0 ? -ENOSYS : reached(connect(fd, (void *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)));
}

static int unix_path(void) { return unix_by("/run/nobody", 12); }
static int unix_abstract(void) { return unix_by("\0nobody", 7); }

/* ---- by a socket from before the policy ---- */

static int connected_before(void) { return reached(send(FD_CONNECTED, "x", 1, 0)); }

static int passed_socket(void)
{
	struct sockaddr_in a = to("127.0.0.1");
	return reached(connect(FD_SOCKET, (void *)&a, sizeof(a)));
}

static const struct way ways[] = {
	{"tcp", tcp}, {"udp", udp}, {"mptcp", mptcp}, {"udplite", udplite}, {"tcp-fast-open", fast_open},
	{"sendto", send_without_connect}, {"sendto-elsewhere", send_elsewhere}, {"sendto-unspecified", unspecified_family},
	{"sendmmsg", send_many}, {"connected-again", connected_again}, {"mapped", mapped}, {"any-address", any_address}, {"ipv6", ipv6},
	{"ipv6-scoped", ipv6_scoped}, {"network-namespace", network_namespace}, {"connect-32-bit", connect_32}, {"sctp", sctp},
	{"dccp", dccp}, {"ping-socket", ping_socket}, {"raw-socket", raw_socket}, {"packet-socket", packet_socket}, {"vsock", vsock},
	{"netlink", netlink}, {"unix-socket", unix_path}, {"unix-abstract", unix_abstract}, {"connected-before", connected_before},
	{"passed-socket", passed_socket},
};
const struct ways connect_ways = {ways, ARRAY_SIZE(ways)};
