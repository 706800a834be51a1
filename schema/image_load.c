/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading an image. The digest comes first, so that damage is told from malice, but nothing rests on it: anybody
 * can compute one. Every number is checked against what it points into before anything uses it.
 */
#include "schema/image_file.h"

#include <gelf.h>

#include "schema/base/io.h"
#include "schema/base/sha256.h"
#include "schema/match.h"

struct loader {
	struct image *image;
	struct diag *d;
	const char *file;
	struct str note, btf, maps;
	size_t note_at;
	bool seen[IMAGE_MAP_COUNT];
	unsigned known;                   /* sections taken */
};

static int refuse(const struct loader *w, const char *why)
{
	return diag_error(w->d, w->file, "not a usable policy image: %s; compile it or copy it again", why);
}

/* ---- sections ---- */

static int take_section(struct loader *w, const char *name, struct str bytes, size_t at)
{
	static const char prefix[] = IMAGE_ENTRIES_PREFIX;
	struct str *to = !strcmp(name, IMAGE_NOTE_SECTION) ? &w->note
			 : !strcmp(name, ".BTF")           ? &w->btf
			 : !strcmp(name, ".maps")          ? &w->maps
							   : NULL;
	if (to) {
		if (to->p)
			return refuse(w, "a section occurs twice");
		*to = bytes;
		w->note_at = to == &w->note ? at : w->note_at;
		return 0;
	}
	if (!strcmp(name, ".symtab") || !strcmp(name, ".strtab"))
		return 0;
	if (strncmp(name, prefix, sizeof(prefix) - 1))
		return refuse(w, "it has a section that no image has");
	for (int m = 0; m < IMAGE_MAP_COUNT; m++) {
		if (strcmp(name + sizeof(prefix) - 1, image_map_row(m)->name))
			continue;
		uint32_t size = image_entry_size(m);
		if (w->seen[m] || bytes.n % size || bytes.n / size > image_map_limit(m) || at % 8)
			return refuse(w, "a table is repeated, too large or not a whole number of entries");
		w->seen[m] = true;
		w->known++;
		w->image->map[m] = (struct image_table){(const uint8_t *)bytes.p,
							(uint32_t)(bytes.n / size)};
		return 0;
	}
	return refuse(w, "it has a table that this version does not know");
}

static int take_sections(struct loader *w, Elf *elf, struct str all)
{
	size_t names, count;
	if (elf_getshdrstrndx(elf, &names) || elf_getshdrnum(elf, &count) || count > 64)
		return refuse(w, "its section table is damaged");
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		GElf_Shdr room, *h = gelf_getshdr(scn, &room);  /* a copy: the table may lie anywhere */
		const char *name = h ? elf_strptr(elf, names, h->sh_name) : NULL;
		if (!name || h->sh_type == SHT_NOBITS || h->sh_offset > all.n ||
		    h->sh_size > all.n - h->sh_offset)
			return refuse(w, "a section lies outside the file");
		int err = take_section(w, name, (struct str){all.p + h->sh_offset, h->sh_size},
				       h->sh_offset);
		if (err)
			return err;
	}
	if (w->known != IMAGE_MAP_COUNT || !w->note.p || !w->btf.p || !w->maps.p)
		return refuse(w, "a table or note is missing, as when it is cut");
	return 0;
}

/* ---- notes ---- */

static bool next_note(struct str *rest, uint32_t *type, struct str *desc)
{
	Elf64_Nhdr h;
	if (rest->n < sizeof(h))
		return false;
	memcpy(&h, rest->p, sizeof(h));
	size_t desc_size = (size_t)h.n_descsz + (-h.n_descsz & 3);
	size_t name_size = (sizeof(IMAGE_NOTE_OWNER) + 3) / 4 * 4;
	if (h.n_namesz != sizeof(IMAGE_NOTE_OWNER) || rest->n < sizeof(h) + name_size ||
	    rest->n - sizeof(h) - name_size < desc_size ||
	    memcmp(rest->p + sizeof(h), IMAGE_NOTE_OWNER, sizeof(IMAGE_NOTE_OWNER)))
		return false;
	*type = h.n_type;
	*desc = (struct str){rest->p + sizeof(h) + name_size, h.n_descsz};
	*rest = str_skip(*rest, sizeof(h) + name_size + desc_size);
	return true;
}

