/* SPDX-License-Identifier: GPL-2.0-only */
/* Arguments of hook lines: the member's name is the type, its value has that type's own fields. */
#include "schema/ndjson_args.h"

#include <arpa/inet.h>

void address_parse(struct str text, struct address *a)
{
	char name[INET6_ADDRSTRLEN];
	a->family = 0;
	if (text.n == 0 || text.n >= sizeof(name))
		return;
	memcpy(name, text.p, text.n);
	name[text.n] = '\0';
	if (inet_pton(AF_INET, name, a->bytes) == 1)
		a->family = 4;
	else if (inet_pton(AF_INET6, name, a->bytes) == 1)
		a->family = 6;
}

static bool read_source(struct json *j, void *base)
{
	struct str s;
	if (!json_string(j, &s))
		return false;
	address_parse(s, &((struct arg *)base)->source);
	return true;
}

static bool read_dest(struct json *j, void *base)
{
	struct str s;
	if (!json_string(j, &s))
		return false;
	address_parse(s, &((struct arg *)base)->dest);
	return true;
}

static bool read_port(struct json *j, uint16_t *ret)
{
	int64_t v;
	if (!json_integer(j, &v))
		return false;
	if (v < 0 || v > UINT16_MAX)
		return json_fail(j, NDJSON_BAD_VALUE);
	*ret = (uint16_t)v;
	return true;
}

static bool read_source_port(struct json *j, void *base)
{
	return read_port(j, &((struct arg *)base)->source.port);
}

static bool read_dest_port(struct json *j, void *base)
{
	return read_port(j, &((struct arg *)base)->dest.port);
}

/* Padded base64, decoded over itself. Text that is none is kept as it stands. */
static struct str base64_decode(struct str s)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = s.n;
	while (n && s.p[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++)
		if (!s.p[i] || !strchr(alphabet, s.p[i]))
			return s;
	char *out = (char *)(uintptr_t)s.p;
	uint32_t bits = 0;
	size_t done = 0;
	for (size_t i = 0; i < n; i++) {
		bits = bits << 6 | (uint32_t)(strchr(alphabet, s.p[i]) - alphabet);
		if (i % 4)
			out[done++] = (char)(bits >> (6 - 2 * (i % 4)));
	}
	return (struct str){out, done};
}

static bool read_bytes(struct json *j, void *base)
{
	struct arg *a = base;
	if (!json_string(j, &a->text))
		return false;
	a->text = base64_decode(a->text);
	return true;
}

static const struct field path_rows[] = {
	FIELD("path", FIELD_STR, struct arg, text),
	FIELD("flags", FIELD_STR, struct arg, flags),
	FIELD("permission", FIELD_STR, struct arg, permission),
};
static const struct field sock_rows[] = {
	FIELD("family", FIELD_STR, struct arg, family),
	FIELD("type", FIELD_STR, struct arg, type),
	FIELD("protocol", FIELD_STR, struct arg, protocol),
	FIELD_FN("saddr", read_source),
	FIELD_FN("daddr", read_dest),
	FIELD_FN("sport", read_source_port),
	FIELD_FN("dport", read_dest_port),
	FIELD("state", FIELD_STR, struct arg, state),
};
static const struct field skb_rows[] = {
	FIELD_FN("saddr", read_source),
	FIELD_FN("daddr", read_dest),
	FIELD_FN("sport", read_source_port),
	FIELD_FN("dport", read_dest_port),
	FIELD("protocol", FIELD_STR, struct arg, protocol),
	FIELD("family", FIELD_STR, struct arg, family),
};
static const struct field sockaddr_rows[] = {
	FIELD("family", FIELD_STR, struct arg, family),
	FIELD_FN("addr", read_dest),
	FIELD_FN("port", read_dest_port),
};
static const struct field sockaddr_un_rows[] = {
	FIELD("family", FIELD_STR, struct arg, family),
	FIELD("path", FIELD_STR, struct arg, text),
};
static const struct field capability_rows[] = {
	FIELD("value", FIELD_I64, struct arg, number),
	FIELD("name", FIELD_STR, struct arg, text),
};
static const struct field module_rows[] = {FIELD("name", FIELD_STR, struct arg, text)};
static const struct field syscall_rows[] = {
	FIELD("id", FIELD_I64, struct arg, number),
	FIELD("abi", FIELD_STR, struct arg, type),
};
static const struct field error_rows[] = {FIELD("Message", FIELD_STR, struct arg, text)};
static const struct field cut_rows[] = {
	FIELD_FN("bytes_arg", read_bytes),
	FIELD("orig_size", FIELD_I64, struct arg, number),
};
static const struct fields path_fields = FIELDS(path_rows);
static const struct fields sock_fields = FIELDS(sock_rows);
static const struct fields skb_fields = FIELDS(skb_rows);
static const struct fields sockaddr_fields = FIELDS(sockaddr_rows);
static const struct fields sockaddr_un_fields = FIELDS(sockaddr_un_rows);
static const struct fields capability_fields = FIELDS(capability_rows);
static const struct fields module_fields = FIELDS(module_rows);
static const struct fields syscall_fields = FIELDS(syscall_rows);
static const struct fields error_fields = FIELDS(error_rows);
static const struct fields cut_fields = FIELDS(cut_rows);

