// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sensor: exec, fork, exit, file open and connect, from tracepoints with typed arguments and from cgroup
 * socket-address hooks. All kinds go the same way:
 *
 *	key = mix(seed, epoch, cgroup, image, object, access)   identity from kernel pointers: no path yet
 *	key in `seen`?               count there, done    the common case, no text touched
 *	tell image and cgroup, if they were not told      records that later ones refer to
 *	walk the path, send the record
 *	the ring took it?            insert into `seen`   so a full ring delays, never forgets
 */
#include "bpf/maps.h"
#include "bpf/cgroup.h"
#include "bpf/syscalls.h"
#include "bpf/walk_cgroup.h"

char license_text[] SEC("license") = "GPL";

#define K1 0xa0761d6478bd642full
#define K2 0xe7037ed1a0b428dbull
#define K3 0x8ebc6af09c88c6e3ull
#define K4 0x589965cc75374cc3ull
#define K5 0x1d8e4e27c47d124full

/* ---- who ---- */

struct path_words {
	__u64 mount, dentry;
};

static __always_inline struct path_words path_words(bool cast, const struct file *f)
{
	return (struct path_words){
		.mount = WORD_BY(cast, f, struct file, f_path.mnt),
		.dentry = WORD_BY(cast, f, struct file, f_path.dentry),
	};
}

/* Sums of products run side by side in the processor, where a chain of mixes would wait for each other. */
static __always_inline __u64 finish(__u64 sum)
{
	sum ^= seed;
	sum ^= sum >> 32;
	sum *= K1;
	return sum ^ (sum >> 29);
}

static __always_inline __u64 image_of(bool cast, struct task_struct *task)
{
	struct mm_struct *mm = task->mm;
	if (!mm)
		return 0;
	struct file *exe = mm->exe_file;
	if (!exe)
		return 0;
	struct path_words p = path_words(cast, exe);
	struct dentry *d = exe->f_path.dentry;
	struct inode *inode = exe->f_inode;
	if (!d || !inode)
		return 0;
	/* Two halves: 6.1 lets no load span the members of a union. */
	__u64 name = d->d_name.hash | (__u64)d->d_name.len << 32;
	__u64 id = finish(p.mount * K2 + p.dentry * K3 + name * K4 + inode->i_ino * K5);
	return id ? id : 1;
}

struct subject {
	struct task_struct *task;
	struct kernfs_node *node;
	__u64 cgroup, image;
	__u32 pid, epoch;
};

/* False: ours, or nothing to attribute it to. */
static __always_inline bool subject_by(bool cast, struct subject *w, struct task_struct *task)
{
	w->task = task;
	w->pid = task->tgid;
	if (w->pid == self_pid)
		return false;
	w->epoch = epoch;
	w->cgroup = 0;
	w->node = cgroup_node(cast, task, &w->cgroup);
	w->image = image_of(cast, task);
	return true;
}

static __always_inline bool subject_now(struct subject *w, struct task_struct *task)
{
	return have_cast ? subject_by(true, w, task) : subject_by(false, w, task);
}

static __always_inline void fill_header(struct wire_header *h, const struct subject *w, __u32 kind,
					__u64 key)
{
	h->kind = kind;
	h->flags = 0;
	h->time_ns = kind == WIRE_EXEC || every_event ? bpf_ktime_get_boot_ns() : coarse_now_ns;
	h->cgroup = w->cgroup;
	h->image = w->image;
	h->key = key;
	h->pid = w->pid;
	h->tid = w->task->pid;
	h->uid = w->task->cred->uid.val;
	h->tags = 0;
	h->access = 0;
	h->epoch = w->epoch;
}

/* ---- told once: images and cgroups ---- */

/* Sends s->header and the text of the last walk in one piece. */
static __always_inline long emit_text(struct scratch *s)
{
	__u64 offset = s->offset;
	if (offset > TEXT_END)
		return -1;
	__u64 length = sizeof(struct wire_header) + TEXT_END - offset;
	s->header.length = length;
	asm volatile("" : "+r"(offset), "+r"(length));
	offset &= 2 * WIRE_PATH_MAX - 1;
	length &= 2 * WIRE_PATH_MAX - 1;
	if (offset > TEXT_END || length > sizeof(struct wire_header) + TEXT_END)
		return -1;
	bpf_probe_read_kernel(s->text + offset, sizeof(struct wire_header), &s->header);
	return emit(s->text + offset, length);
}

