/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The type information of an image: for each map a struct whose members say type, sizes, flags and number of
 * entries the way libbpf's map definitions do (a number N is a pointer to an array of N ints), and the
 * .maps section that holds one variable of each.
 */
#include <bpf/btf.h>
#include <linux/bpf.h>

#include "schema/image_file.h"

#define ROW_FLAGS(type) (BPF_F_RDONLY_PROG | ((type) == BPF_MAP_TYPE_LPM_TRIE ? BPF_F_NO_PREALLOC : 0))

static const uint32_t limits[IMAGE_MAP_COUNT] = {
	[IMAGE_MAP_SETTINGS] = 1,
	[IMAGE_MAP_PATHS] = IMAGE_PATHS_MAX,
	[IMAGE_MAP_BYTES] = IMAGE_PATHS_MAX * 16,
	[IMAGE_MAP_EXEC_PAIRS] = IMAGE_PAIRS_MAX,
	[IMAGE_MAP_FILE_PAIRS] = IMAGE_PAIRS_MAX,
	[IMAGE_MAP_NET4] = IMAGE_NETS_MAX,
	[IMAGE_MAP_NET6] = IMAGE_NETS_MAX,
	[IMAGE_MAP_PORTS] = IMAGE_PAIRS_MAX,
};

static const struct image_map_row rows[IMAGE_MAP_COUNT] = {
#define MAP(symbol, name, type, key, value)                                                        \
	[IMAGE_MAP_##symbol] = {name, type, sizeof(key), sizeof(value), ROW_FLAGS(type)},
	IMAGE_MAPS(MAP)
#undef MAP
};

const struct image_map_row *image_map_row(enum image_map m)
{
	return &rows[m];
}

uint32_t image_map_limit(enum image_map m)
{
	return limits[m];
}

uint32_t image_key_size(enum image_map m)
{
	return rows[m].type == BPF_MAP_TYPE_ARRAY ? 0 : rows[m].key_size;
}

uint32_t image_entry_size(enum image_map m)
{
	return image_key_size(m) + rows[m].value_size;
}

/* The type that says N. */
static int number_type(struct btf *btf, int int_id, uint32_t n)
{
	int array = btf__add_array(btf, int_id, int_id, n);
	return array < 0 ? array : btf__add_ptr(btf, array);
}

static int add_map(struct btf *btf, int int_id, const struct image_map_row *row, uint32_t n)
{
	/* An array map without elements cannot be created. */
	const struct { const char *name; uint32_t number; } members[IMAGE_MAP_MEMBERS] = {
		{"type", row->type}, {"key_size", row->key_size}, {"value_size", row->value_size},
		{"max_entries", n ? n : 1}, {"map_flags", row->flags},
	};
	int types[IMAGE_MAP_MEMBERS];
	for (int i = 0; i < IMAGE_MAP_MEMBERS; i++) {
		types[i] = number_type(btf, int_id, members[i].number);
		if (types[i] < 0)
			return types[i];
	}
	int map = btf__add_struct(btf, NULL, IMAGE_MAP_SIZE);
	for (int i = 0; i < IMAGE_MAP_MEMBERS && map > 0; i++) {
		int err = btf__add_field(btf, members[i].name, types[i], (uint32_t)i * 64, 0);
		if (err)
			return err;
	}
	return map < 0 ? map : btf__add_var(btf, row->name, BTF_VAR_GLOBAL_ALLOCATED, map);
}

static int add_all(struct btf *btf, const uint32_t n[IMAGE_MAP_COUNT])
{
	int vars[IMAGE_MAP_COUNT];
	int int_id = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	if (int_id < 0)
		return int_id;
	for (int m = 0; m < IMAGE_MAP_COUNT; m++) {
		vars[m] = add_map(btf, int_id, &rows[m], n[m]);
		if (vars[m] < 0)
			return vars[m];
	}
	int err = btf__add_datasec(btf, ".maps", IMAGE_MAP_COUNT * IMAGE_MAP_SIZE);
	for (int m = 0; m < IMAGE_MAP_COUNT && err >= 0; m++)
		err = btf__add_datasec_var_info(btf, vars[m], (uint32_t)m * IMAGE_MAP_SIZE, IMAGE_MAP_SIZE);
	return err < 0 ? err : 0;
}

int image_btf(const uint32_t n[IMAGE_MAP_COUNT], struct buf *ret)
{
	struct btf *btf = btf__new_empty();
	if (!btf)
		return -ENOMEM;
	int err = add_all(btf, n);
	uint32_t size;
	const void *raw = err ? NULL : btf__raw_data(btf, &size);
	if (raw)
		buf_add(ret, raw, size);
	else if (!err)
		err = -ENOMEM;
	btf__free(btf);
	return err;
}
