// SPDX-License-Identifier: GPL-2.0-only
// Choosing more than one thing: the ladder of general forms, and many at once with a preview.
import {h, clear, safe, get, post, dialog, failure, count, plural, object, session} from '/lib.js';

function surplus(p) {
	const parts = [`covers ${plural(p.covers, 'observation')} here`];
	if (p.surplus)
		parts.push(`${count(p.surplus)} of them not yet allowed`);
	if (p.denied)
		parts.push(`${count(p.denied)} of them denied`);
	if (p.elsewhere)
		parts.push(`admits ${count(p.elsewhere)} more seen in other workloads`);
	return parts.join(', ');
}

export async function ladder(id, row, version, stored) {
	const body = h('div', null, h('p.muted', null, 'Working out the ladder'));
	const box = dialog('A general form', h('p.whole', null, safe(object(row))),
			   h('p.muted', null, 'From exact to wide. The surplus is what else a form admits among everything recorded.'), body);
	try {
		const got = await get(`/workloads/${id}/observations/${row.id}/proposals`);
		clear(body, h('ol.ladder', null, got.rows.map((p, step) => h('li', null,
			h('button', {type: 'button', disabled: session.read_only, onclick: async () => {
				try {
					const w = await post(`/workloads/${id}/decisions`,
						{version: version(), decisions: [{observation: row.id, step, choice: 'allow'}]});
					box.close();
					stored(w);
				} catch (e) {
					clear(body, failure(e));
				}
			}}, 'Allow'),
			h('div', null, h('code.whole', null, safe(p.rule)), h(p.surplus || p.denied || p.elsewhere ? 'p.warn' : 'p.good', null, surplus(p)),
			  p.examples?.length ? h('p.muted.whole', null, 'for example ', p.examples.map(safe).join(', ')) : null)))));
		body.querySelector('button')?.focus();
	} catch (e) {
		clear(body, failure(e));
	}
}

const SETS = [
	['every-instance', 'allow', 'Allow what every instance did'],
	['undecided', 'allow', 'Allow all that is undecided'],
	['interactive', 'deny', 'Deny what interactive sessions did'],
	['undecided', 'deny', 'Deny all that is undecided'],
];

export function bulk(id, query, version, stored, first) {
	const preview = h('div.preview', {'aria-live': 'polite'}, h('p.muted', null, 'Choose one to see what it would do.'));
	const scope = [query.kind && `kind ${query.kind}`, query.q && `filter “${query.q}”`].filter(Boolean).join(', ');
	const box = dialog('Many at once', h('p.muted', null, scope ? `Only within the list as it is: ${scope}.` : 'Over all observations of this workload.',
		' Decisions already made stay.'),
		h('div.sets', null, SETS.map(([which, choice, title]) => h('button', {type: 'button', onclick: () => look(which, choice, title)}, title))), preview);
	if (first)
		look(...SETS[0]);
	async function look(which, choice, title) {
		const body = {version: version(), which, choice, kind: query.kind, q: query.q};
		try {
			const p = await post(`/workloads/${id}/bulk`, {...body, preview: true});
			clear(preview, h('h3', null, title),
				h('p', null, h('b', null, plural(p.observations, 'observation')), ` (${['exec', 'file', 'connect', 'bind', 'guard'].filter(k => p[k]).map(k => `${count(p[k])} ${k}`).join(', ') || 'none'}) standing for ${plural(p.events, 'event')}.`),
				p.examples.length ? h('p.muted.whole', null, 'for example ', p.examples.map(safe).join(', ')) : null,
				p.left_out.map(l => h('p.warn', null, `${count(l.observations)} left for you to decide: ${safe(l.summary.replace(/ \(--.*\)/, ''))}.`)),
				h('p', null, h('button.primary', {type: 'button', disabled: !p.observations || session.read_only, onclick: async () => {
					try {
						const w = await post(`/workloads/${id}/bulk`, {...body, version: p.version});
						box.close();
						stored(w);
					} catch (e) {
						clear(preview, failure(e));
					}
				}}, `${choice === 'allow' ? 'Allow' : 'Deny'} ${count(p.observations)}`), h('span.muted', null, ' one undo takes all of it back')));
		} catch (e) {
			clear(preview, failure(e));
		}
	}
}
