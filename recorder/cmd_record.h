/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The verb; returns the exit status. */
int cmd_record(int argc, char **argv);