static __always_inline void text_flags(struct scratch *s)
{
	s->header.tags = walk_tags(s);
	if (s->state & WALK_NAMELESS)
		s->header.flags |= WIRE_NAMELESS;
}

static __noinline int tell_image(struct scratch *s, const struct subject *w)
{
	__u32 told = 1;
	__u64 image = w->image;
	struct mm_struct *mm = w->task->mm;
	struct file *exe = mm ? mm->exe_file : NULL;
	if (!exe)
		return 0;
	walk(s, w->task, &exe->f_path);
	fill_header(&s->header, w, WIRE_IMAGE, 0);
	text_flags(s);
	if (emit_text(s))
		return -1;
	bpf_map_update_elem(&images, &image, &told, BPF_ANY);
	return 0;
}

static __noinline int tell_cgroup(struct scratch *s, const struct subject *w)
{
	__u32 told = 1;
	__u64 id = w->cgroup;
	walk_cgroup(s, w->node);
	fill_header(&s->header, w, WIRE_CGROUP, 0);
	text_flags(s);
	if (s->state & WALK_CUT)
		lose(WIRE_LOSS_CGROUP_PATH);
	if (emit_text(s))
		return -1;
	bpf_map_update_elem(&cgroups, &id, &told, BPF_ANY);
	return 0;
}

/* 0: what a record of W refers to has reached the ring before it. */
static __always_inline int introduce(struct scratch *s, const struct subject *w)
{
	__u64 image = w->image, id = w->cgroup;
	if (image && !bpf_map_lookup_elem(&images, &image) && tell_image(s, w))
		return -1;
	if (w->node && !bpf_map_lookup_elem(&cgroups, &id) && tell_cgroup(s, w))
		return -1;
	return 0;
}

/* ---- seen before? ---- */

/* SUM: what of the object and its circumstances makes an observation; never 0, which marks a free place. */
static __always_inline __u64 key_of(const struct subject *w, __u64 sum)
{
	__u64 key = finish(sum + w->cgroup * (K1 + 2) + (__u64)w->epoch * (K5 + 2));
	return key ?: 1;
}

static __always_inline struct wire_bucket *bucket_of(const struct subject *w, __u64 key, __u32 probe)
{
	__u32 i = ((__u32)key + probe) & (seen_buckets - 1);
	if (w->epoch & 1)
		i += seen_buckets;
	return bpf_map_lookup_elem(&seen, &i);
}

static __always_inline void count_one(struct wire_seen *v)
{
	__sync_fetch_and_add(&v->count, 1);
	v->last_tick = coarse_now_ns >> WIRE_TICK_SHIFT;
}

/* 1: counted, 0: not there, -1: the bucket is full of others. */
static __always_inline int count_in(struct wire_bucket *b, __u64 key)
{
	if (!b)
		return 0;
#pragma unroll
	for (__u32 i = 0; i < WIRE_BUCKET; i++) {
		if (b->seen[i].key == key) {
			count_one(&b->seen[i]);
			return 1;
		}
	}
	return b->seen[WIRE_BUCKET - 1].key ? -1 : 0;
}

static __noinline int count_further(const struct subject *w, __u64 key)
{
	int found = -1;
#pragma unroll
	for (__u32 probe = 1; probe < WIRE_PROBES; probe++)
		if (found < 0)
			found = count_in(bucket_of(w, key, probe), key);
	return found;
}

static __always_inline bool count_seen(const struct subject *w, __u64 key)
{
	int found = count_in(bucket_of(w, key, 0), key);
	if (found < 0)
		found = count_further(w, key);
	return found > 0;
}

