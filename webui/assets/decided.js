// SPDX-License-Identifier: GPL-2.0-only
// What was decided so far: the rules that stand, each taken back with one click, and the history.
import {h, get, post, safe, dialog, failure, ago, plural, clear, session} from '/lib.js';

const table = (caption, heads, rows) => h('table', null, h('caption', null, caption),
	h('thead', null, h('tr', null, heads.map(t => h('th', {scope: 'col'}, t)))), h('tbody', null, rows));

function told(b) {
	if (b.undoes)
		return `took back version ${b.undoes}`;
	return (b.decisions ? plural(b.decisions, 'decision') : 'the mode') + (b.undone ? ', taken back since' : '');
}

export async function decided(id, version, changed) {
	const body = h('div', null, h('p.muted', null, 'Reading'));
	const box = dialog('Decided so far', body);
	async function takeBack(rule) {
		try {
			const w = await post(`/workloads/${id}/decisions`, {version: version(), decisions: [{rule: rule.id, choice: 'undecided'}]});
			box.close();
			changed(w, `Taken back: ${safe(rule.rule).slice(-60)}. z undoes.`);
		} catch (e) {
			clear(body, failure(e));
		}
	}
	try {
		const [rules, history] = await Promise.all([get(`/workloads/${id}/rules`), get(`/workloads/${id}/history`)]);
		clear(body, rules.rows.length ? table('Rules: each decides all that it covers, also what is seen later', ['Choice', 'Rule', 'Since', ''],
				rules.rows.map(r => h('tr', null, h('td', null, h(`span.tag.${r.choice}`, null, r.choice)), h('td', null, r.kind, ' ', h('code.whole', null, safe(r.rule))),
					h('td', null, ago(r.time_ns)), h('td', null, h('button', {type: 'button', disabled: session.read_only, onclick: () => takeBack(r)}, 'Take back')))))
				: h('p.muted', null, 'No rule stands. g on a row proposes general forms.'),
			history.rows.length ? table('History, newest first', ['Version', 'What', 'When'], history.rows.map(b => h('tr', null,
				h('td.num', null, b.version), h('td', null, told(b)), h('td', null, ago(b.time_ns))))) : h('p.muted', null, 'Nothing was decided yet.'));
	} catch (e) {
		clear(body, failure(e));
	}
}
