// SPDX-License-Identifier: GPL-2.0-only
// The frame: the address says which screen is shown and in which state; screens are modules with
// show(main, place) that may return {stop(), key(event)}.
import {h, clear, safe, session, load, get, failure, unreachable, dialog, name, plural} from '/lib.js';
import {consequence} from '/consequence.js';

const STEPS = [
	['review', 'Review', 'what does it do, and which of that is normal?'],
	['replay', 'Replay', 'what would the choice have done?'],
	['policy', 'Policy', 'what exactly goes out?'],
	['ship', 'Ship', 'download and roll out'],
];

let current = {};

export function go(url, replace) {
	history[replace ? 'replaceState' : 'pushState'](null, '', url);
	show();
}

// Changes the query alone, without drawing the screen again.
export function state(query, push) {
	const p = new URLSearchParams(location.search);
	for (const [k, v] of Object.entries(query)) {
		if (v === undefined || v === null || v === '' || v === false)
			p.delete(k);
		else
			p.set(k, v === true ? '1' : v);
	}
	const s = p.toString();
	history[push ? 'pushState' : 'replaceState'](null, '', location.pathname + (s ? '?' + s : ''));
}

function place() {
	const m = location.pathname.match(/^\/w\/(\d+)(?:\/(\w+))?$/);
	return {id: m && m[1], screen: m ? m[2] || 'review' : 'fleet',
		query: Object.fromEntries(new URLSearchParams(location.search))};
}

function drawFrame(at, workload) {
	const stepLink = ([key, title, help], i) => h('a.step', {
		href: at.id ? (key === 'fleet' ? '/' : `/w/${at.id}/${key}`) : undefined, title: help,
		'aria-current': at.screen === key ? 'page' : undefined,
		'aria-disabled': at.id ? undefined : 'true'}, h('kbd', null, i + 2), title);
	clear(document.getElementById('steps'),
	      h('a.step', {href: '/', 'aria-current': at.screen === 'fleet' ? 'page' : undefined,
			   title: 'which workloads need me?'}, h('kbd', null, '1'), 'Fleet'),
	      STEPS.map((step, i) => [h('span.then', {'aria-hidden': 'true'}, '›'), stepLink(step, i)]));
	clear(document.getElementById('crumb'), workload ? [
		h('span.where', null, safe([workload.cluster, workload.namespace, workload.kind].filter(Boolean).join(' / '))),
		h('h1', null, name(workload.container ? `${workload.name} / ${workload.container}` : workload.name))] : null);
	document.title = workload ? `${safe(workload.name)} · stakeout` : 'stakeout';
}

// Losses cannot be dismissed: a recording that lost events is never called complete.
function drawNotices(workload, fleet) {
	const notices = [];
	if (session.read_only)
		notices.push(h('p.notice', null, h('strong', null, 'Read-only. '),
			       'Everything can be looked at; choices are not stored.'));
	if (workload?.lost)
		notices.push(h('p.notice.warn', null, h('strong', null, `Not complete: ${plural(workload.lost, 'event')} lost. `),
			       'What was lost cannot be judged; a policy made from this may block what it did not see. ',
			       h('a', {href: `/w/${workload.id}/review?panel=sources`}, 'Which, and why')));
	if (fleet?.lost)
		notices.push(h('p.notice.warn', null, h('strong', null, `${plural(fleet.lost, 'workload')} not complete: recordings lost events. `),
			       'What was lost cannot be judged. ', h('a', {href: '/?sort=lost&descending=1'}, 'Which')));
	if (workload?.guess)
		notices.push(h('p.notice', null, h('strong', null, 'The name is a guess. '),
			       'It was derived, not told: ingest the pod list to be sure.'));
	clear(document.getElementById('notices'), notices);
}

// What the fleet's rows tell together.
export function refreshFleet(fleet) {
	current.fleet = fleet;
	drawNotices(null, fleet);
}