static int read_notes(struct loader *w)
{
	struct image *i = w->image;
	struct str v[IMAGE_NOTE_DIGEST + 1] = {0}, rest = w->note;
	for (uint32_t want = IMAGE_NOTE_FORMAT; want <= IMAGE_NOTE_DIGEST; want++) {
		uint32_t type;
		if (!next_note(&rest, &type, &v[want]) || type != want)
			return refuse(w, "its notes are damaged");
		if (want != IMAGE_NOTE_FORMAT)
			continue;
		if (v[want].n != sizeof(i->format))
			return refuse(w, "its notes are damaged");
		memcpy(&i->format, v[want].p, sizeof(i->format));
		if (i->format != IMAGE_FORMAT)
			return diag_error(w->d, w->file, "the image has format %u, this version reads %d: compile it again",
					  i->format, IMAGE_FORMAT);
	}
	if (rest.n || v[IMAGE_NOTE_ALLOWLIST].n != SHA256_SIZE || v[IMAGE_NOTE_DIGEST].n != SHA256_SIZE)
		return refuse(w, "its notes are damaged");
	i->name = v[IMAGE_NOTE_NAME];
	i->tool = v[IMAGE_NOTE_TOOL];
	i->workload = v[IMAGE_NOTE_WORKLOAD];
	memcpy(i->allowlist_digest, v[IMAGE_NOTE_ALLOWLIST].p, SHA256_SIZE);
	memcpy(i->digest, v[IMAGE_NOTE_DIGEST].p, SHA256_SIZE);
	return 0;
}

static int check_digest(struct loader *w)
{
	struct buf *all = &w->image->bytes;
	char *place = all->p + w->note_at + w->note.n - SHA256_SIZE;
	uint8_t digest[SHA256_SIZE];
	memset(place, 0, SHA256_SIZE);
	sha256(all->p, all->n, digest);
	memcpy(place, w->image->digest, SHA256_SIZE);
	if (memcmp(digest, w->image->digest, SHA256_SIZE))
		return refuse(w, "its digest is not that of its bytes (damaged, cut or changed)");
	return 0;
}

static int check_types(struct loader *w)
{
	uint32_t n[IMAGE_MAP_COUNT];
	CLEANUP_BUF struct buf btf = BUF_INIT;
	for (int m = 0; m < IMAGE_MAP_COUNT; m++)
		n[m] = w->image->map[m].n;
	int err = image_btf(n, &btf);
	if (err)
		return diag_error(w->d, w->file, "cannot describe the maps: %s", strerror(-err));
	if (!str_eq(buf_view(&btf), w->btf) || w->maps.n != IMAGE_MAP_COUNT * IMAGE_MAP_SIZE)
		return refuse(w, "its map definitions are not those of its tables");
	return 0;
}

/* ---- tables ---- */

static bool is_sorted(const struct image *i, enum image_map m)
{
	for (uint32_t n = 1; image_key_size(m) && n < i->map[m].n; n++) {
		if (memcmp(image_entry(i, m, n - 1), image_entry(i, m, n), image_key_size(m)) >= 0)
			return false;
	}
	return true;
}

static bool check_settings(const struct image *i)
{
	if (i->map[IMAGE_MAP_SETTINGS].n != 1)
		return false;
	const struct image_settings *s = image_entry(i, IMAGE_MAP_SETTINGS, 0);
	return s->judges <= (IMAGE_JUDGES_EXEC | IMAGE_JUDGES_FILE | IMAGE_JUDGES_CONNECT) &&
	       s->guards < 1u << IMAGE_GUARD_COUNT &&
	       s->enforce <= 1 && s->paths == i->map[IMAGE_MAP_PATHS].n;
}

/* The bytes of a path that passed check_path()'s bounds: chunks are consecutive. */
static struct str path_bytes(const struct image *i, const struct image_path *p)
{
	return (struct str){(const char *)image_entry(i, IMAGE_MAP_BYTES, p->chunk), p->length};
}

static bool check_path(const struct image *i, const struct image_path_key *key,
		       const struct image_path *p, uint8_t *seen)
{
	uint32_t chunks = i->map[IMAGE_MAP_BYTES].n;
	if (p->length == 0 || p->length > IMAGE_PATH_MAX || p->chunk > chunks ||
	    image_path_chunks(p->length) > chunks - p->chunk || p->id == 0 ||
	    p->id > i->map[IMAGE_MAP_PATHS].n || seen[p->id - 1])
		return false;
	seen[p->id - 1] = 1;
	struct str path = path_bytes(i, p);
	struct image_path_key real = image_path_key(path);
	for (size_t n = path.n; n % IMAGE_CHUNK; n++) {
		if (path.p[n])
			return false;
	}
	return path.p[0] == '/' && !memchr(path.p, '\0', path.n) && !memcmp(&real, key, sizeof(real)) &&
	       !(p->flags & ~(uint32_t)(IMAGE_PATH_EXEC | IMAGE_PATH_PROTECT | IMAGE_PATH_RUNTIME)) &&
	       !(p->access & ~IMAGE_CHANGES);
}

static bool check_paths(const struct image *i)
{
	uint32_t n = i->map[IMAGE_MAP_PATHS].n;
	CLEANUP_FREE uint8_t *seen = xcalloc(n + 1, 1);
	for (uint32_t k = 0; k < n; k++) {
		const struct image_path_key *key = image_entry(i, IMAGE_MAP_PATHS, k);
		if (!check_path(i, key, (const struct image_path *)(key + 1), seen))
			return false;
	}
	return true;
}

