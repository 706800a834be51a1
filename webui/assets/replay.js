// SPDX-License-Identifier: GPL-2.0-only
// Replay: what would the choice have done, event by event?
import {h, clear, safe, name, get, post, count, plural, toast, session, millis, span} from '/lib.js';
import {List} from '/list.js';
import {state, refreshWorkload} from '/app.js';
import {consequence} from '/consequence.js';

const SHAPES = {allow: '○', post: '○', unknown: '?', deny: '■', kill: '▲'};
const WORDS = {allow: 'allowed', post: 'reported', unknown: 'cannot be told', deny: 'denied', kill: 'killed'};
const SHOWS = [['blocked', 'Blocked'], ['all', 'All'], ['unknown', 'Cannot be told'], ['happened', 'Killed too late'],
	       ['attacks', 'Attacks'], ['missed', 'Attacks missed'], ['broken', 'Benign broken']];

function verdict(row) {
	const stops = row.verdict === 'deny' || row.verdict === 'kill';
	const effect = stops ? (row.effect === 'prevented' ? 'prevented' : 'happened all the same') : '';
	// Stopping is good of an attack, bad of what must work, and a question of everything else.
	const wanted = row.broken ? 'bad' : row.expect === 'deny' ? 'good' : row.expect ? 'plain' : stops || row.verdict === 'unknown' ? 'warn' : 'plain';
	const word = row.expect === 'deny' ? (row.broken ? 'attack missed' : 'attack stopped')
		: row.expect === 'allow' && row.broken ? 'benign broken' : '';
	return h(`span.verdict.${wanted}`, {title: word || undefined}, h('span', {'aria-hidden': 'true'}, SHAPES[row.verdict] + ' '), WORDS[row.verdict] || row.verdict,
		 effect ? h('span.effect', null, ' · ' + effect) : null);
}

// A strip of time in 120 buckets: height is how many, colour and hatching what became of them. Brush to zoom.
function strip(data, brushed) {
	const most = Math.max(1, ...data.buckets.map(b => b[0] + b[1] + b[2] + b[3]));
	const first = millis(data.first_ns), last = millis(data.last_ns);
	if (!data.buckets.some(b => b.some(n => n)))
		return h('p.muted', null, 'No event of this workload has a time here.');
	const NS = 'http://www.w3.org/2000/svg';
	const svg = document.createElementNS(NS, 'svg');
	svg.setAttribute('viewBox', '0 0 1200 60');
	svg.setAttribute('preserveAspectRatio', 'none');
	svg.setAttribute('role', 'img');
	svg.setAttribute('aria-label', 'events over time by verdict');
	const rect = (x, y, w, height, kind) => {
		const el = document.createElementNS(NS, 'rect');
		for (const [k, v] of Object.entries({x, y, width: w, height, class: kind}))
			el.setAttribute(k, v);
		svg.append(el);
		return el;
	};
	data.buckets.forEach((b, i) => {
		let y = 60;
		['s-allowed', 's-blocked', 's-happened', 's-unknown'].forEach((kind, k) => {
			if (!b[k])
				return;
			// A few among many must still be seen.
			const height = Math.max(k ? 6 : 2, 54 * Math.log1p(b[k]) / Math.log1p(most));
			y -= height;
			rect(i * 10 + 0.5, y, 9, height, kind);
		});
	});
	let from = null, brush = null;
	const x = ev => Math.max(0, Math.min(1200, 1200 * (ev.clientX - svg.getBoundingClientRect().left) / svg.clientWidth));
	svg.addEventListener('pointerdown', ev => { from = x(ev); brush = rect(from, 0, 1, 60, 's-brush'); svg.setPointerCapture(ev.pointerId); });
	svg.addEventListener('pointermove', ev => {
		if (from === null)
			return;
		brush.setAttribute('x', Math.min(from, x(ev)));
		brush.setAttribute('width', Math.abs(x(ev) - from));
	});
	svg.addEventListener('pointerup', ev => {
		const to = x(ev), time = v => Math.round(first + (last - first) * v / 1200);
		if (Math.abs(to - from) > 8)
			brushed(time(Math.min(from, to)), time(Math.max(from, to)));
		from = null;
	});
	return h('figure.strip', null, svg, h('figcaption', null, h('span', null, data.first_ns.slice(0, 19).replace('T', ' ')),
		h('span.legend', null, h('i.s-allowed'), 'allowed ', h('i.s-blocked'), 'prevented ', h('i.s-happened'), 'killed, but it happened ',
			h('i.s-unknown'), 'cannot be told'), h('span', null, span(last - first))));
}

