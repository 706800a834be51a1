/* SPDX-License-Identifier: GPL-2.0-only */
/* Words of kernel memory, read in the cheapest way that this kernel has. */
#pragma once

#include "bpf/kernel.h"

const volatile bool have_cast = false;    /* bpf_rdonly_cast() is there (6.2 and newer); set before load */

/*
 * One word of kernel memory as a number. Through a cast it is a plain load that cannot fault; without, a helper
 * call, ten times as dear. struct pt_regs serves as "a word at offset 0": a pointer member would come back as a pointer,
 * which must not be hashed.
 */
extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;

static __always_inline __u64 word(const void *at, bool cast)
{
	__u64 v = 0;
	if (cast) {
		struct pt_regs *r = bpf_rdonly_cast(at, bpf_core_type_id_kernel(struct pt_regs));
		return FIRST_WORD(r);
	}
	bpf_probe_read_kernel(&v, sizeof(v), at);
	return v;
}

/* Some words in a row, where there is a cast: plain loads from one address. */
static __always_inline const __u64 *words(const void *at)
{
	return bpf_rdonly_cast(at, bpf_core_type_id_kernel(struct pt_regs));
}

#define WORD(at, type, member) word((const void *)(at) + bpf_core_field_offset(type, member), have_cast)
/* On the hot way CAST is a constant, so that nothing is left to ask: each such function is there twice, one of them dead. */
#define WORD_BY(cast, at, type, member) word((const void *)(at) + bpf_core_field_offset(type, member), cast)
