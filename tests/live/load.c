/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads for the bench: "load open N PATH" opens and closes, "load write N PATH..." for writing, one after the other;
 * "load connect N PORT" connects UDP sockets to 127.0.0.1; "load tcp N PORT" TCP ones, accepted; "load exec N PROGRAM" starts and waits for a program
 * without libc (on many virtual machines cpuid traps, and libc's start would hide everything else). "load time COMMAND..." prints
 * the microseconds of processor time that a command and its children took: other work on the machine does not add to it
 * as it does to the time on the wall.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static long spawn(char **argv, char **environment, struct rusage *ret_used)
{
	pid_t pid;
	int status;
	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environment) || wait4(pid, &status, 0, ret_used) < 0)
		return 1;
	return status != 0;
}

static long microseconds(struct timeval t)
{
	return t.tv_sec * 1000000 + t.tv_usec;
}

static int load_time(char **argv)
{
	struct rusage used;
	if (spawn(argv, environ, &used))
		return 1;
	printf("%ld\n", microseconds(used.ru_utime) + microseconds(used.ru_stime));
	return 0;
}

static int load_open(long n, char **paths, size_t npaths, int mode)
{
	while (n-- > 0) {
		int fd = open(paths[(size_t)n % npaths], mode | O_CLOEXEC);
		if (fd < 0)
			return 1;
		close(fd);
	}
	return 0;
}

static int load_connect(long n, unsigned short port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	while (n-- > 0)
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
			return 1;
	return 0;
}

/* TCP connections to a listener of its own; reset at the end, so that none lingers. */
static int load_tcp(long n, unsigned short port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct linger reset = {.l_onoff = 1};
	int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&to, sizeof(to)) || listen(listener, 16))
		return 1;
	while (n-- > 0) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
			return 1;
		close(fd);
		close(accept(listener, NULL, NULL));
	}
	return 0;
}

static int load_exec(long n, char *program)
{
	struct rusage used;
	while (n-- > 0)
		if (spawn((char *[]){program, NULL}, (char *[]){NULL}, &used))
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "time"))
		return load_time(argv + 2);
	if (argc == 4 && !strcmp(argv[1], "open"))
		return load_open(atol(argv[2]), argv + 3, 1, O_RDONLY);
	if (argc > 3 && !strcmp(argv[1], "write"))
		return load_open(atol(argv[2]), argv + 3, (size_t)argc - 3, O_WRONLY);
	if (argc == 4 && !strcmp(argv[1], "connect"))
		return load_connect(atol(argv[2]), (unsigned short)atoi(argv[3]));
	if (argc == 4 && !strcmp(argv[1], "tcp"))
		return load_tcp(atol(argv[2]), (unsigned short)atoi(argv[3]));
	if (argc == 4 && !strcmp(argv[1], "exec"))
		return load_exec(atol(argv[2]), argv[3]);
	return 2;
}
