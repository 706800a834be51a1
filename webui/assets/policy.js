// SPDX-License-Identifier: GPL-2.0-only
// Policy: what exactly goes out? YAML beside plain English, findings, target, cost, what it cannot stop.
import {h, clear, safe, get, count, plural, failure, copyButton} from '/lib.js';
import {state} from '/app.js';
import {consequence, where, arrive} from '/consequence.js';

export const KERNELS = ['5.4', '5.10', '5.15', '6.1', '6.6', '6.12'];

// "kernel=6.1,arch=x86_64,lsm=yes" <-> {kernel: '6.1', ...}
export const parseTarget = text => Object.fromEntries((text || '').split(',').filter(Boolean).map(part => part.split('=')));
const printTarget = t => Object.entries(t).filter(([, v]) => v).map(([k, v]) => `${k}=${v}`).join(',');

// [value, who judges and holds to the choice, what that means]
const HOLDERS = [['', 'Tetragon (YAML)', ''], ['lsm', 'image, BPF LSM', 'calls fail'], ['fmod_ret', 'image, fmod_ret', 'calls fail'],
	['signal', 'image, signal', 'it kills: a file that was opened to be changed has been changed by then, other changes of files are not seen, guards are not held']];

// P: an answer about the policy.
export function targetBar(p, changed) {
	const now = parseTarget(p.target), image = p.by === 'image';
	const take = (next, by) => {
		sessionStorage.target = printTarget({kernel: now.kernel, arch: now.arch, lsm: now.lsm, backend: now.backend, ...next});
		sessionStorage.by = by;
		state({target: sessionStorage.target, by});
		consequence.update();
		changed();
	};
	const select = (key, label, values) => h('label', null, label, ' ', h('select', {onchange: ev => take({[key]: ev.target.value}, sessionStorage.by || '')},
		[...new Set([...values, now[key]].filter(Boolean))].map(v => h('option', {value: v, selected: v === now[key]}, v))));
	const holders = HOLDERS.filter(([v]) => v || !p.no_yaml), holder = image ? now.backend || 'lsm' : '', meaning = HOLDERS.find(([v]) => v === holder)[2];
	return h('div.target', {role: 'group', 'aria-label': 'Where the policy will run'}, select('kernel', 'Kernel', KERNELS),
		 select('lsm', 'BPF LSM active', ['yes', 'no']), select('arch', 'Machine', ['x86_64', 'arm64']),
		 h('label', {title: 'whose verdicts the foot and Replay tell'}, 'Judged by ', h('select', {onchange: ev => take({backend: ev.target.value}, ev.target.value ? 'image' : '')},
			holders.map(([v, text]) => h('option', {value: v, selected: v === holder}, text)))),
		 meaning ? h('span.muted', null, meaning) : null);
}

// shop.yaml, shop-2.yaml, shop-10.yaml: as they were numbered.
const stem = file => file.name.replace(/\.[^.]*$/, '');
export const byName = (a, b) => stem(a).localeCompare(stem(b), 'en', {numeric: true}) || a.name.localeCompare(b.name, 'en');

export function findings(list) {
	return list.length ? h('ul.findings', null, list.map(f => h(`li.${f.level}`, null, h('b', null, f.level), ' ',
		f.line ? h('span.muted', null, `line ${f.line}: `) : null, safe(f.message)))) : null;
}

