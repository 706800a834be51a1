/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An event as one line of Tetragon's JSON export, and what that has no field for in one last member,
 * "stakeout":{...}. schema/ndjson.h reads it back. Every string is valid UTF-8; other bytes are
 * escaped as buf_json() does.
 */
#pragma once

#include "schema/base/buf.h"
#include "schema/event.h"

#define EVENT_JSON_FORMAT 1

/*
 * Appends EV and a newline. A process without exec_id gets one made of node, start_ns and pid, unless pid is 0.
 * A file or connect event without a hook line is written as the hook that reports it: security_file_open,
 * security_path_unlink ..., security_socket_connect.
 */
void event_json(const struct event *ev, struct buf *b);
