// SPDX-License-Identifier: GPL-2.0-only
// Review: what does it do, and which of that is normal? Tree, observations, evidence.
import {h, clear, safe, name, get, post, count, plural, ago, span, millis, toast, object, failure, copyButton, session} from '/lib.js';
import {List} from '/list.js';
import {state, refreshWorkload} from '/app.js';
import {consequence} from '/consequence.js';
import {ladder, bulk} from '/choose.js';
import {decided} from '/decided.js';
import {tree} from '/tree.js';

export const MARK = {allow: '✓', deny: '✕', undecided: '·'};
const KINDS = [['', 'All'], ['exec', 'Exec'], ['file', 'File'], ['connect', 'Connect'], ['bind', 'Bind'], ['guard', 'Guard']];

// What the path alone tells; shown, never a decision.
const KNOWN = [
	['shell', /\/(ba|da|z|k|fi|a)?sh$/], ['interpreter', /\/(python[\d.]*|perl[\d.]*|ruby[\d.]*|node|lua[\d.]*|php[\d.]*)$/],
	['package manager', /\/(apt|apt-get|dpkg|apk|yum|dnf|rpm|pip3?|npm|gem)$/], ['downloader', /\/(curl|wget|ftp|scp|nc|ncat|socat)$/],
];

export function tags(o) {
	const list = (o.tags || []).filter(t => t !== 'init-tree' && t !== 'redacted');
	if (o.count === 1)
		list.unshift('seen once');
	if (o.kind === 'exec')
		list.push(...KNOWN.filter(([, re]) => re.test(o.path || o.filename || '')).map(([tag]) => tag));
	return list;
}

export function choiceMark(choice) {
	return h(`span.choice.${choice}`, {title: choice}, h('span', {'aria-hidden': 'true'}, MARK[choice]),
		 h('span.sr', null, choice));
}

function what(o) {
	const typed = o.kind === 'exec' && o.filename && o.filename !== o.path ? o.filename : '';
	return [name(o.path_known === false && !['connect', 'bind', 'guard'].includes(o.kind) ? object(o) + ' (as typed)' : object(o)),
		o.protocol ? h('span.muted', null, o.protocol) : null,
		o.access?.length ? h('span.muted.access', null, o.access.join(' ')) : null,
		typed && o.path ? h('span.typed', {title: 'as typed: ' + safe(typed)}, safe(typed)) : null];
}