function yaml(file, policies, list) {
	const words = policies.flatMap(p => p.words).sort((a, b) => a.line - b.line);
	const ends = words.map((w, i) => (words[i + 1] ? words[i + 1].line : Infinity));
	const lines = file.text.replace(/\n$/, '').split('\n');
	const mine = i => words.findLastIndex((w, k) => i + 1 >= w.line && i + 1 < ends[k]);
	const found = new Map(list.filter(f => f.line).map(f => [f.line, f]));
	const root = h('div.beside');
	const light = (k, on) => {
		for (const el of root.querySelectorAll(`[data-w="${k}"]`))
			el.classList.toggle('lit', on);
	};
	const over = k => ({onmouseenter: () => light(k, true), onmouseleave: () => light(k, false),
			    onfocus: () => light(k, true), onblur: () => light(k, false)});
	const code = h('ol.yaml', {tabindex: '0', 'aria-label': `${file.name}, ${lines.length} lines`}, lines.map((line, i) => {
		const k = mine(i), f = found.get(i + 1);
		return h(`li${f ? '.' + f.level : ''}`, {'data-w': k, title: f && safe(f.message), ...(k >= 0 ? over(k) : {})}, h('code', null, safe(line) || ' '));
	}));
	const english = h('ol.words', {'aria-label': 'The same in words'}, words.map((w, k) => h('li', {'data-w': k, tabindex: '0', ...over(k),
		onclick: () => { const li = code.children[w.line - 1]; if (li) code.scrollTop = li.offsetTop - code.offsetTop - 40; }},
		h('span.muted', null, String(w.line).padStart(3)), ' ', safe(w.text))));
	root.append(code, english);
	return root;
}

// "high: why": the level stands out, by shape and word as well.
function risk(text) {
	const [, level, why] = text.match(/^(\w+): (.*)$/s) || [null, '', text];
	return [h(`b.${{high: 'bad', medium: 'warn'}[level] || 'good'}`, null, `${{high: '▲', medium: '△'}[level] || '○'} ${level}`), ' ', safe(why)];
}

// What the page holds, worst first; each leads to its section.
function glance(p, left) {
	const risks = level => p.rules.filter(r => r.risk.startsWith(level)).length;
	const to = (selector, kind, text) => h(`button.quiet.${kind}`, {type: 'button',
		onclick: () => document.querySelector(selector)?.scrollIntoView({block: 'start'})}, text);
	const high = risks('high'), medium = risks('medium');
	return h('p.glance', null,
		to('.page > section', 'plain', `${plural(p.policies.length, 'policy', 'policies')}, ${plural(p.rules.length, 'rule')}`),
		high ? to('.rules', 'bad', `▲ ${count(high)} of high risk`) : null, medium ? to('.rules', 'warn', `△ ${count(medium)} of medium risk`) : null,
		!high && !medium && p.rules.length ? to('.rules', 'good', '✓ low risk') : null,
		p.would_stop ? to('.would-stop', 'bad', `▲ ${count(p.would_stop)} recorded, and not allowed`) : null,
		p.may_stop ? to('.would-stop', 'warn', `△ ${count(p.may_stop)} may be stopped`) : null,
		p.would_stop || p.may_stop ? null : to('.left-out', 'good', '✓ nothing undecided is stopped'),
		left ? to('.left-out', 'plain', `${count(left)} left out`) : null);
}

const examples = (first, n) => [h('ul.examples', null, first.map(e => h('li', null, h('code.whole', null, safe(e))))),
	n > first.length ? h('p.muted', null, `and ${count(n - first.length)} more`) : null];

function wouldStop(id, p) {
	if (!p.would_stop && !p.may_stop && !p.unseen)
		return null;
	return h('section.would-stop', null, h('h2', null, `Recorded, and not allowed: ${plural(p.would_stop + p.may_stop, 'observation')}`),
		p.would_stop ? [h('p', null, `${plural(p.would_stop_events, 'event')} of the recording are on no list, nobody denied them, and they would be stopped when enforced. `,
				h('a', {href: `/w/${id}/replay?show=undecided-blocked`}, 'Each with its reason')), examples(p.would_stop_first, p.would_stop)] : null,
		p.may_stop ? [h('p', null, `Of ${plural(p.may_stop_events, 'event')} the recording knows only the name as typed, which is on no list: whether enforcing would stop them is not known. `,
				'Monitor first, or allow them by that name. ', h('a', {href: `/w/${id}/replay?show=unknown`}, 'Each with its reason')),
			examples(p.may_stop_first, p.may_stop)] : null,
		p.unseen ? h('p.notice', null, h('b', null, `No evidence shows ${p.unseen.replaceAll('+', ', ')}. `),
			'Either the workload never does it, or the recording could not see it; below a protected path it would be stopped. Only monitoring tells.') : null);
}

