// SPDX-License-Identifier: GPL-2.0-only
// The recordings a workload came from, with what they lost and what they cannot see.
import {h, get, count, safe, dialog, failure, ago} from '/lib.js';

export async function sources(id) {
	try {
		const got = await get(`/workloads/${id}/sources`);
		dialog('Recordings and losses',
			got.losses.length ? h('table', null, h('caption', null, 'Lost'), h('thead', null, h('tr', null,
				['Kind', 'Reason', 'Events'].map(t => h('th', {scope: 'col'}, t)))),
				h('tbody', null, got.losses.map(l => h('tr', null, h('td', null, safe(l.kind)), h('td', null, safe(l.reason)),
					h('td.num', null, count(l.count)))))) : h('p', null, 'Nothing was lost.'),
			h('table', null, h('caption', null, 'Recordings'), h('thead', null, h('tr', null,
				['Source', 'From', 'Node', 'Started', 'Events', 'Complete'].map(t => h('th', {scope: 'col'}, t)))),
				h('tbody', null, got.recordings.map(r => h('tr', null, h('td', null, safe(r.source)), h('td', null, safe(r.origin)),
					h('td', null, safe(r.node)), h('td', null, ago(r.start_ns)), h('td.num', null, count(r.events)),
					h('td', null, r.complete ? 'yes' : r.end_ns ? 'no' : 'still running or cut off'))))),
			got.recordings.filter(r => r.misses).slice(0, 3).map(r => h('p.muted', null, `${safe(r.origin || r.source)} cannot see: ${safe(r.misses)}`)));
	} catch (e) {
		dialog('Recordings and losses', failure(e));
	}
}
