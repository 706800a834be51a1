#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What an allowlist means and what the judge of its image says are the same: random allowlists, random acts, no kernel.
set -eu
"$(dirname "$STAKEOUT")/tests/prove/prove" --seed "${SEED:-$(date +%s)}" --rounds "${ROUNDS:-400}" --for "${SECONDS_MAX:-10}s"
