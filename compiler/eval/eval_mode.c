/* SPDX-License-Identifier: GPL-2.0-only */
/* Modes, which lines do not tell as numbers: of an open file, by its flags; of an inode, by what is printed of it. */
#include "compiler/eval/eval_form.h"

/*
 * f_mode follows from f_flags: FMODE_READ 1 unless write-only, FMODE_WRITE 2 unless read-only; and while a file is being
 * opened FMODE_LSEEK 4, FMODE_PREAD 8 and FMODE_PWRITE 16 are set.
 */
static bool mode_from_flags(const struct arg_test *t, const struct hit *h, struct slot *ret)
{
	if (!str_eq(t->arg->resolve, STR("f_mode")))
		return false;
	for (uint32_t i = 0; i < h->n; i++) {
		const struct slot *s = &h->slots[i];
		if (!s->known || !str_eq(s->resolve, STR("f_flags")) ||
		    (s->low != s->high && (s->known_bits & 3) != 3))
			continue;
		int access = (int)(s->low & 3);
		int opening = h->site == SITE_FILE_OPEN ? 4 | 8 | 16 : 0;
		*ret = (struct slot){.kind = SLOT_NUMBER, .known = true, .known_bits = 3 | opening,
				     .low = (access != 1) | (access != 0) << 1 | opening, .high = UINT32_MAX};
		return true;
	}
	return false;
}

/*
 * i_mode follows from the mode that the line prints of the file, as ls does: a type and nine letters, of which the last of three
 * may be s or t; nine letters alone for what has no type.
 */
static bool parse_mode(struct str text, int64_t *ret)
{
	static const char types[] = "?pc?d?b?-?l?s", special[] = "sst";
	enum { LETTERS = 9, TYPE_SHIFT = 12, SPECIAL_SHIFT = 11 };
	if (text.n != LETTERS && text.n != LETTERS + 1)
		return false;
	const char *type = text.n > LETTERS ? strchr(types, text.p[0]) : types;
	if (!type || !*type || (text.n > LETTERS && *type == '?'))
		return false;
	*ret = (int64_t)(type - types) << TYPE_SHIFT;
	const char *letters = text.p + text.n - LETTERS;
	for (int i = 0; i < LETTERS; i++) {
		char c = letters[i], as = special[i / 3];
		bool last = i % 3 == 2, marked = last && (c == as || c == (as & ~0x20));
		if (c != '-' && c != "rwx"[i % 3] && !marked)
			return false;
		if (marked)
			*ret |= 1 << (SPECIAL_SHIFT - i / 3);
		if (c == "rwx"[i % 3] || (marked && c == as))
			*ret |= 1 << (LETTERS - 1 - i);
	}
	return *ret != 0;   /* 0 is printed of what has no inode */
}

static bool mode_of_file(const struct arg_test *t, const struct hit *h, uint8_t index, struct slot *ret)
{
	static const struct str fields[] = {STR_INIT("file.f_inode.i_mode"), STR_INIT("f_inode.i_mode"),
					    STR_INIT("dentry.d_inode.i_mode"), STR_INIT("d_inode.i_mode")};
	bool is_mode = false;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		is_mode |= str_eq(t->arg->resolve, fields[i]);
	for (uint32_t i = 0; is_mode && i < h->n; i++) {
		const struct slot *s = &h->slots[i];
		int64_t mode;
		if (s->kind != SLOT_PATH || s->index != index || !parse_mode(s->permission, &mode))
			continue;
		*ret = (struct slot){.kind = SLOT_NUMBER, .known = true, .low = mode, .high = mode};
		return true;
	}
	return false;
}

bool eval_mode(const struct arg_test *t, const struct hit *h, uint8_t index, struct slot *ret)
{
	return mode_from_flags(t, h, ret) || mode_of_file(t, h, index, ret);
}
