/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tetragon's own programs, where its packages and its container image put them. A policy over a whole host lets them run and lets the
 * agent call bpf(): else nobody could take the policy back, nor even turn it to monitoring.
 */
#pragma once

static const char *const agents[] = {"/usr/bin/tetragon", "/usr/local/bin/tetragon"};
static const char *const agent_clients[] = {"/usr/bin/tetra", "/usr/local/bin/tetra"};
