// SPDX-License-Identifier: GPL-2.0-only
// Replay: what would the choice have done, event by event?
import {h, clear, safe, name, get, post, count, plural, toast, session, span, millis} from '/lib.js';
import {List} from '/list.js';
import {state, refreshWorkload} from '/app.js';
import {consequence, where, arrive} from '/consequence.js';
import {ladder} from '/choose.js';
import {strip} from '/strip.js';
import {Progress} from '/progress.js';

const SHAPES = {allow: '○', post: '○', unknown: '?', deny: '■', kill: '▲'};
const WORDS = {allow: 'allowed', post: 'reported', unknown: 'cannot be told', deny: 'denied', kill: 'killed'};
// [key, title, for: '' both, 'c' a corpus, 'd' a comparison, 'r' the recording]
const SHOWS = [['changed', 'Changed', 'd'], ['newly-blocked', 'Newly blocked', 'd'], ['newly-allowed', 'Newly allowed', 'd'],
	       ['blocked', 'Blocked', ''], ['undecided-blocked', 'Blocked, undecided', 'r'], ['denied-passing', 'Denied, yet pass', 'r'], ['all', 'All', ''], ['unknown', 'Cannot be told', ''], ['happened', 'Killed too late', ''],
	       ['attacks', 'Attacks', 'c'], ['missed', 'Attacks missed', 'c'], ['broken', 'Benign broken', 'c']];
const EFFECTS = {prevented: 'prevented', happened: 'happened all the same', unknown: 'whether it happened is not told'};
const NONE = {blocked: '✓ Nothing would be blocked.', missed: '✓ No attack was missed.', broken: '✓ Nothing benign breaks.', changed: '✓ No verdict changes.',
	      'newly-blocked': '✓ Nothing is blocked that was not blocked before.', 'newly-allowed': 'Nothing is allowed that was not allowed before.',
	      'undecided-blocked': '✓ Nothing is blocked that nobody decided.', 'denied-passing': '✓ Nothing that was denied passes.',
	      unknown: '✓ Every event can be told.', happened: '✓ Nothing is stopped too late.'};
const PHASES = ['start-up', 'steady', 'probes', 'scheduled', 'interactive'];

function verdict(row) {
	const stops = row.verdict === 'deny' || row.verdict === 'kill';
	const effect = stops ? EFFECTS[row.effect] : '';
	// Stopping is good of an attack, bad of what must work, and a question of everything else.
	const wanted = row.broken ? 'bad' : row.expect === 'deny' ? 'good' : row.expect ? 'plain' : stops || row.verdict === 'unknown' ? 'warn' : 'plain';
	const word = row.expect === 'deny' ? (row.broken ? 'attack missed' : 'attack stopped')
		: row.expect === 'allow' && row.broken ? 'benign broken' : '';
	return h(`span.verdict.${wanted}`, {title: word || undefined}, h('span', {'aria-hidden': 'true'}, SHAPES[row.verdict] + ' '), WORDS[row.verdict] || row.verdict,
		 row.before && row.before !== row.verdict ? h('span.effect', null, ` · was ${WORDS[row.before]}`) : effect ? h('span.effect', null, ' · ' + effect) : null);
}

function verdictOf(got, comparing) {
	return [h('p', null, h('b', null, count(got.blocked)), ` of ${plural(got.events, 'event')} would be blocked: `,
			`${count(got.prevented)} prevented, ${count(got.happened)} killed although it happened${got.effect_unknown ? `, of ${count(got.effect_unknown)} it is not told` : ''}; ${count(got.unknown)} cannot be told.`,
			got.attacks ? ` Attacks: ${count(got.stopped)} of ${count(got.attacks)} stopped.` : '',
			got.undecided_blocked ? ` ${plural(got.undecided_blocked, 'observation')} of these nobody decided.` : '',
			got.benign ? ` Benign: ${count(got.broken)} of ${count(got.benign)} broken.` : ''),
		got.denied_passing ? h('p', null, h('b.bad', null, `✕ ${count(got.denied_passing)} denied would still pass`), ` (${plural(got.denied_passing_events, 'event')}): the policy does not tell them from what is allowed, or does not judge them.`) : null,
		got.current_refused?.length ? h('p', null, h('b.bad', null, `✕ Not judged: ${plural(got.current_refused.length, 'deployed policy', 'deployed policies')}`), ' would not load on this target, and an agent runs without: ',
			got.current_refused.map((r, i) => [i ? '; ' : '', h('b', null, safe(r.policy)), ` (${safe(r.file)}:${r.line}): ${safe(r.message)}`])) : null,
		comparing ? h('p.compared', null, comparing === 'deployed' ? 'Against what is deployed now: ' : `Against version ${comparing}: `, h(`b.${got.newly_blocked ? 'warn' : 'good'}`, null, `${count(got.newly_blocked)} newly blocked`), ', ',
			h('b', null, `${count(got.newly_allowed)} newly allowed`), got.newly_unknown ? `, ${count(got.newly_unknown)} that can no longer be told` : '', '.') : null];
}

