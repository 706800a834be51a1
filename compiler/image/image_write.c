/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ELF file around an image's tables, by libelf. Every offset is set here, so that the bytes do not depend on
 * the library's ideas of layout. The digest is computed last, over the file with the digest's place zeroed.
 */
#include "compiler/image/image_write.h"

#include <gelf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "schema/base/cli.h"
#include "schema/base/sha256.h"

enum { ALIGN = 8, MAX_SECTIONS = IMAGE_MAP_COUNT + 6 };

struct part {
	struct buf bytes;
	uint32_t name;                    /* in the string table */
	uint32_t type, flags, link, info, entry_size;
};

struct writer {
	struct part parts[MAX_SECTIONS];
	int n;
	struct buf names;
};

static uint32_t add_name(struct writer *w, const char *prefix, const char *name)
{
	uint32_t at = (uint32_t)w->names.n;
	buf_puts(&w->names, prefix);
	buf_puts(&w->names, name);
	buf_putc(&w->names, '\0');
	return at;
}

static struct part *add_part(struct writer *w, const char *prefix, const char *name, uint32_t type)
{
	struct part *p = &w->parts[w->n++];
	p->name = add_name(w, prefix, name);
	p->type = type;
	return p;
}

static void add_note(struct buf *b, uint32_t type, const void *p, size_t n)
{
	static const char zero[4];
	Elf64_Nhdr h = {sizeof(IMAGE_NOTE_OWNER), (uint32_t)n, type};
	buf_add(b, &h, sizeof(h));
	buf_add(b, IMAGE_NOTE_OWNER, h.n_namesz);
	buf_add(b, zero, -h.n_namesz & 3);
	buf_add(b, p, n);
	buf_add(b, zero, -h.n_descsz & 3);
}

static void add_notes(struct writer *w, const struct lowered *l)
{
	struct part *p = add_part(w, "", IMAGE_NOTE_SECTION, SHT_NOTE);
	uint32_t format = IMAGE_FORMAT;
	uint8_t digest[SHA256_SIZE], zero[SHA256_SIZE] = {0};
	CLEANUP_BUF struct buf text = BUF_INIT;
	allowlist_print(l->source, &text);
	sha256(text.p, text.n, digest);
	add_note(&p->bytes, IMAGE_NOTE_FORMAT, &format, sizeof(format));
	add_note(&p->bytes, IMAGE_NOTE_ALLOWLIST, digest, sizeof(digest));
	add_note(&p->bytes, IMAGE_NOTE_NAME, l->source->name.p, l->source->name.n);
	add_note(&p->bytes, IMAGE_NOTE_TOOL, stakeout_version, strlen(stakeout_version));
	buf_clear(&text);
	workload_print(&text, &l->source->workload);
	add_note(&p->bytes, IMAGE_NOTE_WORKLOAD, text.p, text.n);
	add_note(&p->bytes, IMAGE_NOTE_DIGEST, zero, sizeof(zero));
}

/* Definitions are all zero: what they say is in the types. */
static int add_maps(struct writer *w, const struct image_tables *t)
{
	static const char definition[IMAGE_MAP_SIZE];
	uint32_t n[IMAGE_MAP_COUNT];
	struct part *maps = add_part(w, "", ".maps", SHT_PROGBITS);
	maps->flags = SHF_ALLOC | SHF_WRITE;
	for (int m = 0; m < IMAGE_MAP_COUNT; m++) {
		buf_add(&maps->bytes, definition, sizeof(definition));
		n[m] = (uint32_t)(t->map[m].n / image_entry_size(m));
	}
	int err = image_btf(n, &add_part(w, "", ".BTF", SHT_PROGBITS)->bytes);
	for (int m = 0; m < IMAGE_MAP_COUNT && !err; m++)
		buf_add(&add_part(w, IMAGE_ENTRIES_PREFIX, image_map_row(m)->name, SHT_PROGBITS)->bytes,
			t->map[m].p, t->map[m].n);
	return err;
}