export async function show(main, at) {
	let workload = at.workload;
	const query = {against: at.query.against || 'recording', show: at.query.show || 'blocked', kind: at.query.kind || '',
		       q: at.query.q || '', from: at.query.from || '', to: at.query.to || '', target: sessionStorage.target};
	const top = h('div.summary', {'aria-live': 'polite'}), chart = h('div.chart');
	const cancel = h('button', {type: 'button', hidden: true, onclick: () => list.abort?.abort()}, 'Cancel');
	const columns = [
		{key: 'time', title: 'Time', render: row => row.time_ns ? h('time', {title: row.time_ns}, row.time_ns.slice(11, 23)) : '–'},
		{key: 'verdict', title: 'Verdict', render: verdict},
		{key: 'words', title: 'Event', render: row => [name(row.words), row.label ? h(`span.tag.${row.expect}`, null, safe(row.label)) : null,
			row.count > 1 ? h('span.muted', null, ` ${count(row.count)}×`) : null]},
		{key: 'why', title: 'Why', render: row => [row.broken ? h('strong.warn', null, row.expect === 'deny' ? 'missed: ' : 'must be allowed: ') : null,
			h('span', {title: safe(row.rule)}, safe(row.why)), row.rule ? h('span.muted', null, ' · ' + safe(row.rule)) : null]},
		{key: 'edit', title: 'Smallest edit', render: row => row.observation && (row.verdict === 'deny' || row.verdict === 'kill')
			? h('button', {type: 'button', disabled: session.read_only, onclick: () => allow(row)}, 'Allow this')
			: row.observation ? h('a', {href: `/w/${at.id}/review?q=${encodeURIComponent(safe(row.words.split(' ')[1] || ''))}`}, 'review') : h('span.muted', null, `line ${count(row.line)}`)},
	];
	const list = new List({className: 'replay-list', label: 'Judged events', columns,
		rowClass: row => [row.verdict, ...(row.broken ? ['broken'] : [])],
		fetch: async (offset, limit, signal) => {
			cancel.hidden = false;
			try {
				const got = await get(`/workloads/${at.id}/replay`, {offset, limit, ...query}, signal);
				draw(got);
				return got;
			} finally {
				cancel.hidden = true;
			}
		},
		empty: () => h(`p.empty${['blocked', 'missed', 'broken'].includes(query.show) ? '.good' : ''}`, null, query.show === 'blocked' ? '✓ Nothing would be blocked.' :
			query.show === 'missed' ? '✓ No attack was missed.' : query.show === 'broken' ? '✓ Nothing benign breaks.' : query.against !== 'recording' && query.show === 'all' ? 'This corpus holds no event of this workload: choose another one.' : 'No such event.')});
	function draw(got) {
		clear(top, h('p', null, h('b', null, count(got.blocked)), ` of ${plural(got.events, 'event')} would be blocked: `,
			`${count(got.prevented)} prevented, ${count(got.happened)} killed although it happened; ${count(got.unknown)} cannot be told.`,
			workload.allowed + workload.denied ? '' : ' Nothing is decided yet: a policy made now would allow nothing.',
			got.attacks ? ` Attacks: ${count(got.stopped)} of ${count(got.attacks)} stopped.` : '',
			got.benign ? ` Benign: ${count(got.broken)} of ${count(got.benign)} broken.` : ''));
		clear(chart, strip(got.strip, (from, to) => set({from: from * 1e6 + '', to: to * 1e6 + ''})),
		      query.from ? h('button', {type: 'button', onclick: () => set({from: '', to: ''})}, 'Whole time') : null);
	}
	async function allow(row) {
		try {
			workload = await post(`/workloads/${at.id}/decisions`, {version: workload.version,
				decisions: [{observation: row.observation, choice: 'allow'}]});
			refreshWorkload(workload);
			toast('Allowed. z undoes.');
		} catch (e) {
			toast(`${e.message}. ${e.whatToDo || ''}`, true);
			workload = await get(`/workloads/${at.id}`);
		}
		consequence.update();
		await list.reload(true);
	}
	async function undo() {
		try {
			workload = await post(`/workloads/${at.id}/undo`, {version: workload.version});
			toast('Undone.');
		} catch (e) {
			toast(`${e.message}. ${e.whatToDo || ''}`, true);
		}
		consequence.update();
		await list.reload(true);
	}
	function set(change) {
		Object.assign(query, change);
		state(change, true);
		tabs();
		list.reload();
	}
	const showTabs = h('div.tabs', {role: 'group', 'aria-label': 'Which events'});
	function tabs() {
		clear(showTabs, SHOWS.filter(([key]) => query.against !== 'recording' || !['attacks', 'missed', 'broken'].includes(key))
			.map(([key, title]) => h('button.tab', {type: 'button', 'aria-pressed': String(query.show === key), onclick: () => set({show: key})}, title)));
	}
	const against = h('select', {'aria-label': 'Replay against', onchange: ev => set({against: ev.target.value,
			show: ev.target.value === 'recording' && ['attacks', 'missed', 'broken'].includes(query.show) ? 'blocked' : query.show, from: '', to: ''})},
		h('option', {value: 'recording', selected: query.against === 'recording'}, 'the recording'),
		session.corpora.map((c, i) => h('option', {value: String(i), selected: query.against === String(i)}, 'corpus ' + safe(c.split('/').pop()))));
	const kind = h('select', {'aria-label': 'Kind', onchange: ev => set({kind: ev.target.value})},
		['', 'exec', 'file', 'connect', 'guard'].map(k => h('option', {value: k, selected: k === query.kind}, k || 'any kind')));
	const filter = h('input', {type: 'search', placeholder: 'Filter events', 'aria-label': 'Filter events', value: query.q});
	let wait;
	filter.addEventListener('input', () => { clearTimeout(wait); wait = setTimeout(() => set({q: filter.value.trim()}), 200); });
	tabs();
	main.append(h('div.bar', null, against, showTabs, kind, filter, cancel), top, chart, list.el);
	await list.reload();
	list.scroller.focus({preventScroll: true});
	return {
		stop() { clearTimeout(wait); list.stop(); },
		key(ev) {
			if (ev.key === 'j' || ev.key === 'k')
				list.move(list.cursor + (ev.key === 'j' ? 1 : -1));
			else if (ev.key === 'a' && list.row(list.cursor)?.observation)
				allow(list.row(list.cursor));
			else if (ev.key === 'z')
				undo();
			else
				return false;
			return true;
		},
	};
}