/* Takes the first free place, or counts where another CPU was first. */
static __always_inline bool enter(struct wire_bucket *b, __u64 key)
{
#pragma unroll
	for (__u32 i = 0; b && i < WIRE_BUCKET; i++) {
		__u64 there = b->seen[i].key;
		if (!there)
			there = __sync_val_compare_and_swap(&b->seen[i].key, 0, key);
		if (!there || there == key) {
			count_one(&b->seen[i]);
			return true;
		}
	}
	return false;
}

/* A short record that refers to the first one: every event is wanted, or the map was full. */
static __always_inline void again(const struct subject *w, __u64 key, __u32 flags, enum wire_loss loss)
{
	struct wire_header h;
	fill_header(&h, w, WIRE_AGAIN, key);
	h.flags = flags;
	h.length = sizeof(h);
	if (emit(&h, sizeof(h)))
		lose(loss);
}

/* After the ring took the record. */
static __noinline int insert_seen(const struct subject *w, __u64 key, enum wire_loss loss)
{
#pragma unroll
	for (__u32 probe = 0; probe < WIRE_PROBES; probe++)
		if (enter(bucket_of(w, key, probe), key))
			return 0;
	__sync_fetch_and_add(&count_uncounted, 1);
	again(w, key, WIRE_UNCOUNTED, loss);
	return 0;
}

/* ---- file opens ---- */

static __always_inline __u64 file_key(const struct subject *w, const struct path_words *p,
				      const struct dentry_block *b, __u32 access)
{
	__u64 sum = p->mount * K2 + p->dentry * K3 + b->hash_len * K4 + (__u64)b->parent * K5 +
		    b->inode * (K2 + 2) + w->image * (K3 + 2);
	return key_of(w, sum + (__u64)(access | (b->pprev ? 0 : 1ull << 60)) * (K4 + 2));
}

static __noinline int file_first(struct scratch *s, const struct subject *w, struct file *f,
				 __u64 key, __u32 access)
{
	if (introduce(s, w))
		return -1;
	walk(s, w->task, (const struct path *)((void *)f + bpf_core_field_offset(struct file, f_path)));
	fill_header(&s->header, w, WIRE_FILE, key);
	s->header.access = access;
	text_flags(s);
	if (s->state & WALK_CUT)
		lose(WIRE_LOSS_FILE_PATH);
	return emit_text(s);
}

static __noinline int file_unseen(const struct subject *w, struct file *f, __u64 key, __u32 access)
{
	struct scratch *s = scratch_get(WIRE_LOSS_FILE_SCRATCH);
	if (!s)
		return 0;
	if (file_first(s, w, f, key, access))
		lose(WIRE_LOSS_FILE_RING);
	else
		insert_seen(w, key, WIRE_LOSS_FILE_RING);
	scratch_put(s);
	return 0;
}

static __always_inline void on_open_by(bool cast, struct task_struct *task, long fd, long flags, __u64 how)
{
	struct subject w;
	if (!subject_by(cast, &w, task))
		return;
	struct dentry_block b;
	struct file *f = file_of(cast, task, fd);
	struct path_words p = {};
	if (f)
		p = path_words(cast, f);
	if (!p.dentry || read_dentry_by(cast, &b, (struct dentry *)p.dentry)) {
		lose(WIRE_LOSS_FILE_RACE);
		return;
	}
	__u32 access = access_of(flags == FLAGS_IN_HOW ? flags_in_how(f, how) : flags);
	__u64 key = file_key(&w, &p, &b, access);
	if (!count_seen(&w, key))
		file_unseen(&w, f, key, access);
	else if (every_event)
		again(&w, key, 0, WIRE_LOSS_FILE_RING);
}

