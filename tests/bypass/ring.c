/* SPDX-License-Identifier: GPL-2.0-only */
/* What io_uring does in place of system calls. */
#include "tests/bypass/bypass.h"

#include <arpa/inet.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* One request, by a ring made with FLAGS. Its result. */
static int ring_call(const struct io_uring_sqe *what, uint32_t flags)
{
	struct io_uring_params p = {.flags = flags, .sq_thread_idle = 1000};
	int fd = (int)syscall(SYS_io_uring_setup, 1, &p);
	if (fd < 0)
		return errno == EPERM ? -ENOSYS : -errno;
	size_t size = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
	char *ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	struct io_uring_sqe *sqe = mmap(NULL, sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
	if (ring == MAP_FAILED || sqe == MAP_FAILED)
		return -errno;
	*sqe = *what;
	((uint32_t *)(void *)(ring + p.sq_off.array))[0] = 0;
	__atomic_store_n((uint32_t *)(void *)(ring + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS | (flags ? IORING_ENTER_SQ_WAKEUP : 0), NULL, 0) < 0)
		return -errno;
	return ((struct io_uring_cqe *)(void *)(ring + p.cq_off.cqes))[0].res;
}

static int ring_open_by(uint8_t how, uint32_t flags)
{
	struct io_uring_sqe sqe = {.opcode = IORING_OP_OPENAT, .flags = how, .fd = AT_FDCWD, .addr = (uintptr_t)in("protected/file"),
				   .open_flags = O_WRONLY | O_TRUNC};
	return ring_call(&sqe, flags);
}

static int ring_open(void) { return ring_open_by(0, 0); }
static int ring_worker(void) { return ring_open_by(IOSQE_ASYNC, 0); }
static int ring_thread(void) { return ring_open_by(0, IORING_SETUP_SQPOLL); }

static int ring_unlink(void)
{
	struct io_uring_sqe sqe = {.opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = (uintptr_t)in("protected/file")};
	return ring_call(&sqe, 0);
}

static int ring_connect(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(FORBIDDEN_PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct io_uring_sqe sqe = {.opcode = IORING_OP_CONNECT, .fd = socket(AF_INET, SOCK_DGRAM, 0), .addr = (uintptr_t)&a,
				   .off = sizeof(a)};
	return ring_call(&sqe, 0);
}

static const struct way ways[] = {
	{"io_uring-open", ring_open}, {"io_uring-worker", ring_worker}, {"io_uring-thread", ring_thread}, {"io_uring-unlink", ring_unlink},
	{"io_uring-connect", ring_connect},
};
const struct ways ring_ways = {ways, ARRAY_SIZE(ways)};
