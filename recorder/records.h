/* SPDX-License-Identifier: GPL-2.0-only */
/* Records of the kernel side as user space takes them: untrusted until they were checked. */
#pragma once

#include "schema/base/base.h"
#include "schema/wire.h"

/* Is H, of which N bytes may be read, a whole record of a known kind whose texts are within their limits? */
bool wire_valid(const struct wire_header *h, size_t n);

/* The text after the header; for the kinds that have nothing else. */
struct str wire_text(const struct wire_header *h);
