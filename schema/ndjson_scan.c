/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Byte searches: 32 bytes a step where the processor has AVX2 (asked at run time), one table look-up
 * a byte elsewhere. Strings in an export are 10 to 80 bytes, so one or two steps find their end.
 */
#include "schema/ndjson_scan.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

enum { IN_STRING = 1, IN_VALUE = 2 };

/* Which search stops at a byte; those below 0x20 stop both. */
static inline unsigned stops(unsigned char c)
{
	static const unsigned char classes[256] = {
		['"'] = IN_STRING | IN_VALUE, ['\\'] = IN_STRING, ['{'] = IN_VALUE,
		['}'] = IN_VALUE, ['['] = IN_VALUE, [']'] = IN_VALUE,
	};
	return c < 0x20 ? IN_STRING | IN_VALUE : classes[c];
}

static const char *portable_string_end(const char *p)
{
	while (!(stops((unsigned char)*p) & IN_STRING))
		p++;
	return p;
}

static const char *portable_bracket(const char *p)
{
	while (!(stops((unsigned char)*p) & IN_VALUE))
		p++;
	return p;
}

const struct scan scan_portable = {"portable", portable_string_end, portable_bracket};

#ifdef __x86_64__
#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i controls(__m256i v)
{
	return _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1f)), v);
}

AVX2 static const char *avx2_string_end(const char *p)
{
	for (;; p += 32) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
		__m256i hit = _mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('"')),
					      _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\')));
		unsigned mask = (unsigned)_mm256_movemask_epi8(_mm256_or_si256(hit, controls(v)));
		if (mask)
			return p + __builtin_ctz(mask);
	}
}

AVX2 static const char *avx2_bracket(const char *p)
{
	for (;; p += 32) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
		/* '[' and '{', ']' and '}' differ in this one bit only */
		__m256i low = _mm256_or_si256(v, _mm256_set1_epi8(0x20));
		__m256i hit = _mm256_or_si256(_mm256_cmpeq_epi8(low, _mm256_set1_epi8('{')),
					      _mm256_cmpeq_epi8(low, _mm256_set1_epi8('}')));
		hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(v, _mm256_set1_epi8('"')));
		unsigned mask = (unsigned)_mm256_movemask_epi8(_mm256_or_si256(hit, controls(v)));
		if (mask)
			return p + __builtin_ctz(mask);
	}
}

static const struct scan scan_avx2 = {"avx2", avx2_string_end, avx2_bracket};

const struct scan *scan_best(void)
{
	return __builtin_cpu_supports("avx2") ? &scan_avx2 : &scan_portable;
}
#else
const struct scan *scan_best(void)
{
	return &scan_portable;
}
#endif
