/* SPDX-License-Identifier: GPL-2.0-only */
/* A path as the policy maps know it: its key and its bytes in chunks. */
#include "schema/image_file.h"
#include "schema/match.h"

static uint64_t path_word(struct str path, size_t at)
{
	uint64_t w = 0;
	memcpy(&w, path.p + at, MIN(path.n - at, 8u));
	return w;
}

struct image_path_key image_path_key(struct str path)
{
	struct match_mix m = match_mix_start();
	size_t at = 0;
	for (; path.n - at > 8; at += 8)
		m = match_mix_word(m, path_word(path, at));
	return match_mix_end(m, path_word(path, at), path.n);
}

void image_path_chunk(struct str path, uint32_t number, struct image_chunk *ret)
{
	struct str rest = str_skip(path, (size_t)number * IMAGE_CHUNK);
	memset(ret, 0, sizeof(*ret));
	memcpy(ret, rest.p, MIN(rest.n, (size_t)IMAGE_CHUNK));
}
