-- SPDX-License-Identifier: GPL-2.0-only
-- The store, format 1. Names and paths are BLOBs: any byte, kept exactly. Times are ns since 1970.
-- Rows are recognised by what they say (UNIQUE), never by their id, so that stores can be merged.

CREATE TABLE meta(
	key TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE recording(
	id INTEGER PRIMARY KEY,
	uid BLOB NOT NULL UNIQUE,
	source BLOB NOT NULL, origin BLOB NOT NULL, node BLOB NOT NULL,
	kernel BLOB NOT NULL, boot_id BLOB NOT NULL, hooks BLOB NOT NULL, misses BLOB NOT NULL,
	start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL,	-- end 0: running, or killed
	events INTEGER NOT NULL
) STRICT;

CREATE TABLE loss(
	recording INTEGER NOT NULL REFERENCES recording,
	kind TEXT NOT NULL, reason TEXT NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY(recording, kind, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE workload(
	id INTEGER PRIMARY KEY,
	cluster BLOB NOT NULL, namespace BLOB NOT NULL, kind BLOB NOT NULL, name BLOB NOT NULL,
	container BLOB NOT NULL,
	guess INTEGER NOT NULL,
	mode INTEGER NOT NULL DEFAULT 0,
	version INTEGER NOT NULL DEFAULT 0,		-- grows with each batch of decisions
	instances INTEGER NOT NULL DEFAULT 0,
	UNIQUE(namespace, kind, name, container, cluster)
) STRICT;

CREATE TABLE instance(
	id INTEGER PRIMARY KEY,
	workload INTEGER NOT NULL REFERENCES workload,
	key BLOB NOT NULL,
	pod BLOB NOT NULL, node BLOB NOT NULL, container_id BLOB NOT NULL,
	image BLOB NOT NULL, image_id BLOB NOT NULL, labels BLOB NOT NULL,
	start_ns INTEGER NOT NULL,
	UNIQUE(workload, key)
) STRICT;

CREATE TABLE observation(
	id INTEGER PRIMARY KEY,
	workload INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	choice INTEGER NOT NULL DEFAULT 0,		-- 0 undecided, 1 allow, 2 deny
	tags INTEGER NOT NULL,
	instances INTEGER NOT NULL,
	count INTEGER NOT NULL,				-- these totals sum up the sightings
	first_ns INTEGER NOT NULL,
	last_ns INTEGER NOT NULL,
	rule INTEGER NOT NULL DEFAULT 0,		-- the rule that decided it; 0: itself
	choice_version INTEGER NOT NULL DEFAULT 0,
	choice_ns INTEGER NOT NULL DEFAULT 0,
	subject_known INTEGER NOT NULL, path_known INTEGER NOT NULL,
	access INTEGER NOT NULL, protocol INTEGER NOT NULL,
	family INTEGER NOT NULL, address BLOB NOT NULL, port INTEGER NOT NULL,
	path BLOB NOT NULL, subject BLOB NOT NULL, filename BLOB NOT NULL,
	unix_path BLOB NOT NULL, guard BLOB NOT NULL,
	example BLOB NOT NULL
) STRICT;
CREATE INDEX observation_first ON observation(workload, first_ns);

-- What makes an observation itself (observation_key() in C), in the order of listings.
CREATE TABLE observation_key(
	workload INTEGER NOT NULL,
	key BLOB NOT NULL,
	observation INTEGER NOT NULL,
	PRIMARY KEY(workload, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE sighting(
	observation INTEGER NOT NULL, instance INTEGER NOT NULL, recording INTEGER NOT NULL,
	count INTEGER NOT NULL, first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL,
	PRIMARY KEY(observation, instance, recording)
) STRICT, WITHOUT ROWID;

-- Totals per workload and kind, so that the fleet is listed without reading observations.
CREATE TABLE tally(
	workload INTEGER NOT NULL REFERENCES workload,
	kind INTEGER NOT NULL,
	observations INTEGER NOT NULL, events INTEGER NOT NULL,
	allowed INTEGER NOT NULL, denied INTEGER NOT NULL,
	first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL,
	PRIMARY KEY(workload, kind)
) STRICT, WITHOUT ROWID;

-- Which recordings a workload came from.
CREATE TABLE presence(
	workload INTEGER NOT NULL REFERENCES workload,
	recording INTEGER NOT NULL REFERENCES recording,
	PRIMARY KEY(workload, recording)
) STRICT, WITHOUT ROWID;
CREATE INDEX presence_recording ON presence(recording, workload);

CREATE TABLE rule(
	id INTEGER PRIMARY KEY,
	workload INTEGER NOT NULL REFERENCES workload,
	kind INTEGER NOT NULL,
	path BLOB NOT NULL, access INTEGER NOT NULL,
	family INTEGER NOT NULL, address BLOB NOT NULL, prefix INTEGER NOT NULL,
	port_first INTEGER NOT NULL, port_last INTEGER NOT NULL, protocol INTEGER NOT NULL,
	by BLOB NOT NULL,
	choice INTEGER NOT NULL, version INTEGER NOT NULL, time_ns INTEGER NOT NULL,
	UNIQUE(workload, kind, path, access, family, address, prefix, port_first, port_last, protocol, by)
) STRICT;

-- History: one batch per version of a workload, and what it changed.
CREATE TABLE batch(
	workload INTEGER NOT NULL REFERENCES workload,
	version INTEGER NOT NULL,
	time_ns INTEGER NOT NULL,
	undoes INTEGER NOT NULL,			-- the version it took back, or 0
	undone INTEGER NOT NULL DEFAULT 0,
	mode_before INTEGER NOT NULL,			-- of the workload; -1: left alone
	PRIMARY KEY(workload, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE change(
	id INTEGER PRIMARY KEY,
	workload INTEGER NOT NULL, version INTEGER NOT NULL,
	observation INTEGER NOT NULL,			-- 0: a rule
	rule INTEGER NOT NULL,				-- 0: an observation
	before INTEGER NOT NULL, after INTEGER NOT NULL,
	FOREIGN KEY(workload, version) REFERENCES batch
) STRICT;
CREATE INDEX change_batch ON change(workload, version);

-- Which lines of logs were taken in: runs of 8-byte line digests, found by the first one.
CREATE TABLE stream(
	first INTEGER PRIMARY KEY,
	time_ns INTEGER NOT NULL,
	lines BLOB NOT NULL
) STRICT;
