/* SPDX-License-Identifier: GPL-2.0-only */
/* One reading of numbers for the load check, which asks whether they are ones, and for the evaluator, which compares with them. */
#include "schema/policy_numbers.h"

#include <linux/in.h>
#include <sys/socket.h>

/* ---- as Go reads them ---- */

/* A '_' stands between two digits, or between a base's prefix and a digit. */
static bool magnitude(struct str s, int base, uint64_t *ret)
{
	bool underscores = base == 0;
	if (s.n && s.p[0] == '_')
		return false;
	if (base == 0) {
		base = 10;
		if (s.n > 1 && s.p[0] == '0') {
			char c = (char)(s.p[1] | 0x20);
			base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
			s = str_skip(s, c == 'x' || c == 'b' || c == 'o' ? 2 : 1);
		}
	}
	uint64_t v = 0;
	size_t digits = 0;
	for (size_t i = 0; i < s.n; i++) {
		char c = (char)(s.p[i] | 0x20);
		if (s.p[i] == '_' && underscores && i + 1 < s.n && s.p[i + 1] != '_')
			continue;
		int d = s.p[i] >= '0' && s.p[i] <= '9' ? s.p[i] - '0'
			: c >= 'a' && c <= 'f'	       ? c - 'a' + 10
						       : 99;
		if (d >= base || __builtin_mul_overflow(v, (unsigned)base, &v) ||
		    __builtin_add_overflow(v, (unsigned)d, &v))
			return false;
		digits++;
	}
	*ret = v;
	return digits > 0;
}

bool go_uint(struct str s, int base, unsigned bits, uint64_t *ret)
{
	return magnitude(s, base, ret) && (bits == 64 || *ret >> bits == 0);
}

bool go_int(struct str s, int base, unsigned bits, int64_t *ret)
{
	bool negative = s.n && s.p[0] == '-';
	if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
		s = str_skip(s, 1);
	uint64_t v, limit = (uint64_t)1 << (bits - 1);
	if (!magnitude(s, base, &v) || v > limit || (v == limit && !negative))
		return false;
	*ret = (int64_t)(negative ? 0 - v : v);
	return true;
}

/* ---- names ---- */

#define FAMILY(name)   {SOCKET_FAMILY, "AF_" #name, AF_##name}
#define PROTOCOL(name) {SOCKET_PROTOCOL, "IPPROTO_" #name, IPPROTO_##name}
#define STATE(name, n) {SOCKET_STATE, "TCP_" #name, n}
static const struct {
	enum socket_name kind;
	const char *name;
	int number;
} names[] = {
	FAMILY(UNSPEC), FAMILY(UNIX), FAMILY(LOCAL), FAMILY(INET), FAMILY(AX25), FAMILY(IPX), FAMILY(APPLETALK), FAMILY(NETROM),
	FAMILY(BRIDGE), FAMILY(ATMPVC), FAMILY(X25), FAMILY(INET6), FAMILY(ROSE), {SOCKET_FAMILY, "AF_DECnet", 12},
	FAMILY(NETBEUI), FAMILY(SECURITY), FAMILY(KEY), FAMILY(NETLINK), FAMILY(ROUTE), FAMILY(PACKET), FAMILY(ASH), FAMILY(ECONET),
	FAMILY(ATMSVC), FAMILY(RDS), FAMILY(SNA), FAMILY(IRDA), FAMILY(PPPOX), FAMILY(WANPIPE), FAMILY(LLC), FAMILY(IB), FAMILY(MPLS),
	FAMILY(CAN), FAMILY(TIPC), FAMILY(BLUETOOTH), FAMILY(IUCV), FAMILY(RXRPC), FAMILY(ISDN), FAMILY(PHONET), FAMILY(IEEE802154),
	FAMILY(CAIF), FAMILY(ALG), FAMILY(NFC), FAMILY(VSOCK), FAMILY(KCM), FAMILY(QIPCRTR), FAMILY(SMC), FAMILY(XDP),
	{SOCKET_FAMILY, "AF_MCTP", 45},
	PROTOCOL(IP), PROTOCOL(ICMP), PROTOCOL(IGMP), PROTOCOL(IPIP), PROTOCOL(TCP), PROTOCOL(EGP), PROTOCOL(PUP), PROTOCOL(UDP),
	PROTOCOL(IDP), PROTOCOL(TP), PROTOCOL(DCCP), PROTOCOL(IPV6), PROTOCOL(RSVP), PROTOCOL(GRE), PROTOCOL(ESP), PROTOCOL(AH),
	PROTOCOL(MTP), PROTOCOL(BEETPH), PROTOCOL(ENCAP), PROTOCOL(PIM), PROTOCOL(COMP), PROTOCOL(SCTP), PROTOCOL(UDPLITE),
	PROTOCOL(MPLS), {SOCKET_PROTOCOL, "IPPROTO_ETHERNET", 143}, PROTOCOL(RAW), {SOCKET_PROTOCOL, "IPPROTO_MPTCP", 262},
	{SOCKET_PROTOCOL, "IPPROTO_ICMPV6", 58},
	STATE(ESTABLISHED, 1), STATE(SYN_SENT, 2), STATE(SYN_RECV, 3), STATE(FIN_WAIT1, 4), STATE(FIN_WAIT2, 5), STATE(TIME_WAIT, 6),
	STATE(CLOSE, 7), STATE(CLOSE_WAIT, 8), STATE(LAST_ACK, 9), STATE(LISTEN, 10), STATE(CLOSING, 11), STATE(NEW_SYN_RECV, 12),
};

int64_t socket_number(enum socket_name kind, struct str text)
{
	uint64_t n;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if ((kind == SOCKET_ANY || kind == names[i].kind) && str_eq(str_from(names[i].name), text))
			return names[i].number;
	return go_uint(text, 10, 32, &n) ? (int64_t)n : -1;
}
