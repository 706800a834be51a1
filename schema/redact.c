/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One pass over the text, from name to name: is it a name that marks a secret, and where does the value
 * begin and end? What counts as such a name, a known key or a program's own option is in tables. Arguments
 * arrive joined by spaces, with those that hold a space in double quotes, so there is no argv to go by.
 */
#include "schema/redact.h"

#include <ctype.h>
#include <strings.h>

/* A name with one of these anywhere in it marks a secret. */
static const char *const inside[] = {
	"password", "passwd", "passphrase", "passwort", "secret", "token", "apikey", "api_key", "api-key",
	"accesskey", "access_key", "access-key", "privatekey", "private_key", "private-key",
	"credential", "authkey", "auth_key", "auth-key", "encryption_key", "encryption-key", "signature",
};
/* A name that is, or ends in -, _ or . and, one of these. */
static const char *const whole[] = {"pass", "pw", "pwd", "auth", "bearer", "psk", "pin", "jwt", "pat", "sig", "sas"};
/* Headers whose value goes to the end of the argument. */
static const char *const headers[] = {"authorization", "proxy-authorization", "cookie", "set-cookie"};
/* A name with one of these endings says where a secret lies, or how it is kept. */
static const char *const harmless[] = {"file", "path", "dir", "name", "id", "type", "url", "uri", "ttl", "length",
				       "policy", "expiry", "fd", "endpoint", "version"};

/* Text that is a secret wherever it stands: how it begins, and how many characters it has at least. */
static const struct {
	const char *start;
	size_t least;
} known[] = {
	{"AKIA", 20}, {"ASIA", 20}, {"ghp_", 20}, {"gho_", 20}, {"ghs_", 20}, {"ghu_", 20},
	{"github_pat_", 20}, {"glpat-", 20}, {"xoxb-", 15}, {"xoxp-", 15}, {"xoxa-", 15}, {"sk-", 24},
	{"sk_live_", 20}, {"rk_live_", 20}, {"eyJ", 40}, {"AIza", 35}, {"npm_", 36}, {"hvs.", 24},
	{"dop_v1_", 40}, {"SG.", 40},
};

/* Options of one program whose value is a secret, in the same argument (-pX) or the next (-p X). */
static const struct {
	const char *program, *option;
	bool joined, next;
} options[] = {
	{"mysql", "-p", true, false},     {"mysqldump", "-p", true, false},
	{"mysqladmin", "-p", true, false}, {"mariadb", "-p", true, false},
	{"mariadb-dump", "-p", true, false}, {"sshpass", "-p", true, true},
	{"redis-cli", "-a", true, true},  {"mongo", "-p", false, true},
	{"mongosh", "-p", false, true},   {"mongodump", "-p", false, true},
	{"ldapsearch", "-w", true, true}, {"ldapmodify", "-w", true, true},
	{"ldapadd", "-w", true, true},    {"docker", "-p", false, true},
	{"podman", "-p", false, true},    {"helm", "-p", false, true},
	{"curl", "-u", true, true},       {"curl", "--user", false, true},
	{"wget", "--http-passwd", false, true}, {"smbclient", "-U", true, true},
	{"openssl", "-passin", false, true}, {"openssl", "-passout", false, true},
	{"openssl", "-k", false, true},   {"openssl", "-K", false, true},
	{"htpasswd", "-b", false, true},  {"sqlcmd", "-P", true, true},
	{"mosquitto_pub", "-P", false, true}, {"mosquitto_sub", "-P", false, true},
	{"rabbitmqadmin", "-p", false, true}, {"lftp", "-u", false, true},
};

struct redactor {
	struct str s;
	size_t i;
	struct buf *out;
	bool any;
};

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

static bool same(struct str a, const char *b)
{
	return a.n == strlen(b) && !strncasecmp(a.p, b, a.n);
}

static bool ends(struct str name, const char *with)
{
	size_t n = strlen(with);
	return name.n >= n && !strncasecmp(name.p + name.n - n, with, n);
}

static bool contains(struct str name, const char *part)
{
	size_t n = strlen(part);
	for (size_t i = 0; i + n <= name.n; i++)
		if (!strncasecmp(name.p + i, part, n))
			return true;
	return false;
}

static bool is_header(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
		if (same(name, headers[i]))
			return true;
	return false;
}

static bool marks_secret(struct str name)
{
	while (name.n && name.p[0] == '-')
		name = str_skip(name, 1);
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
		size_t n = strlen(harmless[i]);
		if (ends(name, harmless[i]) && (name.n == n || strchr("-_.", name.p[name.n - n - 1])))
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(inside); i++)
		if (contains(name, inside[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(whole); i++) {
		size_t n = strlen(whole[i]);
		if (ends(name, whole[i]) && (name.n == n || strchr("-_.", name.p[name.n - n - 1])))
			return true;
	}
	return is_header(name);
}

static bool is_known(struct str word)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (word.n >= known[i].least && str_starts(word, str_from(known[i].start)))
			return true;
	return false;
}

