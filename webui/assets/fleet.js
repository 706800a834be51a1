// SPDX-License-Identifier: GPL-2.0-only
// Fleet: which workloads need me?
import {h, clear, get, ago, span, millis, count, name, safe, copyButton, session, load} from '/lib.js';
import {List} from '/list.js';
import {go, state, refreshFleet} from '/app.js';

const MODES = {observe: '○ observe', monitor: '◐ monitor', enforce: '● enforce'};

const number = (key, title, help) => ({key, title, sort: key, numeric: true, help,
	render: row => row[key] ? count(row[key]) : h('span.zero', null, '0')});

const columns = [
	{key: 'workload', title: 'Workload', sort: 'workload', render: row => h('a.workload', {href: `/w/${row.id}/review`, tabindex: '-1'},
		h('span.where', null, safe([row.cluster, row.namespace, row.kind].filter(Boolean).join('/')) + '/'),
		name(row.name + (row.container ? '/' + row.container : '')),
		row.guess ? h('span.tag', {title: 'derived, not told'}, 'guess') : null)},
	{key: 'next', title: 'What comes next', sort: 'need', render: row =>
		h(`span.next.${row.lost ? 'warn' : row.undecided ? 'todo' : 'done'}`, {title: safe(row.next)},
		  h('span', {'aria-hidden': 'true'}, row.lost ? '⚠ ' : row.undecided ? '• ' : '✓ '), safe(row.next))},
	{key: 'mode', title: 'Mode', sort: 'mode', render: row => MODES[row.mode] || safe(row.mode)},
	number('undecided', 'Undecided', 'observations nobody decided'),
	number('recent', 'New', 'first seen in the last day'),
	number('exec', 'Exec', 'distinct programs started'),
	number('file', 'File', 'distinct file accesses'),
	number('connect', 'Connect', 'distinct connections'),
	number('instances', 'Instances', 'pods, containers or unit starts'),
	{key: 'observed', title: 'Observed', sort: 'observed', numeric: true, help: 'from the first event to the last',
	 render: row => span(millis(row.last_ns) - millis(row.first_ns))},
	{key: 'last', title: 'Last seen', sort: 'last', numeric: true, render: row => ago(row.last_ns)},
	{key: 'lost', title: 'Lost', sort: 'lost', numeric: true, help: 'events its recordings lost',
	 render: row => row.lost ? h('strong.warn', null, count(row.lost)) : h('span.zero', null, '0')},
];

function emptyStore() {
	const store = session.store && session.store !== 'stakeout.db' ? ` --db ${session.store}` : '';
	const row = (what, command) => [h('dt', null, what), h('dd', null, h('code', null, safe(command)), copyButton(command, 'Copy the command'))];
	return h('section.empty', null, h('h2', null, 'Nothing was recorded yet'),
		 h('p', null, 'One of these three fills the store; this page follows by itself.'),
		 h('dl.commands', null,
		   row('Record this machine', `sudo stakeout record${store} --for 10m`),
		   row('Read Tetragon\u2019s events', `kubectl logs -n kube-system ds/tetragon -c export-stdout -f | stakeout ingest${store} -`),
		   row('Try the sample fleet', `stakeout corpus --fleet 40 -o fleet && stakeout ingest${store} fleet/*.ndjson`)));
}

export async function show(main, at) {
	const filter = h('input', {type: 'search', placeholder: 'Filter workloads', 'aria-label': 'Filter workloads', value: at.query.q || ''});
	const total = h('span.muted', {'aria-live': 'polite'}, '');
	const list = new List({className: 'fleet-list', label: 'Workloads', columns, sort: at.query.sort || 'need',
		descending: at.query.descending === '1',
		fetch: async (offset, limit, signal) => {
			const page = await get('/workloads', {offset, limit, q: filter.value.trim(), sort: list.sort, descending: list.descending}, signal);
			refreshFleet(page);
			return page;
		},
		onsort: (sort, descending) => {
			Object.assign(list, {sort, descending: sort === 'need' ? false : descending});
			state({sort: sort === 'need' ? '' : sort, descending: list.descending});
			list.reload();
		},
		onload: n => { total.textContent = n === 1 ? '1 workload' : `${count(n)} workloads`; watch(); },
		onopen: row => go(`/w/${row.id}/review`),
		onfail: async e => {
			if (e.status !== 404)
				return;
			if (!session.token)
				await load();
			clear(list.note, emptyStore());
		},
		empty: () => filter.value.trim() ? h('p.empty', null, 'No workload matches this filter. ',
			h('button', {type: 'button', onclick: () => { filter.value = ''; changed(); }}, 'Show all')) : emptyStore()});

	let wait, seen, timer;
	function changed() {
		clearTimeout(wait);
		wait = setTimeout(() => { state({q: filter.value.trim()}); list.reload(); }, 80);
	}
	// A recorder may be writing: rows are read again where they stand, nothing jumps.
	function watch() {
		seen = Date.now();
		clearTimeout(timer);
		timer = setTimeout(() => !document.hidden && Date.now() - seen > 4000 ? list.reload(true) : watch(), 5000);
	}
	filter.addEventListener('input', changed);
	main.append(h('div.bar', null, filter, total,
		      h('span.spacer'), h('span.muted.wide', null, h('kbd', null, 'j'), ' ', h('kbd', null, 'k'), ' move, ',
			h('kbd', null, 'Enter'), ' opens, ', h('kbd', null, '/'), ' filters')), list.el);
	await list.reload();
	list.scroller.focus({preventScroll: true});
	return {
		stop() { clearTimeout(timer); clearTimeout(wait); list.stop(); },
		key(ev) {
			if (ev.key === 'j' || ev.key === 'k')
				list.move(list.cursor + (ev.key === 'j' ? 1 : -1));
			else
				return false;
			return true;
		},
	};
}
