/* SPDX-License-Identifier: GPL-2.0-only */
/* SHA-256 (FIPS 180-4): digests of outputs, the same that sha256sum prints. */
#pragma once

#include "schema/base/buf.h"

enum { SHA256_SIZE = 32 };

void sha256(const void *p, size_t n, uint8_t ret[SHA256_SIZE]);

/* 64 lower-case hex digits. */
void sha256_hex(const uint8_t digest[SHA256_SIZE], struct buf *b);