static void replace(struct redactor *r, size_t end)
{
	if (end > r->i) {
		buf_puts(r->out, REDACTED);
		r->any = true;
	}
	r->i = end;
}

static void copy(struct redactor *r, size_t end)
{
	buf_add(r->out, r->s.p + r->i, end - r->i);
	r->i = end;
}

static bool at(const struct redactor *r, size_t i, const char *any_of)
{
	return i < r->s.n && r->s.p[i] && strchr(any_of, r->s.p[i]);
}

/* The end of the value that begins at I: its closing quote, else a space or what separates parameters. */
static size_t value_end(const struct redactor *r, size_t i, const char *stops)
{
	while (i < r->s.n && !at(r, i, stops))
		i += r->s.p[i] == '\\' && i + 1 < r->s.n ? 2 : 1;
	return MIN(i, r->s.n);
}

/* At a value: a quote that opens it is kept, what stands in it goes. */
static void replace_value(struct redactor *r, bool whole_argument)
{
	if (at(r, r->i, "\"")) {
		copy(r, r->i + 1);
		replace(r, value_end(r, r->i, "\""));
	} else if (at(r, r->i, "'")) {
		copy(r, r->i + 1);
		replace(r, value_end(r, r->i, "'"));
	} else {
		replace(r, value_end(r, r->i, whole_argument ? "\"'" : " &\"',;"));
	}
}

static size_t skip_spaces(const struct redactor *r, size_t i)
{
	while (at(r, i, " "))
		i++;
	return i;
}

/* Behind NAME (copied already): takes the value out if it is one of a secret. */
static bool value_behind(struct redactor *r, struct str name)
{
	if (!marks_secret(name))
		return false;
	size_t i = r->i;
	if (at(r, i, "\"'"))      /* "password":"x" */
		i++;
	if (at(r, i, "=:") && !at(r, i + 1, "/:")) {
		copy(r, skip_spaces(r, i + 1));
		replace_value(r, is_header(name));
		return true;
	}
	/* --password VALUE; not when another option follows */
	if (name.p[0] == '-' && at(r, i, " ")) {
		i = skip_spaces(r, i);
		if (i >= r->s.n || r->s.p[i] == '-')
			return false;
		copy(r, i);
		replace_value(r, false);
		return true;
	}
	return false;
}

/* scheme://user:password@host, at the colon of the scheme. */
static bool userinfo(struct redactor *r)
{
	if (r->s.n - r->i < 3 || memcmp(r->s.p + r->i, "://", 3))
		return false;
	size_t end = value_end(r, r->i + 3, " \"'/?#"), colon = 0, sign = 0;
	for (size_t i = r->i + 3; i < end; i++) {
		if (r->s.p[i] == ':' && !colon)
			colon = i;
		if (r->s.p[i] == '@')
			sign = i;
	}
	if (!sign || !colon || colon > sign)
		return false;
	copy(r, colon + 1);
	replace(r, sign);
	return true;
}

static struct str base_name(struct str program)
{
	const char *slash = program.n ? memrchr(program.p, '/', program.n) : NULL;
	return slash ? str_skip(program, (size_t)(slash - program.p) + 1) : program;
}

/* At the start of an argument: an option of this program that carries a secret. */
static bool program_option(struct redactor *r, struct str program)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		size_t n = strlen(options[i].option);
		if (!str_eq(program, str_from(options[i].program)) || r->s.n - r->i < n ||
		    memcmp(r->s.p + r->i, options[i].option, n))
			continue;
		if (r->s.n - r->i == n)   /* asks for it */
			continue;
		bool next = at(r, r->i + n, " ");
		if (next ? !options[i].next : !options[i].joined && !at(r, r->i + n, "="))
			continue;
		copy(r, skip_spaces(r, r->i + n + at(r, r->i + n, "=")));
		if (str_eq(program, STR("htpasswd")))   /* -b FILE USER PASSWORD */
			replace(r, r->s.n);
		else
			replace(r, value_end(r, r->i, " "));
		return true;
	}
	return false;
}

bool redact_arguments(struct str program, struct str arguments, struct buf *out)
{
	struct redactor r = {.s = arguments, .out = out};
	program = base_name(program);
	while (r.i < r.s.n) {
		bool starts = r.i == 0 || r.s.p[r.i - 1] == ' ' || r.s.p[r.i - 1] == '"';
		if (starts && program_option(&r, program))
			continue;
		if (r.i < r.s.n && r.s.p[r.i] == ':' && userinfo(&r))
			continue;
		if (r.i >= r.s.n || !is_name(r.s.p[r.i])) {
			copy(&r, MIN(r.i + 1, r.s.n));
			continue;
		}
		size_t end = r.i;
		while (end < r.s.n && is_name(r.s.p[end]))
			end++;
		struct str name = {r.s.p + r.i, end - r.i};
		if (is_known(name)) {
			replace(&r, end);
			continue;
		}
		copy(&r, end);
		value_behind(&r, name);
	}
	return r.any;
}
