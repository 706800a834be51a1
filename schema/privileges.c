/* SPDX-License-Identifier: GPL-2.0-only */
/* Names are in the order of the kernel's numbers. The agent spells one capability without "CAP_". */
#include "schema/privileges.h"

#include <ctype.h>
#include <json-c/json.h>
#include <strings.h>

static const char *const capabilities[] = {
	"CAP_CHOWN", "DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
	"CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
	"CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
	"CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
};

static const char *const cap_sets[CAPS_SETS] = {"Effective", "Permitted", "Inheritable"};

/* As policies write them, and as exports do. */
static const char *const namespaces[NS_COUNT] = {
	"Uts", "Ipc", "Mnt", "Pid", "PidForChildren", "Net", "Time", "TimeForChildren", "Cgroup", "User",
};
static const char *const members[NS_COUNT] = {
	"uts", "ipc", "mnt", "pid", "pid_for_children", "net", "time", "time_for_children", "cgroup", "user",
};

static int find(const char *const *names, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(names[i]) == name.n && !strncasecmp(names[i], name.p, name.n))
			return (int)i;
	return -1;
}

int capability_number(struct str name)
{
	while (name.n && isspace((unsigned char)name.p[0]))
		name = str_skip(name, 1);
	while (name.n && isspace((unsigned char)name.p[name.n - 1]))
		name.n--;
	return find(capabilities, ARRAY_SIZE(capabilities), name);
}

const char *capability_name(int number)
{
	return number >= 0 && (size_t)number < ARRAY_SIZE(capabilities) ? capabilities[number] : NULL;
}

int namespace_number(struct str name)
{
	return find(namespaces, ARRAY_SIZE(namespaces), name);
}

int cap_set_number(struct str name)
{
	return find(cap_sets, ARRAY_SIZE(cap_sets), name);
}

static json_object *parse(struct str text)
{
	struct json_tokener *tok = json_tokener_new();
	json_object *object = json_tokener_parse_ex(tok, text.p, (int)text.n);
	json_tokener_free(tok);
	if (object && json_object_is_type(object, json_type_object))
		return object;
	json_object_put(object);
	return NULL;
}

static uint64_t mask_of(json_object *list)
{
	uint64_t mask = 0;
	size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
	for (size_t i = 0; i < n; i++) {
		int number = capability_number(str_from(json_object_get_string(json_object_array_get_idx(list, i))));
		if (number >= 0)
			mask |= UINT64_C(1) << number;
	}
	return mask;
}

static void read_caps(json_object *cap, struct privileges *ret)
{
	static const char *const keys[CAPS_SETS] = {"effective", "permitted", "inheritable"};
	ret->caps_told = true;
	for (size_t i = 0; i < CAPS_SETS; i++) {
		json_object *list;
		ret->caps[i] = json_object_object_get_ex(cap, keys[i], &list) ? mask_of(list) : 0;
	}
}

/* All or none: a namespace that is left out would not be told. */
static void read_namespaces(json_object *ns, struct privileges *ret)
{
	ret->ns_told = true;
	for (size_t i = 0; i < NS_COUNT; i++) {
		json_object *one, *v;
		if (!json_object_object_get_ex(ns, members[i], &one)) {
			ret->ns_told = false;
			return;
		}
		if (json_object_object_get_ex(one, "inum", &v))
			ret->ns[i].number = (uint32_t)json_object_get_int64(v);
		ret->ns[i].host = json_object_object_get_ex(one, "is_host", &v) && json_object_get_boolean(v);
	}
}

void privileges_read(struct str cap, struct str ns, struct privileges *ret)
{
	*ret = (struct privileges){0};
	json_object *object = cap.n ? parse(cap) : NULL;
	if (object)
		read_caps(object, ret);
	json_object_put(object);
	object = ns.n ? parse(ns) : NULL;
	if (object)
		read_namespaces(object, ret);
	json_object_put(object);
}
