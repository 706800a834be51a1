/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a policy will run. The text form is a list of KEY=VALUE; keys left out follow from the
 * kernel and architecture. "host" asks this machine, by what it exports and not by its version
 * where it says so itself.
 */
#include "schema/target.h"

#include <stdio.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "schema/base/io.h"

enum key {
	KEY_KERNEL,
	KEY_ARCH,
	KEY_LSM,
	KEY_KPROBE_MULTI,
	KEY_ERROR_INJECTION,
	KEY_KUBERNETES,
	KEY_PARENTS_MAP,
	KEY_FS,
	KEY_BACKEND,
	KEY_COUNT
};

static const struct {
	const char *name, *values;
	size_t flag; /* yes | no keys: where the bool is */
} keys[KEY_COUNT] = {
    [KEY_KERNEL] = {"kernel", "MAJOR.MINOR, such as 6.12", 0},
    [KEY_ARCH] = {"arch", "x86_64 or arm64", 0},
    [KEY_LSM] = {"lsm", "yes or no", offsetof(struct target, lsm)},
    [KEY_KPROBE_MULTI] = {"kprobe-multi", "yes or no", offsetof(struct target, kprobe_multi)},
    [KEY_ERROR_INJECTION] = {"error-injection", "yes or no",
			     offsetof(struct target, error_injection)},
    [KEY_KUBERNETES] = {"kubernetes", "yes or no", offsetof(struct target, kubernetes)},
    [KEY_PARENTS_MAP] = {"parents-map", "yes or no", offsetof(struct target, parents_map)},
    [KEY_FS] = {"fs", "overlay, tmpfs, ext4, xfs or btrfs", 0},
    [KEY_BACKEND] = {"backend", "lsm, fmod_ret or signal", 0},
};

static const char *const arch_names[] = {[ARCH_X86_64] = "x86_64", [ARCH_ARM64] = "arm64"};
static const char *const backend_names[] = {
    [TARGET_LSM] = "lsm", [TARGET_FMOD_RET] = "fmod_ret", [TARGET_SIGNAL] = "signal"};
static const struct {
	const char *name;
	uint32_t magic; /* of statfs(2) */
} filesystems[] = {
    [FS_OVERLAY] = {"overlay", 0x794c7630}, [FS_TMPFS] = {"tmpfs", 0x01021994},
    [FS_EXT4] = {"ext4", 0xef53},	    [FS_XFS] = {"xfs", 0x58465342},
    [FS_BTRFS] = {"btrfs", 0x9123683e},
};

static bool *flag(struct target *t, enum key k)
{
	return (bool *)((char *)t + keys[k].flag);
}

unsigned target_lsm_since(enum target_arch arch)
{
	return arch == ARCH_ARM64 ? TARGET_KERNEL(6, 0) : TARGET_KERNEL(5, 7);
}

/* What was not said: BPF LSM is there from 5.7 (arm64: 6.0), kprobe.multi from 5.18. */
static void derive(struct target *t, const bool given[KEY_COUNT])
{
	if (!given[KEY_LSM])
		t->lsm = t->kernel >= target_lsm_since(t->arch);
	if (!given[KEY_KPROBE_MULTI])
		t->kprobe_multi = t->kernel >= TARGET_KERNEL(5, 18);
}

void target_default(struct target *t)
{
	*t = (struct target){.kernel = TARGET_KERNEL(6, 1),
			     .arch = ARCH_X86_64,
			     .kubernetes = true,
			     .fs = FS_OVERLAY};
	derive(t, (bool[KEY_COUNT]){0});
}

/* 6.12, 6.1.0-28-amd64 */
static int parse_kernel(const char *text, unsigned *ret)
{
	char *end;
	if (*text < '0' || *text > '9')
		return -EINVAL;
	unsigned long major = strtoul(text, &end, 10), minor;
	if (*end != '.' || end[1] < '0' || end[1] > '9')
		return -EINVAL;
	minor = strtoul(end + 1, &end, 10);
	if ((*end && *end != '.' && *end != '-' && *end != '+') || major > 255 || minor > 255)
		return -EINVAL;
	*ret = TARGET_KERNEL(major, minor);
	return 0;
}