export async function show(main, at) {
	let workload = at.workload;
	const query = {kind: at.query.kind || '', q: at.query.q || '', choice: at.query.choice || '', tag: at.query.tag || '', instance: at.query.instance || '',
		       sort: at.query.sort || 'path', descending: at.query.descending === '1'};
	const start = millis(workload.first_ns), end = Math.max(start + 1, millis(workload.last_ns));
	const selected = new Map();
	let anchor = -1, starts = [], queue = Promise.resolve();

	const timeBar = row => {
		const bar = h('span.when', {title: `${row.first_ns} to ${row.last_ns}`});
		for (const t of starts) {
			const tick = h('i.start');
			tick.style.left = 100 * (t - start) / (end - start) + '%';
			bar.append(tick);
		}
		const left = 100 * (millis(row.first_ns) - start) / (end - start);
		const fill = h('i.fill');
		fill.style.left = left + '%';
		fill.style.width = Math.max(2, 100 * (millis(row.last_ns) - start) / (end - start) - left) + '%';
		bar.append(fill);
		return bar;
	};
	const columns = [
		{key: 'choice', title: 'Choice', sort: 'choice', render: row => choiceMark(row.choice)},
		{key: 'what', title: 'What', sort: 'path', render: what},
		{key: 'by', title: 'By whom', sort: 'subject', render: row => name(row.subject || '–')},
		{key: 'tags', title: 'Signs', render: row => tags(row).map(t => h('span.tag', null, safe(t)))},
		{key: 'count', title: 'Count', sort: 'count', numeric: true, render: row => count(row.count)},
		{key: 'instances', title: 'In', sort: 'instances', numeric: true, help: 'seen in how many instances',
		 render: row => h('span', {title: `seen in ${row.instances} of ${workload.instances} instances`},
			`${count(row.instances)}/${count(workload.instances)}`)},
		{key: 'time', title: 'When', sort: 'last', render: timeBar},
	];
	const list = new List({className: 'review-list', label: 'Observations', columns, sort: query.sort, descending: query.descending,
		selectable: true, selected: row => selected.has(row.id),
		rowClass: row => [row.choice, ...(selected.has(row.id) ? ['selected'] : [])],
		fetch: (offset, limit, signal) => get(`/workloads/${at.id}/observations`, {offset, limit, ...query}, signal),
		onsort: (sort, descending) => {
			Object.assign(query, {sort, descending});
			Object.assign(list, {sort, descending});
			state({sort: sort === 'path' ? '' : sort, descending});
			list.reload();
		},
		onload: n => { total.textContent = plural(n, 'observation'); },
		oncursor: row => evidence(row), onopen: () => side.focus(),
		onrange: (from, to) => range(from, to),
		empty: () => h('p.empty', null, query.q || query.kind || query.choice || query.tag || query.instance
			? ['Nothing matches. ', h('button', {type: 'button', onclick: () => set({kind: '', q: '', choice: '', tag: '', instance: ''})}, 'Show everything')]
			: 'Nothing was observed of this workload yet.')});

	// ---- evidence ----
	const side = h('section.side', {'aria-label': 'Evidence', tabindex: '-1'});
	let evidenceTurn = 0;
	async function evidence(row) {
		const turn = ++evidenceTurn;
		if (!row) {
			clear(side, h('p.empty.muted', null, 'Choose a row to see its evidence.'));
			return;
		}
		const fact = (title, ...value) => [h('dt', null, title), h('dd', null, value)];
		const seen = h('dd', null, h('span.muted', null, '…'));
		clear(side, h('h2', null, h('span.kind', null, row.kind), ' ', choiceMark(row.choice), ' ', row.choice),
		      h('p.whole', null, safe(object(row)), ' ', copyButton(object(row), 'Copy the name')),
		      h('p.buttons', null, ['allow', 'deny', 'undecided'].map((c, i) => h(`button.${c}`, {type: 'button',
				disabled: session.read_only, onclick: () => decide(c)}, h('kbd', null, 'adu'[i]), ' ', c)),
			h('button', {type: 'button', onclick: () => general()}, h('kbd', null, 'g'), ' general form')),
		      h('dl.facts', null,
			row.filename && row.filename !== row.path ? fact('As typed', h('span.whole', null, safe(row.filename))) : null,
			row.path_known === false && row.kind !== 'connect' ? fact('Resolved path', 'not known to this source: a rule needs it') : null,
			fact('By', h('span.whole', null, safe(row.subject || 'not told')), row.subject_known ? '' : h('span.muted', null, ' (as typed)')),
			row.example ? fact('For example', h('code.whole', null, safe(row.example))) : null,
			fact('Count', `${count(row.count)}, in ${row.instances} of ${plural(workload.instances, 'instance')}`),
			fact('First', ago(row.first_ns)), fact('Last', ago(row.last_ns)),
			tags(row).length ? fact('Signs', tags(row).map(t => h('span.tag', null, t))) : null,
			row.choice !== 'undecided' ? fact('Chosen', row.rule ? 'by a rule' : 'by itself') : null,
			h('dt', null, 'Seen in'), seen));
		try {
			await new Promise(done => setTimeout(done, 60));
			if (turn !== evidenceTurn)
				return;
			const got = await get(`/workloads/${at.id}/observations/${row.id}`);
			if (turn === evidenceTurn)
				clear(seen, got.sightings.slice(0, 6).map(s => h('div', null,
					name(instances.get(s.instance) || `instance ${s.instance}`), h('span.muted', null, ` ${count(s.count)}×`))),
				      got.sightings_total > 6 ? h('span.muted', null, `and ${count(got.sightings_total - 6)} more`) : null);
		} catch (e) {
			clear(seen, safe(e.message));
		}
	}
	const instances = new Map();

	// ---- choosing ----
	function version(w) {
		workload = w;
		refreshWorkload(w);
		summary();
	}
	// REFUSED: what to take back on the page when it was not stored.
	function write(path, body, done, refused) {
		if (session.read_only) {
			toast('This store is read-only here: nothing was stored.', true);
			return queue;
		}
		queue = queue.then(async () => {
			try {
				version(await post(`/workloads/${at.id}/${path}`, {version: workload.version, ...body}));
				toast(done);
			} catch (e) {
				refused?.();
				list.draw();
				toast(`${e.message}. ${e.whatToDo || ''}`, true);
				const now = await get(`/workloads/${at.id}`).catch(() => null);   // gone, as was just said
				if (!now)
					return;
				version(now);
				await list.reload(true);
			}
			consequence.update();
		});
		return queue;
	}
	function decide(choice) {
		const rows = selected.size ? [...selected.values()] : [list.row(list.cursor)].filter(Boolean);
		if (!rows.length)
			return;
		const before = rows.map(row => row.choice);
		if (!session.read_only)
			for (const row of rows)
				row.choice = choice;
		const many = selected.size;
		selected.clear();
		anchor = -1;
		write('decisions', {decisions: rows.map(row => ({observation: row.id, choice}))},
		      `${choice === 'undecided' ? 'Undecided again' : choice === 'allow' ? 'Allowed' : 'Denied'}: ` +
		      `${rows.length === 1 ? safe(object(rows[0])).slice(-60) : rows.length + ' observations'}. z undoes.`,
		      () => rows.forEach((row, i) => { row.choice = before[i]; }));
		list.move(list.cursor + (many ? 0 : 1));
	}
	// A link from the foot must not open it again on reload.
	state({panel: ''});
	async function undo() {
		await write('undo', {}, 'Undone.');
		await list.reload(true);
	}
	async function reread(w, text) {
		version(w);
		toast(text);
		consequence.update();
		await list.reload(true);
	}
	function general() {
		const row = list.row(list.cursor);
		if (row)
			ladder(at.id, row, () => workload.version, w => reread(w, 'Stored as a rule. z undoes.'));
	}
	function range(from, to) {
		if (anchor < 0)
			anchor = from;
		for (let i = Math.min(anchor, to); i <= Math.max(anchor, to); i++) {
			const row = list.row(i);
			if (row)
				selected.set(row.id, row);
		}
		list.draw();
	}

	// ---- the frame of the screen ----
	const filter = h('input', {type: 'search', placeholder: 'Filter paths, addresses, callers', 'aria-label': 'Filter observations', value: query.q});
	let wait;
	filter.addEventListener('input', () => {
		clearTimeout(wait);
		wait = setTimeout(() => set({q: filter.value.trim()}), 120);
	});
	function set(change) {
		Object.assign(query, change);
		if (change.q === '')
			filter.value = '';
		state(change);
		drawTabs();
		selected.clear();
		list.reload();
	}
	const tabs = h('div.tabs', {role: 'group', 'aria-label': 'Kind'});
	const choices = h('select', {'aria-label': 'Choice', onchange: ev => set({choice: ev.target.value})},
		['', 'undecided', 'allow', 'deny'].map(c => h('option', {value: c, selected: c === query.choice}, c || 'any choice')));
	const tagFilter = h('select', {'aria-label': 'Sign', onchange: ev => set({tag: ev.target.value})},
		h('option', {value: ''}, 'any sign'),
		session.tags.map(t => h('option', {value: t.name, selected: t.name === query.tag, title: t.summary}, t.name)));
	const instanceFilter = h('select', {'aria-label': 'Instance', hidden: workload.instances < 2, onchange: ev => set({instance: ev.target.value})},
		h('option', {value: ''}, 'any instance'));
	const total = h('span.muted', {'aria-live': 'polite'}, '');
	const progress = h('span.progress');
	function drawTabs() {
		clear(tabs, KINDS.map(([kind, title]) => h('button.tab', {type: 'button', 'aria-pressed': String(query.kind === kind),
			onclick: () => set({kind})}, title, ' ', h('span.muted', null, count(kind ? workload[kind] : workload.observations)))));
		choices.value = query.choice;
		tagFilter.value = query.tag;
		instanceFilter.value = query.instance;
	}
	function summary() {
		const decided = workload.allowed + workload.denied;
		const bar = h('progress', {max: Math.max(1, workload.observations), value: decided, 'aria-label': 'decided'});
		clear(progress, bar, h('span', null, `${count(workload.undecided)} undecided`));
		drawTabs();
	}
	const treeBox = h('details.tree', {open: matchMedia('(min-width: 1100px)').matches}, h('summary', null, 'Processes'));
	main.append(treeBox,
		h('div.middle', null, h('div.bar', null, tabs, filter, choices, tagFilter, instanceFilter, total, h('span.spacer'), progress,
			h('button', {type: 'button', onclick: () => many()}, h('kbd', null, 'b'), ' Many at once'),
			h('button', {type: 'button', onclick: () => decisions()}, h('kbd', null, 'h'), ' Decided so far')), list.el), side);
	const decisions = () => decided(at.id, () => workload.version, reread);
	const many = first => bulk(at.id, query, () => workload.version, w => reread(w, 'Stored. z undoes all of it.'), first);
	summary();
	tree(at.id, treeBox, path => { filter.value = path; set({q: path}); });
	if (at.query.panel === 'bulk')
		many(true);
	if (at.query.panel === 'history')
		decisions();
	if (at.query.panel === 'sources')
		import('/sources.js').then(m => m.sources(at.id));
	const loading = list.reload();
	get(`/workloads/${at.id}/instances`, {limit: 1000}).then(page => {
		for (const i of page.rows)
			instances.set(i.id, i.pod || i.key);
		instanceFilter.append(...page.rows.map(i => h('option', {value: i.id, selected: String(i.id) === query.instance}, safe(i.pod || i.key).slice(-40))));
		starts = page.rows.map(i => millis(i.start_ns)).filter(t => t >= start && t <= end).slice(0, 24);
		list.draw();
	}).catch(e => toast(e.message, true));
	await loading;
	list.scroller.focus({preventScroll: true});

	// A recorder may be writing: say so, and let the person choose when the rows change.
	const watch = setInterval(async () => {
		if (document.hidden)
			return;
		const now = await get(`/workloads/${at.id}`).catch(() => null);
		if (!now || now.observations === workload.observations)
			return;
		clear(fresh, h('button', {type: 'button', onclick: async () => { clear(fresh); version(now); await list.reload(true); }},
			`${plural(now.observations - workload.observations, 'new observation')}: show`));
	}, 5000);
	const fresh = h('span.fresh', {role: 'status'});
	list.el.append(fresh);

	return {
		stop() { clearInterval(watch); clearTimeout(wait); list.stop(); },
		key(ev) {
			const move = {j: 1, J: 1, k: -1, K: -1}[ev.key];
			if (move) {
				const from = list.cursor;
				list.move(from + move);
				if (ev.shiftKey)
					range(from, list.cursor);
				return true;
			}
			const kinds = KINDS.map(([k]) => k), at_ = kinds.indexOf(query.kind);
			const actions = {
				a: () => decide('allow'), d: () => decide('deny'), u: () => decide('undecided'), z: undo, g: general, b: () => many(), h: decisions,
				e: () => { side.scrollIntoView({block: 'nearest'}); side.focus(); },
				x: () => {
					const row = list.row(list.cursor);
					if (row && !selected.delete(row.id))
						selected.set(row.id, row);
					anchor = list.cursor;
					list.draw();
				},
				']': () => set({kind: kinds[(at_ + 1) % kinds.length]}),
				'[': () => set({kind: kinds[(at_ + kinds.length - 1) % kinds.length]}),
				Escape: () => { selected.clear(); anchor = -1; list.draw(); list.scroller.focus(); },
			};
			actions[ev.key]?.();
			return ev.key in actions;
		},
	};
}
