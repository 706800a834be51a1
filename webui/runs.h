/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Replays that are under way: how far each has come, and whether anybody still waits for it. A page that is closed, or
 * a browser that gives its request up, closes the connection; the work ends with it.
 */
#pragma once

#include "webui/web.h"

struct run {
	struct run *next;
	const struct request *request;
	struct web *web;
	uint64_t id;             /* as the client calls it; 0 = it does not ask */
	uint64_t done, total;    /* with the lock of struct web held */
	void *arg;               /* for the one who runs it */
};

void run_begin(struct run *r, struct web *w, const struct request *q, uint64_t id);
void run_end(struct run *r);
#define CLEANUP_RUN __attribute__((cleanup(run_end)))

/* A proof_wish.go_on whose ARG is a struct run. */
bool run_go_on(void *run, uint64_t done, uint64_t total);

/* The answer to a request that nobody waits for. */
void run_given_up(struct response *r);
