/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the files of the load check. */
#pragma once

#include "schema/base/map.h"
#include "schema/policy_load.h"
#include "schema/policy_numbers.h"
#include "schema/policy_rules.h"

struct loading {
	const struct policy *p;
	const struct target *t;
	struct findings *findings;
	unsigned ways;
	bool target_given; /* else what depends on the target is a note */
	const struct hook *h; /* being checked */
	struct buf path;
	size_t errors;
	bool multi; /* kprobe.multi in use */
	struct map *macros; /* names */
	const struct policy_macro **macro_named; /* of each the last, as a decoder leaves it */
	struct map *lists; /* names */
	const struct policy_list **first_list; /* of each name */
	struct list_check {
		bool looked_through, enforced;
		int8_t calls; /* may stand in InMap: 1 yes, -1 no, 0 not asked */
	} *list_checks; /* by list */
	struct map *calls; /* of the kprobes before, when it is */
	size_t followed; /* filters with followChildren so far */
};

/* The classes of argument types that share operators and value syntax. */
enum type_class {
	CLASS_INT32 = 1,
	CLASS_UINT32 = 2,
	CLASS_INT64 = 4,
	CLASS_UINT64 = 8,
	CLASS_CAPS = 16,
	CLASS_STRING = 32,
	CLASS_BUFFER = 64,
	CLASS_FILE = 128,
	CLASS_PATH = 256,
	CLASS_SOCK = 512,
	CLASS_SKB = 1024,
	CLASS_SOCKADDR = 2048,
	CLASS_UNIX = 4096,
	CLASS_NONE = 8192,
};
#define CLASS_NUMBER (CLASS_INT32 | CLASS_UINT32 | CLASS_INT64 | CLASS_UINT64)
#define CLASS_TEXT   (CLASS_STRING | CLASS_BUFFER | CLASS_FILE | CLASS_PATH | CLASS_UNIX)
#define CLASS_ANY    0x3fff

enum type_class policy_type_class(enum policy_type t);

/*
 * By RULE, at AT. FIELD is added to the path ("call", "values[3]"; "/lists[0]" counts from spec); "" is the object itself.
 */
void load_reject(struct loading *l, enum policy_rule rule, struct place at, const char *field, const char *fix,
		 const char *fmt, ...) PRINTF(6, 7);
/* A text that lives as long as the findings. */
const char *load_text(struct loading *l, const char *fmt, ...) PRINTF(2, 3);
size_t load_enter(struct loading *l, const char *field, size_t i);
void load_leave(struct loading *l, size_t mark);

/* How an operator stores its values: a table of its own kind, or inline numbers. */
enum storage {
	INLINE_NUMBERS,
	INLINE_RANGES,
	TABLE_STRING,
	TABLE_PREFIX,
	TABLE_POSTFIX,
	TABLE_SET,
	TABLE_ADDRESS,
	TABLE_SUBSTRING,
	STORE_CEL,
	STORE_NONE
};

struct operator_rule {
	uint32_t classes; /* of types that it loads with */
	enum storage storage;
	/* Is the text a value of it? NULL: any text. */
	bool (*value)(struct loading *l, const struct spec_arg *arg, struct str s);
	const char *expected;
};
const struct operator_rule *policy_operator_rule(enum policy_operator op, enum policy_type type);

bool known_capability(struct str s);
bool known_namespace(struct str s);

void load_check_selector(struct loading *l, const struct selector *s);
void load_check_tables(struct loading *l);
void load_check_shared_tables(struct loading *l);
void load_check_filter(struct loading *l, const struct arg_filter *f, bool data);

/* Does EXPR type-check as a boolean over the arguments of the hook? The reason when not. */
const char *policy_cel_error(struct str expr, const struct hook *h);

/* Of the hook being checked. */
void load_check_section(struct loading *l);
void load_check_args(struct loading *l);
/* ON_RETURN: matchReturnActions, where what cannot take effect is taken all the same. */
void load_check_actions(struct loading *l, const struct selector *s, bool on_return);

/* The list behind "list:NAME", or NULL. */
const struct policy_list *load_list(const struct loading *l, struct str call);
void load_check_list(struct loading *l, const struct policy_list *list); /* once each */
bool load_syscall_name(const struct loading *l, struct str s);