export async function refreshWorkload(workload) {
	current.workload = workload;
	drawNotices(workload);
}

const modules = {fleet: '/fleet.js', review: '/review.js', replay: '/replay.js', policy: '/policy.js', ship: '/ship.js'};

async function show() {
	current.view?.stop?.();
	const turn = current = {};
	const at = place(), main = document.getElementById('main');
	try {
		const loaded = session.token ? null : load();
		const module = modules[at.screen];
		if (!module)
			throw Object.assign(new Error('there is no such page'), {whatToDo: 'Go back to the fleet.'});
		// The fleet asks for its rows at once; the others need to know first what may be done here.
		const [screen, workload] = await Promise.all([import(module).catch(e => { throw e instanceof TypeError ? unreachable() : e; }), at.id ? get(`/workloads/${at.id}`) : null, at.id ? loaded : null]);
		if (turn !== current)
			return;
		drawFrame(at, workload);
		drawNotices(workload);
		loaded?.then(() => turn === current && session.read_only && drawNotices(turn.workload, turn.fleet), () => {});   // a server that is gone fails the rows too, which say so
		turn.workload = workload;
		main.className = at.screen;
		const shown = screen.show(clear(main), {...at, workload});
		// Judging a large recording for the first time takes both processors for a while: its rows come first.
		consequence.attach(at.id, at.screen === 'review' ? shown : null);
		turn.view = await shown;
	} catch (e) {
		if (turn !== current)
			return;
		drawFrame(at, null);
		main.className = 'fleet';
		clear(main, failure(e), h('p.away', null, h('a', {href: '/'}, 'To the fleet')));
	}
}

const KEYS = [
	['j k', 'down, up'], ['a d u', 'allow, deny, undecided; then the next row'], ['x', 'select; shift + j or k selects a range'],
	['g', 'propose a general form, with what else it would admit'], ['e', 'explain: the evidence of this row'],
	['z', 'undo the last choice'], ['/', 'filter'], ['[ ]', 'previous, next kind'], ['b', 'many at once'], ['h', 'decided so far: rules and history'],
	['Enter', 'open'], ['1 … 5', 'Fleet, Review, Replay, Policy, Ship'], ['?', 'this list'], ['Esc', 'close, leave the filter'],
];

function help() {
	dialog('Keyboard', h('dl.keys', null, KEYS.map(([k, what]) => [
		h('dt', null, k.split(' ').map(x => h('kbd', null, x))), h('dd', null, what)])),
		h('p.muted', null, `stakeout ${session.version || ''} · store ${safe(session.store || '')}`));
}

document.getElementById('help').addEventListener('click', help);

document.addEventListener('keydown', ev => {
	const typing = ev.target.closest('input, select, textarea');
	if (ev.key === 'Escape' && typing) {
		typing.blur();
		document.querySelector('.scroller')?.focus();
		return;
	}
	if (typing || ev.ctrlKey || ev.metaKey || ev.altKey || document.querySelector('dialog[open]'))
		return;
	if (ev.key === '?')
		help();
	else if (ev.key === '/' && document.querySelector('input[type=search]'))
		document.querySelector('input[type=search]').focus();
	else if (/^[1-5]$/.test(ev.key))
		document.querySelectorAll('#steps a[href]')[Number(ev.key) - 1]?.click();
	else if (!current.view?.key?.(ev))
		return;
	ev.preventDefault();
});

document.addEventListener('click', ev => {
	const a = ev.target.closest('a[href]');
	if (!a || ev.defaultPrevented || ev.button || ev.ctrlKey || ev.metaKey || ev.shiftKey || a.hasAttribute('download') ||
	    a.origin !== location.origin || a.getAttribute('href').startsWith('#') || !/^\/(w\/|$)/.test(a.pathname))
		return;
	ev.preventDefault();
	go(a.pathname + a.search);
});

window.addEventListener('popstate', show);
show();