function rules(list) {
	return h('div.scroll', {tabindex: '0', role: 'region', 'aria-label': 'Rules'}, h('table.rules', null, h('thead', null, h('tr', null,
		['Kind', 'Hook', 'What happens', 'Answers', 'Risk of stopping what is benign', 'Evidence', 'Cannot stop', 'Selectors'].map(t => h('th', {scope: 'col'}, t)))),
		h('tbody', null, list.map(r => h('tr', null, h('td', null, safe(r.kind)), h('td', null, h('code', null, safe(r.hook))),
			h('td', null, r.prevents ? h('span.good', null, '■ prevented') : h('span.warn', null, '▲ killed; it may have taken effect')),
			h('td', null, safe(r.threat)), h('td', null, risk(r.risk)), h('td', null, safe(r.evidence.replaceAll('`', ''))), h('td', null, safe(r.cannot)),
			h('td.num', null, `${count(r.selectors)} / ${plural(r.values, 'value')}`))))));
}

export async function show(main, at) {
	arrive(at.query);
	const body = h('div.page', {'aria-live': 'polite'});
	main.append(body);
	let abort;
	async function draw() {
		abort?.abort();
		abort = new AbortController();
		body.classList.add('working');
		try {
			const p = await get(`/workloads/${at.id}/policy`, where(), abort.signal);
			p.files?.sort(byName);
			const left = p.left_out.reduce((n, l) => n + l.observations, 0);
			clear(body, h('div.bar', null, targetBar(p, draw), h('span.muted.whole.exact', null, safe(p.target).replaceAll(',', ', '))),
				findings(p.findings),
				p.compiled ? glance(p, left) : null,
				p.compiled ? null : h('div.failure', {role: 'alert'}, h('strong', null, 'No policy can be made of this choice. '),
					h('p', null, 'Nothing ships until every reason above is gone: by another choice or target, or in the allowlist below, copied to a file, completed and given to stakeout compile.')),
				p.no_yaml ? h('p.notice', null, h('b', null, 'No YAML: '), safe(p.no_yaml), '. The image holds the same choice.') : null,
				p.compiled ? p.files.filter(f => f.text && /\.ya?ml$/.test(f.name)).map(f => {
					const mine = p.policies.filter(x => x.file === f.name || safe(x.file).endsWith('/' + f.name));
					return mine.length ? h('section', null, h('h2', null, safe(f.name)), yaml(f, mine, p.findings)) : null;
				}) : null,
				p.compiled && p.rules.length ? h('section', null, h('h2', null, 'What each rule does, costs and cannot stop'), rules(p.rules)) : null,
				p.compiled ? wouldStop(at.id, p) : null,
				h('section.left-out', null, h('h2', null, `Not in it: ${plural(left, 'observation')}`), left ? h('ul', null, p.left_out.map(l =>
					h('li', null, h('b', null, count(l.observations)), ` ${safe(l.summary.replace(/ \(--.*\)/, ''))} (${plural(l.events, 'event')})`)))
					: h('p.muted', null, 'Everything that was observed is in it.')),
				h('section', null, h('h2', null, 'The choice, as an allowlist ', copyButton(p.allowlist, 'Copy the allowlist')), h('pre.file', {tabindex: '0', 'aria-label': 'Allowlist'}, safe2(p.allowlist))));
		} catch (e) {
			if (e.name !== 'AbortError')
				clear(body, failure(e));
		}
		body.classList.remove('working');
	}
	await draw();
	return {stop() { abort?.abort(); }};
}

// Text of several lines: newlines stay.
const safe2 = text => text.split('\n').map(safe).join('\n');