static void add_symbols(struct writer *w, uint32_t maps_section)
{
	struct part *p = add_part(w, "", ".symtab", SHT_SYMTAB);
	Elf64_Sym none = {0};
	buf_add(&p->bytes, &none, sizeof(none));
	for (int m = 0; m < IMAGE_MAP_COUNT; m++) {
		Elf64_Sym s = {.st_name = add_name(w, "", image_map_row(m)->name),
			       .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT),
			       .st_shndx = (uint16_t)maps_section,
			       .st_value = (uint64_t)m * IMAGE_MAP_SIZE, .st_size = IMAGE_MAP_SIZE};
		buf_add(&p->bytes, &s, sizeof(s));
	}
	p->info = 1;
	p->entry_size = sizeof(none);
	p->link = (uint32_t)w->n + 1;         /* the string table comes next */
	struct part *strings = add_part(w, "", ".strtab", SHT_STRTAB);
	buf_add(&strings->bytes, w->names.p, w->names.n);
}

static bool put_section(Elf *elf, const struct part *p, uint64_t *offset)
{
	Elf_Scn *scn = elf_newscn(elf);
	Elf_Data *data = scn ? elf_newdata(scn) : NULL;
	Elf64_Shdr *h = data ? elf64_getshdr(scn) : NULL;
	if (!h)
		return false;
	data->d_buf = p->bytes.p;
	data->d_size = p->bytes.n;
	data->d_type = ELF_T_BYTE;
	data->d_align = p->type == SHT_NOTE ? 4 : ALIGN;
	*h = (Elf64_Shdr){.sh_name = p->name, .sh_type = p->type, .sh_flags = p->flags, .sh_offset = *offset,
			  .sh_size = p->bytes.n, .sh_link = p->link, .sh_info = p->info,
			  .sh_addralign = p->type == SHT_NOTE ? 4 : ALIGN, .sh_entsize = p->entry_size};
	*offset += (p->bytes.n + ALIGN - 1) / ALIGN * ALIGN;
	return true;
}

static bool put_file(struct writer *w, Elf *elf)
{
	Elf64_Ehdr *e = elf64_newehdr(elf);
	if (!e)
		return false;
	elf_flagelf(elf, ELF_C_SET, ELF_F_LAYOUT);
	e->e_ident[EI_DATA] = ELFDATA2LSB;
	e->e_type = ET_REL;
	e->e_machine = EM_BPF;
	e->e_version = EV_CURRENT;
	uint64_t offset = sizeof(*e);
	for (int i = 0; i < w->n; i++) {
		if (!put_section(elf, &w->parts[i], &offset))
			return false;
	}
	e = elf64_getehdr(elf);
	e->e_shstrndx = (uint16_t)w->n;
	e->e_shoff = offset;
	return elf_update(elf, ELF_C_WRITE) > 0;
}

static int read_back(int fd, struct buf *ret)
{
	off_t size = lseek(fd, 0, SEEK_END);
	if (size < 0)
		return -errno;
	buf_reserve(ret, (size_t)size);
	for (off_t at = 0; at < size;) {
		ssize_t n = pread(fd, ret->p + at, (size_t)(size - at), at);
		if (n <= 0)
			return n ? -errno : -EIO;
		at += n;
	}
	ret->n = (size_t)size;
	return 0;
}

static int write_elf(struct writer *w, struct buf *ret)
{
	CLEANUP_FD int fd = memfd_create("stakeout-image", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_WRITE, NULL);
	int err = elf && put_file(w, elf) ? 0 : -EIO;
	elf_end(elf);
	return err ? err : read_back(fd, ret);
}

/* The digest's place is the end of the note section, which comes right behind the file header. */
static void seal(const struct writer *w, struct buf *file)
{
	uint8_t digest[SHA256_SIZE];
	sha256(file->p, file->n, digest);
	size_t at = sizeof(Elf64_Ehdr) + w->parts[0].bytes.n - SHA256_SIZE;
	memcpy(file->p + at, digest, sizeof(digest));
}

int image_write(const struct lowered *l, bool enforce, struct diag *d, struct buf *ret)
{
	struct image_tables tables = {0};
	struct writer w = {.names = BUF_INIT};
	buf_putc(&w.names, '\0');
	int err = image_build(l, enforce, d, &tables);
	if (!err) {
		add_notes(&w, l);
		uint32_t maps_section = (uint32_t)w.n + 1;
		err = add_maps(&w, &tables);
		add_symbols(&w, maps_section);
		if (!err)
			err = write_elf(&w, ret);
		if (!err)
			seal(&w, ret);
		else
			diag_error(d, NULL, "cannot write the image: %s", strerror(-err));
	}
	for (int i = 0; i < w.n; i++)
		buf_done(&w.parts[i].bytes);
	buf_done(&w.names);
	image_tables_done(&tables);
	return err;
}
