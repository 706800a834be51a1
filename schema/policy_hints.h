/* SPDX-License-Identifier: GPL-2.0-only */
/* What to do about a value or a key of a policy that is not what belongs there. Texts live in the arena or for ever. */
#pragma once

#include "schema/policy_fields.h"

/* N lies where a WANTED belongs, which is called WHAT. */
const char *hint_value(struct arena *arena, const struct yaml_node *n, enum yaml_kind wanted, const char *what);

/* TYPED is none of NAMES. */
const char *hint_name(struct arena *arena, const char *typed, const struct field_names *names);

/*
 * OBJECT has no field TYPED. Mostly a line was indented to another level: then the fix names the level where the field belongs,
 * first that of the key ABOVE it ("" = none).
 */
const char *hint_field(struct arena *arena, const char *typed, const char *above, const struct field_object *object);

/* TYPED stands around the spec, or in metadata, where there are the N fields of NAMES. */
const char *hint_around(struct arena *arena, const char *typed, const char *const *names, size_t n);
