/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Matching, written once: the enforcer's programs and the evaluator in user space include this file, so
 * that the replay's verdict is the kernel's. Header only, no libc, no loops that a verifier cannot bound.
 *
 * Paths are hashed to 128 bits in steps of 8 bytes. The hash is not secret and not cryptographic: two
 * paths with one hash can be made on purpose. So it only finds an entry, and match_chunk() compares
 * the bytes before anything is decided. A lookup that finds other bytes is a lookup that found nothing.
 *
 * One pass over a path yields the key of every directory prefix in it ("/", "/usr/", "/usr/bin/") and of the whole:
 *
 *	struct match_mix m = match_mix_start();
 *	for each 8-byte word w (the last zero padded), with N bytes of the path in it:
 *		for each i in 0..N-1 whose byte is '/':
 *			key = match_mix_end(m, w & match_low_bytes(i + 1), offset + i + 1);   a prefix
 *		N == 8 and more to come: m = match_mix_word(m, w)
 *	key = match_mix_end(m, last word, length);                                           the whole
 */
#pragma once

#include "schema/image.h"

#define MATCH_INLINE static inline __attribute__((always_inline))

struct match_mix {
	image_u64 a, b;
};

MATCH_INLINE struct match_mix match_mix_start(void)
{
	return (struct match_mix){0x9e3779b97f4a7c15ull, 0xc2b2ae3d27d4eb4full};
}

MATCH_INLINE image_u64 match_rotate(image_u64 x, int n)
{
	return x << n | x >> (64 - n);
}

/* Takes in 8 bytes. Two lanes with different odd multipliers, each fed by the other. */
MATCH_INLINE struct match_mix match_mix_word(struct match_mix m, image_u64 w)
{
	m.a = match_rotate((m.a ^ w) * 0x87c37b91114253d5ull, 31) + m.b;
	m.b = match_rotate((m.b + w) * 0x4cf5ad432745937full, 33) ^ m.a;
	return m;
}

MATCH_INLINE image_u64 match_scramble(image_u64 x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccdull;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ull;
	return x ^ x >> 33;
}

/* The key of the bytes so far: WORD holds the last 1..8 of them (0 for none), LENGTH is their number in all. */
MATCH_INLINE struct image_path_key match_mix_end(struct match_mix m, image_u64 word,
						 image_u64 length)
{
	m = match_mix_word(m, word);
	m.a ^= length;
	m.b += m.a;
	struct image_path_key key;
	key.hash[0] = match_scramble(m.a + m.b);
	key.hash[1] = match_scramble(m.b) + key.hash[0];
	return key;
}

/* A mask of the first N bytes in memory order (both kernels we serve are little endian); N 1..8. */
MATCH_INLINE image_u64 match_low_bytes(int n)
{
	return ~0ull >> (64 - 8 * n);
}

MATCH_INLINE image_u8 match_byte(image_u64 word, int i)
{
	return (image_u8)(word >> (8 * i));
}

/* Are these 64 bytes the same? The tail of a path must be zero padded on both sides. */
MATCH_INLINE int match_chunk(const struct image_chunk *x, const struct image_chunk *y)
{
	image_u64 differ = 0;
	for (int i = 0; i < IMAGE_CHUNK / 8; i++)
		differ |= x->word[i] ^ y->word[i];
	return differ == 0;
}

/* Exec: may CALLER_MAY (found in exec_pairs) or anybody start the target with these flags? */
MATCH_INLINE int match_exec(image_u32 path_flags, int caller_may)
{
	return (path_flags & IMAGE_PATH_EXEC) || caller_may;
}

/* Accesses asked for that nothing grants: 0 = allowed. CHANGES: the access bits that are judged. */
MATCH_INLINE image_u32 match_access(image_u32 asked, image_u32 granted, image_u32 changes)
{
	return asked & changes & ~granted;
}

MATCH_INLINE int match_port(const struct image_port *rule, image_u16 port, image_u8 protocol,
			    image_u32 caller)
{
	return port >= rule->first && port <= rule->last &&
	       (rule->protocol == 0 || rule->protocol == protocol) &&
	       (rule->caller == 0 || rule->caller == caller);
}

/*
 * IPv4-mapped IPv6 (::ffff:a.b.c.d) names an IPv4 peer and is judged as one: returns 1 and puts the four bytes
 * where KEY4 looks. Else 0.
 */
MATCH_INLINE int match_mapped(const image_u8 address[16], image_u8 ret_v4[4])
{
	for (int i = 0; i < 10; i++) {
		if (address[i])
			return 0;
	}
	if (address[10] != 0xff || address[11] != 0xff)
		return 0;
	for (int i = 0; i < 4; i++)
		ret_v4[i] = address[12 + i];
	return 1;
}

/* A UDP-Lite socket connects without a word to any program, so none may be made where connects are judged; no rule allows it. */
#define MATCH_UDPLITE 136

MATCH_INLINE struct image_net4 match_key4(const image_u8 address[4])
{
	struct image_net4 key = {.bits = 32};
	for (int i = 0; i < 4; i++)
		key.address[i] = address[i];
	return key;
}

MATCH_INLINE struct image_net6 match_key6(const image_u8 address[16])
{
	struct image_net6 key = {.bits = 128};
	for (int i = 0; i < 16; i++)
		key.address[i] = address[i];
	return key;
}

/* The bytes of WORD that are '/': the top bit of each is set, nothing else. */
MATCH_INLINE image_u64 match_slashes(image_u64 word)
{
	const image_u64 low = 0x7f7f7f7f7f7f7f7full;
	image_u64 x = word ^ 0x2f2f2f2f2f2f2f2full;
	return ~(((x & low) + low) | x | low);
}

/* The same, byte K of the word as bit K. */
MATCH_INLINE image_u64 match_folders(image_u64 word)
{
	return (match_slashes(word) >> 7) * 0x0102040810204080ull >> 56;
}
