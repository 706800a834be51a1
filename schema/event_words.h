/* SPDX-License-Identifier: GPL-2.0-only */
/* An event as one short line for people: "exec /usr/bin/dash by /usr/sbin/nginx", "write /etc/shadow by ...". */
#pragma once

#include "schema/base/buf.h"
#include "schema/event.h"

/* Appends the raw bytes of names: pass the result through buf_text() or buf_json() when showing it. */
void event_words(const struct event *ev, struct buf *b);

/* Appends 10.0.0.1:443, [fd00::1]:443 or the unix path. */
void address_words(const struct address *a, struct buf *b);

/* The acting image as best known: the resolved path, else as typed, else "memory" or "?". */
void image_words(const struct process *p, struct buf *b);

/* Appends "write+create". */
void access_words(uint32_t access, struct buf *b);