static bool check_pairs(const struct image *i, enum image_map m)
{
	uint32_t paths = i->map[IMAGE_MAP_PATHS].n;
	for (uint32_t k = 0; k < i->map[m].n; k++) {
		const struct image_pair *key = image_entry(i, m, k);
		const uint32_t *value = (const uint32_t *)(key + 1);
		if (key->caller == 0 || key->caller > paths || key->target == 0 || key->target > paths)
			return false;
		if (m == IMAGE_MAP_FILE_PAIRS && (*value & ~IMAGE_CHANGES))
			return false;
	}
	return true;
}

static bool check_networks(const struct image *i, enum image_map m, uint32_t max_bits)
{
	uint32_t ports = i->map[IMAGE_MAP_PORTS].n;
	for (uint32_t k = 0; k < i->map[m].n; k++) {
		const uint8_t *p = image_entry(i, m, k);
		struct image_net net;
		uint32_t bits;
		memcpy(&bits, p, sizeof(bits));
		memcpy(&net, p + image_key_size(m), sizeof(net));
		if (bits > max_bits || net.count == 0 || net.count > IMAGE_PORTS_MAX ||
		    net.first > ports || net.count > ports - net.first)
			return false;
		for (uint32_t bit = bits; bit < max_bits; bit++) {
			if (p[4 + bit / 8] >> (7 - bit % 8) & 1)
				return false;
		}
	}
	return true;
}

static bool check_ports(const struct image *i)
{
	for (uint32_t k = 0; k < i->map[IMAGE_MAP_PORTS].n; k++) {
		const struct image_port *p = image_entry(i, IMAGE_MAP_PORTS, k);
		if (p->first > p->last || p->pad[0] || p->pad[1] || p->pad[2] ||
		    p->caller > i->map[IMAGE_MAP_PATHS].n)
			return false;
	}
	return true;
}

static int check_tables(struct loader *w)
{
	const struct image *i = w->image;
	for (int m = 0; m < IMAGE_MAP_COUNT; m++) {
		if (!is_sorted(i, m))
			return refuse(w, "a table is not in order");
	}
	if (!check_settings(i))
		return refuse(w, "its settings are not understood");
	if (!check_paths(i))
		return refuse(w, "a path is damaged or not where its hash says");
	if (!check_pairs(i, IMAGE_MAP_EXEC_PAIRS) || !check_pairs(i, IMAGE_MAP_FILE_PAIRS))
		return refuse(w, "a rule names a path that is not there");
	if (!check_networks(i, IMAGE_MAP_NET4, 32) || !check_networks(i, IMAGE_MAP_NET6, 128) ||
	    !check_ports(i))
		return refuse(w, "a network or port rule is malformed");
	return 0;
}

static int load(struct loader *w)
{
	struct buf *all = &w->image->bytes;
	elf_version(EV_CURRENT);
	Elf *elf = elf_memory(all->p, all->n);
	const Elf64_Ehdr *e = elf ? elf64_getehdr(elf) : NULL;
	int err = 0;
	if (!e || e->e_machine != EM_BPF || e->e_type != ET_REL || e->e_ident[EI_DATA] != ELFDATA2LSB)
		err = refuse(w, "no 64-bit little-endian ELF file for BPF");
	if (!err)
		err = take_sections(w, elf, buf_view(all));
	elf_end(elf);
	if (!err)
		err = read_notes(w);
	if (!err)
		err = check_digest(w);
	if (!err)
		err = check_types(w);
	return err ? err : check_tables(w);
}

int image_load(const char *file, struct str bytes, struct diag *d, struct image **ret)
{
	CLEANUP(image_free) struct image *i = xcalloc(1, sizeof(*i));
	struct loader w = {.image = i, .d = d, .file = file};
	if (bytes.n < sizeof(Elf64_Ehdr) || bytes.n > IMAGE_FILE_MAX)
		return refuse(&w, bytes.n > IMAGE_FILE_MAX ? "larger than 256 MiB" : "too short");
	buf_add(&i->bytes, bytes.p, bytes.n);
	int err = load(&w);
	if (err)
		return err;
	*ret = TAKE(i);
	return 0;
}

int image_read(const char *file, struct diag *d, struct image **ret)
{
	CLEANUP_BUF struct buf bytes = BUF_INIT;
	int err = read_file(file, IMAGE_FILE_MAX, &bytes);
	if (err == -E2BIG)
		return diag_error(d, file, "larger than %d MiB, the most an image may be", IMAGE_FILE_MAX >> 20);
	if (err)
		return diag_error(d, file, "cannot be read: %s", strerror(-err));
	return image_load(file, buf_view(&bytes), d, ret);
}

void image_free(struct image *i)
{
	if (!i)
		return;
	buf_done(&i->bytes);
	free(i);
}
