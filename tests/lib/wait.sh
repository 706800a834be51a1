# SPDX-License-Identifier: GPL-2.0-only
# For tests that wait for something: a machine under load takes its time.

# eventually COMMAND...: again and again until it is true, a minute at most.
eventually() {
	for _ in $(seq 600); do
		"$@" && return 0
		sleep 0.1
	done
	return 1
}

# There are at least so many lines in this file.
has_lines() { [ "$(wc -l <"$2")" -ge "$1" ]; }

gone() { ! kill -0 "$1" 2>/dev/null; }
