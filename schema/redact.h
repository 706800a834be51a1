/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Takes secrets out of command lines before they are stored: values of options, variables and headers
 * whose name says password, token, key ...; user:password@ in URLs; keys of known form. What is taken out
 * becomes *****. It errs on the side of taking out too much; it cannot find a secret that nothing marks.
 */
#pragma once

#include "schema/base/buf.h"

#define REDACTED "*****"

/*
 * Appends ARGUMENTS (a command line without its program, as the kernel's argv joined by spaces) to OUT with secrets
 * replaced. PROGRAM, its path or name, decides on short options (mysql -pSECRET); may be empty.
 * Returns true when something was replaced.
 */
bool redact_arguments(struct str program, struct str arguments, struct buf *out);