static int parse_value(struct target *t, enum key k, const char *value)
{
	switch (k) {
	case KEY_KERNEL:
		return parse_kernel(value, &t->kernel);
	case KEY_ARCH:
		if (strcmp(value, "aarch64") == 0)
			value = "arm64";
		for (size_t i = 0; i < ARRAY_SIZE(arch_names); i++)
			if (strcmp(value, arch_names[i]) == 0)
				return t->arch = (enum target_arch)i, 0;
		return -EINVAL;
	case KEY_FS:
		for (size_t i = 0; i < ARRAY_SIZE(filesystems); i++)
			if (strcmp(value, filesystems[i].name) == 0)
				return t->fs = (enum target_fs)i, 0;
		return -EINVAL;
	case KEY_BACKEND:
		for (size_t i = 0; i < ARRAY_SIZE(backend_names); i++)
			if (strcmp(value, backend_names[i]) == 0)
				return t->backend = (enum target_backend)i, 0;
		return -EINVAL;
	default:
		*flag(t, k) = strcmp(value, "yes") == 0;
		return *flag(t, k) || strcmp(value, "no") == 0 ? 0 : -EINVAL;
	}
}

/* ---- this machine ---- */

static bool lsm_active(const char *name)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	if (read_file("/sys/kernel/security/lsm", 4096, &text))
		return false;
	char *save, *list = text.p;
	for (char *p; (p = strtok_r(list, ",\n", &save)); list = NULL)
		if (strcmp(p, name) == 0)
			return true;
	return false;
}

/* Both exist only where the kernel was built with what they serve. */
static void probe_symbols(struct target *t)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[512], name[400];
	t->kprobe_multi = t->error_injection = false;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %*s %399s", name) != 1)
			continue;
		t->kprobe_multi |= strcmp(name, "register_fprobe_ips") == 0;
		t->error_injection |= strcmp(name, "bpf_override_return") == 0;
	}
	if (f)
		fclose(f);
}

static int probe_host(struct target *t, struct diag *d)
{
	struct utsname u;
	if (uname(&u) || parse_kernel(u.release, &t->kernel))
		return diag_error(d, NULL,
				  "--target host: this machine does not tell its kernel version");
	if (parse_value(t, KEY_ARCH, u.machine))
		return diag_error(d, NULL, "--target host: architecture %s is not one of %s",
				  u.machine, keys[KEY_ARCH].values);
	t->lsm = lsm_active("bpf");
	t->kubernetes = access("/var/lib/kubelet", F_OK) == 0;
	probe_symbols(t);
	struct statfs fs;
	if (statfs("/", &fs) == 0)
		for (size_t i = 0; i < ARRAY_SIZE(filesystems); i++)
			if ((uint32_t)fs.f_type == filesystems[i].magic)
				t->fs = (enum target_fs)i;
	return 0;
}

/* ---- text ---- */

static int unknown_key(struct diag *d, const char *item)
{
	CLEANUP_BUF struct buf all = BUF_INIT;
	for (size_t k = 0; k < KEY_COUNT; k++)
		buf_printf(&all, "%s%s", k ? ", " : "", keys[k].name);
	return diag_error(
	    d, NULL, "--target: unknown key in \"%s\"; write KEY=VALUE,... with keys %s, or host",
	    item, all.p);
}

static int parse_item(struct target *t, char *item, bool given[KEY_COUNT], struct diag *d)
{
	char *eq = strchr(item, '=');
	for (size_t k = 0; eq && k < KEY_COUNT; k++) {
		if (strlen(keys[k].name) != (size_t)(eq - item) ||
		    strncmp(item, keys[k].name, (size_t)(eq - item)) != 0)
			continue;
		if (given[k])
			return diag_error(d, NULL, "--target: %s is given twice", keys[k].name);
		given[k] = true;
		if (parse_value(t, (enum key)k, eq + 1))
			return diag_error(d, NULL, "--target: %s=%s: write %s", keys[k].name,
					  eq + 1, keys[k].values);
		return 0;
	}
	return unknown_key(d, item);
}

int target_parse(const char *text, struct diag *d, struct target *ret)
{
	struct target t;
	bool given[KEY_COUNT] = {0}, host = false;
	target_default(&t);
	CLEANUP_FREE char *copy = xstrdup(text ? text : "");
	char *save, *rest = copy;
	for (char *item; (item = strtok_r(rest, ",", &save)); rest = NULL) {
		bool first = item == copy;
		host |= first && strcmp(item, "host") == 0;
		int err = first && host ? probe_host(&t, d) : parse_item(&t, item, given, d);
		if (err)
			return err;
	}
	if (!host)
		derive(&t, given);
	*ret = t;
	return 0;
}

void target_print(const struct target *t, struct buf *b)
{
	buf_printf(b, "kernel=%u.%u,arch=%s", t->kernel >> 16, t->kernel >> 8 & 0xff,
		   arch_names[t->arch]);
	for (enum key k = KEY_LSM; k <= KEY_PARENTS_MAP; k++)
		buf_printf(b, ",%s=%s", keys[k].name, *flag((struct target *)t, k) ? "yes" : "no");
	buf_printf(b, ",fs=%s", filesystems[t->fs].name);
	if (t->backend != TARGET_LSM)
		buf_printf(b, ",backend=%s", backend_names[t->backend]);
}