const option = (value, text, now) => h('option', {value, selected: String(value) === String(now)}, text);

function version(b) {
	const what = b.undoes ? `version ${b.undoes} taken back` : b.decisions ? plural(b.decisions, 'decision') : 'the mode was set';
	return `version ${b.version}: ${what}, ${span(Date.now() - millis(b.time_ns))} ago`;
}

export async function show(main, at) {
	let workload = at.workload;
	const from = at.query;
	arrive(from);
	const query = {against: from.against || 'recording', show: from.show || (from.current ? 'changed' : 'blocked'), kind: from.kind || '', phase: from.phase || '',
		       instance: from.instance || '', label: from.label || '', rule: from.rule || '', q: from.q || '', from: from.from || '', to: from.to || '', current: from.current || '',
		       ...where()};
	const isCorpus = () => query.against !== 'recording';
	const top = h('div.summary', {'aria-live': 'polite'}), chart = h('div.chart');
	const progress = new Progress(() => list.abort?.abort());
	const columns = [
		{key: 'time', title: 'Time', render: row => row.time_ns ? h('time', {title: row.time_ns}, row.time_ns.slice(11, 23)) : '–'},
		{key: 'verdict', title: 'Verdict', render: verdict},
		{key: 'words', title: 'Event', render: row => [name(row.words), row.label ? h(`span.tag.${row.expect}`, null, safe(row.label)) : null,
			row.count > 1 ? h('span.muted', null, ` ${count(row.count)}×`) : null]},
		{key: 'phase', title: 'Phase', render: row => h('span.muted', null, row.phase)},
		{key: 'why', title: 'Why', render: row => [row.broken ? h('strong.warn', null, row.expect === 'deny' ? 'this step passes: ' : 'must be allowed: ') : null,
			h('span', {title: safe(row.why)}, safe(row.why)), row.rule ? h('span.muted', {title: safe(row.rule)}, ' · ' + safe(row.rule)) : null]},
		{key: 'edit', title: 'Edit, or line', render: row => row.observation && (row.verdict === 'deny' || row.verdict === 'kill')
			? h('button', {type: 'button', disabled: session.read_only, title: 'exactly this, and nothing else; g: a general form', onclick: () => allow(row)}, 'Allow this')
			: row.observation ? h('a', {href: `/w/${at.id}/review?q=${encodeURIComponent(row.words.split(' ')[1] || '')}`}, 'review') : h('span.muted', null, `line ${count(row.line)}`)},
	];
	// All of the row under the cursor: columns are too narrow for reasons, on a phone there are none.
	const detail = h('section.detail', {tabindex: '0', 'aria-label': 'The event', 'aria-live': 'polite'});
	const list = new List({className: 'replay-list', label: 'Judged events', columns,
		oncursor: row => clear(detail, row ? [h('p', null, verdict(row), ' ', h('code.whole', null, safe(row.words)),
				row.count > 1 ? h('span.muted', null, ` ${count(row.count)}×`) : null),
			h('p', null, h('span.label', null, 'Why '), safe(row.why), row.rule ? h('span.muted', null, ' · ' + safe(row.rule)) : null)] : null),
		rowClass: row => [row.verdict, ...(row.broken ? ['broken'] : [])],
		fetch: async (offset, limit, signal) => {
			progress.begin(signal);
			try {
				const got = await get(`/workloads/${at.id}/replay`, {offset, limit, ...query, run: progress.id}, signal);
				draw(got);
				return got;
			} catch (e) {
				if (progress.cancelled) {
					clear(top);
					clear(chart);
					list.total = 0;
					list.draw();
					clear(list.note, h('p.empty', null, 'Cancelled; the server has stopped too. ', h('button', {type: 'button', onclick: () => list.reload()}, 'Replay again')));
				}
				throw e;
			} finally {
				progress.end();
			}
		},
		empty: () => h('p.empty', {class: NONE[query.show]?.startsWith('✓') ? 'empty good' : 'empty'}, filtered() ? ['Nothing matches these filters. ',
				h('button', {type: 'button', onclick: () => set({kind: '', phase: '', instance: '', label: '', rule: '', q: '', from: '', to: ''})}, 'Take them away')]
			: !judged && isCorpus() ? 'This corpus holds no event of this workload: choose another one.' : NONE[query.show] || 'No such event.')});
	const filtered = () => query.kind || query.phase || query.instance || query.label || query.rule || query.q || query.from;
	let judged = 0;
	function draw(got) {
		judged = got.events;
		clear(top, got.events ? verdictOf(got, query.current) : null,
			got.events && !(workload.allowed + workload.denied) ? h('p', null, 'Nothing is decided yet: a policy made now would allow nothing.') : null);
		clear(chart, strip(got.strip, (first, last) => set({from: first * 1e6 + '', to: last * 1e6 + ''})),
		      query.from ? h('button', {type: 'button', onclick: () => set({from: '', to: ''})}, 'Whole time') : null);
		fill(rule, 'any rule', got.rules.map(r => [r, safe(r)]), query.rule);
		if (isCorpus()) {
			fill(instance, 'any pod', got.pods.map(p => [p, safe(p)]), query.instance);
			fill(label, 'any label', got.labels.map(l => [l, safe(l)]), query.label);
		}
	}
	async function change(path, body, done) {
		try {
			workload = await post(`/workloads/${at.id}/${path}`, {version: workload.version, ...body});
			refreshWorkload(workload);
			toast(done);
		} catch (e) {
			toast(`${e.message}. ${e.whatToDo || ''}`, true);
			workload = await get(`/workloads/${at.id}`).catch(() => workload);   // gone, as was just said
		}
		await again();
	}
	async function again() {
		consequence.update();
		await list.reload(true);
	}
	const allow = row => change('decisions', {decisions: [{observation: row.observation, choice: 'allow'}]}, 'Allowed. z undoes.');
	const general = row => ladder(at.id, {id: row.observation, path: row.words}, () => workload.version, w => {
		workload = w;
		refreshWorkload(w);
		toast('Stored as a rule. z undoes.');
		again();
	});
	function set(change) {
		Object.assign(query, change);
		state({...change, show: query.show}, true);
		tabs();
		list.reload();
	}

	// ---- what is looked at ----
	const showTabs = h('div.tabs', {role: 'group', 'aria-label': 'Which events'});
	const which = h('select.narrow', {'aria-label': 'Which events', onchange: ev => set({show: ev.target.value})});
	const shown = () => SHOWS.filter(([,, only]) => !only || (only === 'c' ? isCorpus() : only === 'r' ? !isCorpus() : query.current));
	function tabs() {
		clear(showTabs, shown().map(([key, title]) => h('button.tab', {type: 'button', 'aria-pressed': String(query.show === key), onclick: () => set({show: key})}, title)));
		clear(which, shown().map(([key, title]) => option(key, title, query.show)));
		for (const [el, key] of [[kind, 'kind'], [phase, 'phase'], [instance, 'instance'], [label, 'label'], [rule, 'rule']])
			el.value = query[key];
		filter.value = query.q;
		label.hidden = !isCorpus();
		const narrowed = ['kind', 'phase', 'rule', 'instance', 'label'].filter(key => query[key]).length;
		clear(more, narrowed ? `Filters (${narrowed})` : 'Filters');
	}
	// A list of what is there; what was asked for stays, even if it is not.
	function fill(select, any, rows, now) {
		const all = now && !rows.some(([v]) => String(v) === now) ? [...rows, [now, safe(now)]] : rows;
		clear(select, option('', any, now), all.map(([v, text]) => option(v, text.slice(-50), now)));
		select.hidden = all.length < 2;
	}
	// What cannot be shown of the new subject is replaced by what can.
	function turn(change) {
		Object.assign(query, change);
		if (!shown().some(([key]) => key === query.show))
			query.show = 'blocked';
		set({...change, show: query.show});
	}
	const select = (title, key, any, values) => h('select', {'aria-label': title, onchange: ev => set({[key]: ev.target.value})},
		option('', any, query[key]), values.map(v => option(v, v, query[key])));
	const against = h('select', {'aria-label': 'Replay against', onchange: ev => {
		turn({against: ev.target.value, from: '', to: '', instance: '', label: '', rule: ''});
		if (!isCorpus())
			instances();
	}}, option('recording', 'the recording', query.against), session.corpora.map((c, i) => option(i, 'corpus ' + safe(c.split('/').pop()), query.against)));
	const compare = h('select', {'aria-label': 'Compare with', onchange: ev => turn({current: ev.target.value, show: ev.target.value ? 'changed' : query.show})});
	const kind = select('Kind', 'kind', 'any kind', ['exec', 'file', 'connect', 'bind', 'guard']), phase = select('Phase', 'phase', 'any phase', PHASES);
	const instance = h('select', {'aria-label': 'Instance', hidden: true, onchange: ev => set({instance: ev.target.value})});
	const label = h('select', {'aria-label': 'Label', hidden: true, onchange: ev => set({label: ev.target.value})});
	const rule = h('select', {'aria-label': 'Rule', hidden: true, onchange: ev => set({rule: ev.target.value})});
	const filter = h('input', {type: 'search', placeholder: 'Filter events', 'aria-label': 'Filter events', value: query.q});
	// On a narrow screen the filters but the text are shown on demand.
	const more = h('button.narrow', {type: 'button', 'aria-expanded': 'false', onclick: () => more.setAttribute('aria-expanded', String(second.classList.toggle('open')))});
	const second = h('div.bar.second', null, filter, more, kind, phase, rule, instance, label);
	let wait;
	filter.addEventListener('input', () => { clearTimeout(wait); wait = setTimeout(() => set({q: filter.value.trim()}), 200); });
	const failed = e => toast(`${e.message}. ${e.whatToDo || ''}`, true);
	function instances() {
		get(`/workloads/${at.id}/instances`, {limit: 1000}).then(page => {
			if (!isCorpus())
				fill(instance, 'any instance', page.rows.map(i => [i.id, safe(i.pod || i.key)]), query.instance);
		}).catch(failed);
	}
	get(`/workloads/${at.id}/history`).then(got => {
		const rows = got.rows.filter(b => b.version < workload.version);
		clear(compare, option('', session.current ? 'compare with …' : 'compare with an earlier choice …', query.current),
			session.current ? option('deployed', 'what is deployed now', query.current) : null, rows.map(b => option(b.version, version(b), query.current)),
			workload.version ? option(0, 'version 0: nothing decided', query.current) : null);
		compare.hidden = !workload.version && !session.current;
	}).catch(failed);
	// The line at the foot knows which corpora hold anything of this workload.
	const known = ev => ev.detail.corpora.forEach((c, i) => {
		const o = against.options[i + 1];
		if (o && !c.judged)
			o.textContent = `corpus ${safe(c.corpus.split('/').pop())}: nothing of this workload`;
	});
	document.addEventListener('consequence', known);
	tabs();
	main.append(h('div.bar', null, against, compare, showTabs, which, h('span.spacer'), progress.el), second, top, chart, list.el, detail);
	if (!isCorpus())
		instances();
	await list.reload();
	list.scroller.focus({preventScroll: true});
	return {
		stop() { clearTimeout(wait); document.removeEventListener('consequence', known); progress.end(); list.stop(); },
		key(ev) {
			const row = list.row(list.cursor);
			if (ev.key === 'j' || ev.key === 'k')
				list.move(list.cursor + (ev.key === 'j' ? 1 : -1));
			else if (ev.key === 'a' && row?.observation)
				allow(row);
			else if (ev.key === 'g' && row?.observation)
				general(row);
			else if (ev.key === 'z')
				change('undo', {}, 'Undone.');
			else if (ev.key === 'Escape')
				list.scroller.focus();
			else
				return false;
			return true;
		},
	};
}
