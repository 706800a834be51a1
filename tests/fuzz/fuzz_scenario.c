/* SPDX-License-Identifier: GPL-2.0-only */
/* Scenario documents: reading, and playing what was read. */
#include "compiler/scenario/scenario.h"

enum { EVENTS = 2000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(scenario_free) struct scenario *s = NULL;
	CLEANUP(source_close) struct source *source = NULL;
	struct scenario_options o = {.max_events = EVENTS, .repeat = 2};
	if (!scenario_parse("fuzz.yaml", (struct str){(const char *)data, size}, &d, &s) &&
	    !scenario_open(s, &o, &d, &source))
		for (struct event ev; source_next(source, &ev) > 0;)
			;
	return 0;
}
