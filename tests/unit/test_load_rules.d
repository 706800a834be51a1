tests/unit/test_load_rules: tests/unit/test_load_rules.c \
 schema/policy_load.h schema/policy.h schema/base/arena.h \
 schema/base/base.h schema/base/buf.h schema/base/diag.h \
 schema/allowlist.h schema/event.h schema/kinds.def schema/access.def \
 schema/verdicts.def schema/tags.def schema/workload.h schema/finding.h \
 schema/operators.def schema/actions.def schema/types.def schema/target.h
schema/policy_load.h:
schema/policy.h:
schema/base/arena.h:
schema/base/base.h:
schema/base/buf.h:
schema/base/diag.h:
schema/allowlist.h:
schema/event.h:
schema/kinds.def:
schema/access.def:
schema/verdicts.def:
schema/tags.def:
schema/workload.h:
schema/finding.h:
schema/operators.def:
schema/actions.def:
schema/types.def:
schema/target.h:
