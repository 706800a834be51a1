/* SPDX-License-Identifier: GPL-2.0-only */
/* The typed arguments of hook lines. */
#pragma once

#include "schema/event.h"
#include "schema/ndjson_fields.h"

/* More arguments than a policy can list. */
#define NDJSON_ARGS_MAX 64

struct ndjson_args {
	struct arg v[NDJSON_ARGS_MAX];
	uint32_t n;
};

/* Reads the array at J into ARGS (replacing what is there). */
bool ndjson_args_read(struct json *j, struct ndjson_args *args);

/* One argument object, as in "return": {"int_arg":-13}. */
bool ndjson_arg_read(struct json *j, struct arg *ret);

/* Numeric IPv4 or IPv6 into A (family 0 when it is neither); the port is kept. */
void address_parse(struct str text, struct address *a);