static const struct {
	struct str name;
	enum arg_kind kind;
	const struct fields *fields;   /* an object; else: */
	enum { TEXT, NUMBER, BYTES, RAW } form;
} types[] = {
	{STR_INIT("file_arg"), ARG_FILE, &path_fields, 0},
	{STR_INIT("int_arg"), ARG_INT, NULL, NUMBER},
	{STR_INIT("sock_arg"), ARG_SOCK, &sock_fields, 0},
	{STR_INIT("string_arg"), ARG_STRING, NULL, TEXT},
	{STR_INIT("sockaddr_arg"), ARG_SOCKADDR, &sockaddr_fields, 0},
	{STR_INIT("uint_arg"), ARG_UINT, NULL, NUMBER},
	{STR_INIT("size_arg"), ARG_SIZE, NULL, NUMBER},
	{STR_INIT("path_arg"), ARG_PATH, &path_fields, 0},
	{STR_INIT("linux_binprm_arg"), ARG_BINPRM, &path_fields, 0},
	{STR_INIT("long_arg"), ARG_LONG, NULL, NUMBER},
	{STR_INIT("bytes_arg"), ARG_BYTES, NULL, BYTES},
	{STR_INIT("truncated_bytes_arg"), ARG_BYTES, &cut_fields, 0},
	{STR_INIT("skb_arg"), ARG_SKB, &skb_fields, 0},
	{STR_INIT("sockaddrun_arg"), ARG_SOCKADDR_UN, &sockaddr_un_fields, 0},
	{STR_INIT("syscall_id"), ARG_SYSCALL, &syscall_fields, 0},
	{STR_INIT("capability_arg"), ARG_CAPABILITY, &capability_fields, 0},
	{STR_INIT("kernel_cap_t_arg"), ARG_CAPS, NULL, TEXT},
	{STR_INIT("cap_inheritable_arg"), ARG_CAPS, NULL, TEXT},
	{STR_INIT("cap_permitted_arg"), ARG_CAPS, NULL, TEXT},
	{STR_INIT("cap_effective_arg"), ARG_CAPS, NULL, TEXT},
	{STR_INIT("module_arg"), ARG_MODULE, &module_fields, 0},
	{STR_INIT("error_arg"), ARG_ERROR, &error_fields, 0},
	{STR_INIT("process_credentials_arg"), ARG_CRED, NULL, RAW},
	{STR_INIT("cred_arg"), ARG_CRED, NULL, RAW},
	{STR_INIT("user_ns_arg"), ARG_USER_NS, NULL, RAW},
	{STR_INIT("user_namespace_arg"), ARG_USER_NS, NULL, RAW},
};

static bool read_raw(struct json *j, struct str *ret)
{
	char *start = j->p;
	if (!json_skip(j))
		return false;
	*ret = (struct str){start, (size_t)(j->p - start)};
	return true;
}

static bool read_typed(struct json *j, struct arg *a, struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (!str_eq(types[i].name, name))
			continue;
		a->kind = types[i].kind;
		a->type = a->kind == ARG_CAPS ? name : (struct str){NULL, 0};
		if (types[i].fields)
			return json_object(j, types[i].fields, a);
		switch (types[i].form) {
		case TEXT:
			return json_text(j, &a->text);
		case NUMBER:
			return json_integer(j, &a->number);
		case BYTES:
			return read_bytes(j, a);
		case RAW:
			return read_raw(j, &a->text);
		}
	}
	a->kind = ARG_OTHER;
	a->type = name;
	return read_raw(j, &a->text);
}

/* The members are the value, under its type's name, and "label". */
bool ndjson_arg_read(struct json *j, struct arg *a)
{
	*a = (struct arg){0};
	if (*j->p != '{')
		return json_fail(j, *j->p == '\n' ? NDJSON_TORN : NDJSON_BAD_VALUE);
	j->p++;
	for (json_space(j); *j->p != '}'; json_space(j)) {
		struct str name;
		if (*j->p == ',')
			j->p++;
		json_space(j);
		if (!json_string(j, &name))
			return json_fail(j, NDJSON_TORN);
		json_space(j);
		if (*j->p != ':')
			return json_fail(j, NDJSON_TORN);
		j->p++;
		json_space(j);
		if (str_eq(name, STR("label")) ? !json_string(j, &a->label) : !read_typed(j, a, name))
			return false;
	}
	j->p++;
	return true;
}

static bool read_element(struct json *j, void *base)
{
	struct ndjson_args *args = base;
	if (args->n == NDJSON_ARGS_MAX)
		return json_fail(j, NDJSON_BAD_VALUE);
	return ndjson_arg_read(j, &args->v[args->n++]);
}

bool ndjson_args_read(struct json *j, struct ndjson_args *args)
{
	args->n = 0;
	return json_array(j, read_element, args);
}