/* Not inline: most calls are no opens, and shall not pay for this one's frame. */
static __noinline int on_open(struct task_struct *task, long fd, long flags, __u64 how)
{
	if (have_cast)
		on_open_by(true, task, fd, flags, how);
	else
		on_open_by(false, task, fd, flags, how);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(file_sys_exit, struct pt_regs *regs, long ret)
{
	__u64 how = 0;
	if (ret < 0)
		return 0;
	long flags = open_flags(regs, &how);
	if (flags != NOT_AN_OPEN)
		on_open(bpf_get_current_task_btf(), ret, flags, how);
	return 0;
}

/* ---- processes ---- */

static __always_inline struct pid_namespace *namespace_of(struct task_struct *task, __u32 *ret_level,
							  __u32 *ret_pid)
{
	struct upid in = {};
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	*ret_level = BPF_CORE_READ(pid, level);
	bpf_probe_read_kernel(&in, sizeof(in),
			      (void *)pid + bpf_core_field_offset(struct pid, numbers) +
				      *ret_level * bpf_core_type_size(struct upid));
	*ret_pid = in.nr;
	return in.ns;
}

/* In a container: its first process, a descendant of it, or one that was put in from outside? */
static __always_inline __u32 tree_of(struct task_struct *task, __u32 inherited, __u32 *ret_pid)
{
	__u32 level, parent_level, parent_pid;
	struct pid_namespace *own = namespace_of(task, &level, ret_pid);
	if (!level)
		return 0;
	if (*ret_pid == 1)
		return WIRE_TAG_ENTRYPOINT | WIRE_TAG_INIT_TREE;
	if (inherited)
		return inherited;
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	return namespace_of(parent, &parent_level, &parent_pid) == own ? 0 : WIRE_TAG_INTERACTIVE;
}

/* fs->root is the top of what is mounted at the root of the task's mount namespace. */
static __always_inline bool root_moved(struct task_struct *task)
{
	struct vfsmount *mnt = BPF_CORE_READ(task, fs, root.mnt);
	if (BPF_CORE_READ(task, fs, root.dentry) != BPF_CORE_READ(mnt, mnt_root))
		return true;
	struct mount *m = (void *)mnt - bpf_core_field_offset(struct mount, mnt);
	struct mount *parent = BPF_CORE_READ(m, mnt_parent);
	if (parent == m)
		return false;
	return BPF_CORE_READ(m, mnt_mountpoint) != BPF_CORE_READ(parent, mnt.mnt_root) ||
	       BPF_CORE_READ(parent, mnt_parent) != parent;
}

/*
 * Gathered in memory and not in a register, where each way through would leave its own known value: before 6.2 the
 * verifier follows all such ways to the end, each with everything that comes after.
 */
static __always_inline void exec_tags(struct scratch *s, struct task_struct *task, struct linux_binprm *bprm)
{
	s->tags = s->tree;
	if (BPF_CORE_READ(bprm, interp) != BPF_CORE_READ(bprm, filename))
		s->tags |= WIRE_TAG_SCRIPT;
	if (BPF_CORE_READ_BITFIELD_PROBED(bprm, secureexec))
		s->tags |= WIRE_TAG_SETUID;
	if (root_moved(task))
		s->tags |= WIRE_TAG_HOST_ROOT_MOVED;
	struct mm_struct *mm = task->mm;
	struct file *exe = mm ? mm->exe_file : NULL;
	struct dentry *d = exe ? exe->f_path.dentry : NULL;
	struct dentry_block b;
	if (d && !read_dentry(&b, d) && !b.pprev)
		s->tags |= WIRE_TAG_DELETED;
}

static long hash_step(__u32 i, struct walk_context *c)
{
	struct scratch *s = c->s;
	__u64 at = i * 8, word;
	if (at >= s->exec.filename_length)
		return 1;
	at &= WIRE_FILENAME_MAX - 1;
	bpf_probe_read_kernel(&word, sizeof(word), s->strings + at);
	s->hash = mix(s->hash, word);
	return 0;
}

/* The name as typed, into s->strings, and its hash; whole words, so the tail is cleared first. */
static __always_inline void read_filename(struct scratch *s, struct linux_binprm *bprm)
{
	struct walk_context c = {s};
	long n = bpf_probe_read_kernel_str(s->strings, WIRE_FILENAME_MAX, BPF_CORE_READ(bprm, filename));
	__u64 length = n > 0 ? n - 1 : 0;
	length &= WIRE_FILENAME_MAX - 1;
	asm volatile("" : "+r"(length));
	length &= WIRE_FILENAME_MAX - 1;
	__builtin_memset(s->name, 0, 8);
	bpf_probe_read_kernel(s->strings + length, 8, s->name);
	s->exec.filename_length = length;
	s->hash = length;
	bpf_loop(WIRE_FILENAME_MAX / 8, hash_step, &c, 0);
}

/* argv lies on the new stack, which the kernel has just written. */
static __always_inline void read_argv(struct scratch *s, struct task_struct *task)
{
	struct mm_struct *mm = task->mm;
	s->exec.argv_length = s->exec.argv_cut = 0;
	if (!mm)
		return;
	__u64 start = mm->arg_start, length = mm->arg_end - start, at = s->exec.filename_length;
	if (length > WIRE_ARGV_MAX - 1) {
		length = WIRE_ARGV_MAX - 1;
		s->exec.argv_cut = 1;
	}
	asm volatile("" : "+r"(length), "+r"(at));
	at &= WIRE_FILENAME_MAX - 1;
	length &= WIRE_ARGV_MAX - 1;
	if (!bpf_probe_read_user(s->strings + at, length, (void *)start))
		s->exec.argv_length = length;
}

static __always_inline void read_cwd(struct scratch *s, struct task_struct *task)
{
	s->exec.cwd_length = 0;
	walk(s, task, &task->fs->pwd);
	__u64 offset = s->offset, length = TEXT_END - offset;
	__u64 at = s->exec.filename_length + s->exec.argv_length;
	if ((s->state & WALK_CUT) || length > WIRE_PATH_MAX - 1 || at > WIRE_FILENAME_MAX + WIRE_ARGV_MAX)
		return;
	asm volatile("" : "+r"(length), "+r"(offset), "+r"(at));
	offset &= 2 * WIRE_PATH_MAX - 1;
	length &= WIRE_PATH_MAX - 1;
	if (offset > TEXT_END || at > WIRE_FILENAME_MAX + WIRE_ARGV_MAX)
		return;
	if (!bpf_probe_read_kernel(s->strings + at, length,
				   s->text + sizeof(struct wire_header) + offset))
		s->exec.cwd_length = length;
}

static __always_inline long emit_exec(struct scratch *s)
{
	__u64 texts = s->exec.filename_length + s->exec.argv_length + s->exec.cwd_length;
	if (texts > WIRE_FILENAME_MAX + WIRE_ARGV_MAX + WIRE_PATH_MAX)
		return -1;
	s->exec.header.length = sizeof(struct wire_exec) + texts;
	bpf_probe_read_kernel(s->out, sizeof(struct wire_exec), &s->exec);
	asm volatile("" : "+r"(texts));
	if (texts > WIRE_FILENAME_MAX + WIRE_ARGV_MAX + WIRE_PATH_MAX)
		return -1;
	bpf_probe_read_kernel(s->out + sizeof(struct wire_exec), texts, s->strings);
	return emit(s->out, sizeof(struct wire_exec) + texts);
}

static __noinline int exec_first(struct scratch *s, const struct subject *w, __u64 key)
{
	if (introduce(s, w))   /* uses the header */
		return -1;
	fill_header(&s->exec.header, w, WIRE_EXEC, key);
	struct task_struct *task = w->task;
	read_argv(s, task);
	read_cwd(s, task);
	s->exec.process_ns = BPF_CORE_READ(task, start_boottime);
	s->exec.parent_pid = BPF_CORE_READ(task, real_parent, tgid);
	s->exec.login_uid = BPF_CORE_READ(task, loginuid.val);
	s->exec.header.tags = s->tags;
	return emit_exec(s);
}

static __always_inline void remember(__u32 pid, __u64 image, __u32 tree)
{
	struct task_info now = {.image = image, .tree = tree & ~WIRE_TAG_ENTRYPOINT};
	if (bpf_map_update_elem(&tasks, &pid, &now, BPF_ANY))
		lose(WIRE_LOSS_EXEC_CALLER);
}

/* The identity of what S->exec holds; SUM of what does not fit into it. */
static __always_inline void exec_seen(struct scratch *s, const struct subject *w)
{
	__u64 sum = s->exec.caller * K2 + w->image * K3 + s->hash * K4 + (__u64)s->tags * K5;
	if (!s->exec.caller) /* two of those must not be taken for one */
		sum += (__u64)w->pid * (K2 + 2);
	__u64 key = key_of(w, sum);
	bool known = count_seen(w, key);
	if (known && !every_event)
		return;
	if (exec_first(s, w, key))
		lose(WIRE_LOSS_EXEC_RING);
	else if (!known)
		insert_seen(w, key, WIRE_LOSS_EXEC_RING);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec_sched, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct subject w;
	__u32 pid_inside = 0;
	if (!subject_now(&w, task))
		return 0;
	struct scratch *s = scratch_get(WIRE_LOSS_EXEC_SCRATCH);
	if (!s)
		return 0;
	struct task_info *before = bpf_map_lookup_elem(&tasks, &w.pid);
	s->tree = tree_of(task, before ? before->tree : 0, &pid_inside);
	s->exec.caller = before ? before->image : 0;
	s->exec.pid_in_namespace = pid_inside;
	s->exec.reserved = 0;
	read_filename(s, bprm);
	remember(w.pid, w.image, s->tree);
	exec_tags(s, task, bprm);
	exec_seen(s, &w);
	scratch_put(s);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(exec_fork, struct task_struct *parent, struct task_struct *child)
{
	struct subject w;
	if (child->pid != child->tgid || !subject_now(&w, parent))
		return 0;
	__u64 image = w.image;
	if (image && !bpf_map_lookup_elem(&images, &image)) {
		struct scratch *s = scratch_get(WIRE_LOSS_EXEC_SCRATCH);
		if (s) {
			introduce(s, &w);
			scratch_put(s);
		}
	}
	struct task_info *own = bpf_map_lookup_elem(&tasks, &w.pid);
	remember(child->tgid, image, own ? own->tree : 0);
	__sync_fetch_and_add(&count_forks, 1);
	if (!every_event)
		return 0;
	struct wire_fork r = {.child = child->tgid, .process_ns = child->start_boottime};
	fill_header(&r.header, &w, WIRE_FORK, 0);
	r.header.length = sizeof(r);
	if (emit(&r, sizeof(r)))
		lose(WIRE_LOSS_FORK_RING);
	return 0;
}

/* Runs for each thread; the last one finds live at 0. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(exit_sched, struct task_struct *task)
{
	struct subject w;
	struct signal_struct *signal = task->signal;
	if (!signal || signal->live.counter || !subject_now(&w, task))
		return 0;
	bpf_map_delete_elem(&tasks, &w.pid);
	__sync_fetch_and_add(&count_exits, 1);
	if (!every_event)
		return 0;
	struct wire_exit r = {.code = signal->group_exit_code ?: task->exit_code};
	fill_header(&r.header, &w, WIRE_EXIT, 0);
	r.header.length = sizeof(r);
	if (emit(&r, sizeof(r)))
		lose(WIRE_LOSS_EXIT_RING);
	return 0;
}

/* ---- connects ---- */

struct remote {
	__u64 high, low;        /* the address as two words */
	__u16 port;
	__u8 family, protocol;
	__u32 tags;             /* WIRE_TAG_UNCONNECTED or 0 */
};

static __noinline int connect_first(struct scratch *s, const struct subject *w,
				    const struct remote *to, __u64 key)
{
	if (introduce(s, w))
		return -1;
	fill_header(&s->header, w, WIRE_CONNECT, key);
	s->header.tags = to->tags;
	s->header.length = sizeof(s->connect);
	bpf_probe_read_kernel(s->connect.address, 16, &to->high);
	s->connect.port = to->port;
	s->connect.family = to->family;
	s->connect.protocol = to->protocol;
	s->connect.reserved = 0;
	return emit(&s->connect, sizeof(s->connect));
}

static __always_inline void on_connect(const struct remote *to)
{
	struct subject w;
	if (!subject_now(&w, bpf_get_current_task_btf()))
		return;
	__u64 small = to->port | (__u64)to->family << 16 | (__u64)to->protocol << 24 | (__u64)to->tags << 32;
	__u64 key = key_of(&w, to->high * K2 + to->low * K3 + small * K4 + w.image * K5 + K1);
	if (count_seen(&w, key)) {
		if (every_event)
			again(&w, key, 0, WIRE_LOSS_CONNECT_RING);
		return;
	}
	struct scratch *s = scratch_get(WIRE_LOSS_CONNECT_SCRATCH);
	if (!s)
		return;
	if (connect_first(s, &w, to, key))
		lose(WIRE_LOSS_CONNECT_RING);
	else
		insert_seen(&w, key, WIRE_LOSS_CONNECT_RING);
	scratch_put(s);
}

static __always_inline int connect_v4(struct bpf_sock_addr *ctx, __u32 tags)
{
	struct remote to = {.high = ctx->user_ip4, .family = 4, .protocol = ctx->protocol, .tags = tags};
	to.port = bpf_ntohs(ctx->user_port);
	on_connect(&to);
	return 1;
}

static __always_inline int connect_v6(struct bpf_sock_addr *ctx, __u32 tags)
{
	struct remote to = {.family = 6, .protocol = ctx->protocol, .tags = tags};
	to.high = ctx->user_ip6[0] | (__u64)ctx->user_ip6[1] << 32;
	to.low = ctx->user_ip6[2] | (__u64)ctx->user_ip6[3] << 32;
	to.port = bpf_ntohs(ctx->user_port);
	on_connect(&to);
	return 1;
}

SEC("cgroup/connect4")
int connect_4(struct bpf_sock_addr *ctx)
{
	return connect_v4(ctx, 0);
}

SEC("cgroup/connect6")
int connect_6(struct bpf_sock_addr *ctx)
{
	return connect_v6(ctx, 0);
}

SEC("cgroup/sendmsg4")
int connect_sendmsg4(struct bpf_sock_addr *ctx)
{
	return connect_v4(ctx, WIRE_TAG_UNCONNECTED);
}

SEC("cgroup/sendmsg6")
int connect_sendmsg6(struct bpf_sock_addr *ctx)
{
	return connect_v6(ctx, WIRE_TAG_UNCONNECTED);
}

#define AF_INET_      2
#define IPPROTO_TCP_  6
#define TCP_SYN_SENT_ 2

/* Where cgroup hooks cannot be attached: TCP only; in the caller's context for this one transition. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(connect_tcp, const struct sock *sk, int old_state, int new_state)
{
	if (new_state != TCP_SYN_SENT_)
		return 0;
	struct remote to = {.protocol = IPPROTO_TCP_, .family = 6};
	to.port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET_) {
		to.family = 4;
		to.high = BPF_CORE_READ(sk, __sk_common.skc_daddr);
	} else {
		bpf_probe_read_kernel(&to.high, 16, (void *)sk +
				      bpf_core_field_offset(struct sock, __sk_common.skc_v6_daddr));
	}
	on_connect(&to);
	return 0;
}

/* ---- the consumer's questions ---- */

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(cgroup_gone, struct cgroup *cgroup, const char *path)
{
	__u64 id = cgroup->kn->id, v1 = id | WIRE_CGROUP_V1;
	bpf_map_delete_elem(&cgroups, &id);
	bpf_map_delete_elem(&cgroups, &v1);
	return 0;
}

/* Loaded instead of the others on request: what the hooks alone cost. */
SEC("tp_btf/sys_exit")
int empty_file(void *ctx)
{
	return 0;
}

SEC("tp_btf/sched_process_exec")
int empty_exec(void *ctx)
{
	return 0;
}

SEC("tp_btf/sched_process_fork")
int empty_fork(void *ctx)
{
	return 0;
}

SEC("tp_btf/sched_process_exit")
int empty_exit(void *ctx)
{
	return 0;
}

/* Run by a test-run call, never attached: the consumer's pid in the initial namespace. */
SEC("raw_tp")
int whoami(void *ctx)
{
	whoami_pid = bpf_get_current_pid_tgid() >> 32;
	return 0;
}
