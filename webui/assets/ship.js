// SPDX-License-Identifier: GPL-2.0-only
// Ship: every file with its digest, and the commands to roll out and back. Monitor first.
import {h, clear, safe, get, post, count, plural, failure, copyButton, queryString, toast, session} from '/lib.js';
import {state, refreshWorkload} from '/app.js';
import {where, arrive} from '/consequence.js';
import {byName, targetBar, parseTarget, findings} from '/policy.js';
import {markdown} from '/markdown.js';

const WHAT = [[/allowlist/, 'the choice itself: reviewed in Git, compiled again at any time'], [/kustomization/, 'names the files for kubectl -k'],
	      [/\.ya?ml$/, 'TracingPolicy for Tetragon'], [/\.(img|image|elf|o|stakeout)$/, 'BPF map image for the host enforcer'],
	      [/\.md$/, 'the review page: every rule, its risk, what it cannot stop']];
const size = n => n < 1024 ? `${n} B` : n < 1 << 20 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / 1048576).toFixed(1)} MiB`;

const command = text => h('div.command', null, h('code', null, safe(text)), copyButton(text, 'Copy the command'));

// A word for a shell, whatever is in it.
const quoted = text => /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

// The image, on the host it is for.
function imageCommands(p, enforce, workload) {
	const file = p.files.find(f => /\.elf$/.test(f.name)).name, backend = parseTarget(p.target).backend;
	const apply = `sudo stakeout enforce ${file}${backend ? ' --backend ' + backend : ''}`;
	return h('ol.steps', null,
		h('li', null, 'Check the files against the digests.', command('sha256sum ' + p.files.map(f => f.name).join(' '))),
		h('li', null, 'Put it in force where the workload runs. It only counts and reports.', command(apply + ' --audit')),
		h('li', null, 'See what it would have refused.', command('sudo stakeout enforce status --rules')),
		enforce ? h('li', null, 'Refuse for 20 minutes; it goes back to counting by itself unless it is confirmed.', command(apply + ' --for 20m')) : null,
		enforce ? h('li', null, 'See what is forbidden fail, then keep it.', command('sudo stakeout enforce verify'), command('sudo stakeout enforce confirm')) : null,
		h('li', null, 'To take it back:', command(`sudo stakeout enforce release ${quoted(workload.workload)}`)));
}

function commands(p, enforce, workload) {
	const yamls = p.files.filter(f => /\.ya?ml$/.test(f.name) && p.policies.some(x => safe(x.file).endsWith(f.name))).map(f => f.name);
	if (!yamls.length || p.by === 'image')
		return imageCommands(p, enforce, workload);
	const files = yamls.map(f => `-f ${f}`).join(' ');
	return h('ol.steps', null,
		h('li', null, 'Check the files against the digests.', command('sha256sum ' + p.files.map(f => f.name).join(' '))),
		h('li', null, enforce ? 'This build enforces: ship the monitoring one first, and watch it for at least a day.' : 'Apply it. It only monitors: nothing is blocked yet.',
		  command(`kubectl apply ${files}`)),
		h('li', null, 'See that it is loaded, in the mode you expect.', command('kubectl exec -n kube-system ds/tetragon -c tetragon -- tetra tracingpolicy list')),
		h('li', null, `Watch for what it ${enforce ? 'blocks' : 'would have blocked'}. Record that too, and review it here.`,
		  command('kubectl logs -n kube-system ds/tetragon -c export-stdout -f | stakeout ingest -')),
		h('li', null, 'To take it back:', command(`kubectl delete ${files}`)));
}

export async function show(main, at) {
	arrive(at.query);
	let workload = at.workload, enforce = at.query.enforce === '1', abort;
	const body = h('div.page');
	main.append(body);
	async function mode(m) {
		try {
			workload = await post(`/workloads/${at.id}/mode`, {version: workload.version, mode: m});
			refreshWorkload(workload);
			toast(`Noted: this workload is now in mode ${m}.`);
		} catch (e) {
			toast(`${e.message}. ${e.whatToDo || ''}`, true);
		}
		draw();
	}
	async function draw() {
		abort?.abort();
		abort = new AbortController();
		const query = {...where(), enforce};
		try {
			const p = await get(`/workloads/${at.id}/policy`, query, abort.signal);
			p.files?.sort(byName);
			const radio = (value, title, note) => h('label.radio', null, h('input', {type: 'radio', name: 'mode', checked: enforce === value,
				onchange: () => { enforce = value; state({enforce}); draw(); }}), h('span', null, h('b', null, title), h('br'), h('span.muted', null, note)));
			clear(body, workload.undecided ? h('p.notice', null, h('b', null, `${plural(workload.undecided, 'observation')} undecided. `), 'Undecided means: not allowed. ',
					h('a', {href: `/w/${at.id}/review?choice=undecided`}, 'Decide them')) : null,
				h('div.bar', null, targetBar(p, draw)),
				h('fieldset.modes', null, h('legend', null, 'What the files do'),
					radio(false, 'Monitor', 'reports what would be blocked; blocks nothing'), radio(true, 'Enforce', 'stops what is not allowed; ship the monitoring files first')),
				findings(p.findings),
				p.compiled ? [h('p.muted', null, `${plural(p.replayed, 'allowed event')}, for each entry and each observation that it covers, went through these files: none would be stopped; ${count(p.unknown)} could not be judged.`),
					h('table.files', null, h('thead', null, h('tr', null, ['File', 'What it is', 'Size', 'SHA-256'].map(t => h('th', {scope: 'col'}, t)))),
						h('tbody', null, p.files.map(f => h('tr', null,
							h('td', null, h('a', {download: f.name, href: `/api/v1/workloads/${at.id}/download/${encodeURIComponent(f.name)}${queryString(query)}`}, safe(f.name))),
							h('td.what', null, WHAT.find(([re]) => re.test(f.name))?.[1] || ''), h('td.num', null, size(f.size)),
							h('td', null, h('code.digest', {title: f.sha256}, f.sha256), ' ', copyButton(f.sha256, 'Copy the digest')))))),
					h('h2', null, 'Roll out, and back'), commands(p, enforce, workload),
					h('h2.screen', null, 'Where this workload stands'), h('p.screen', null, ['observe', 'monitor', 'enforce'].map(m => h('button', {type: 'button',
						'aria-pressed': String(workload.mode === m), disabled: session.read_only, onclick: () => mode(m)}, m))),
					p.files.filter(f => /\.md$/.test(f.name) && f.text).map(f => h('section.print', null, h('h2', null, 'Review page'), markdown(f.text)))]
				: h('div.failure', {role: 'alert'}, h('strong', null, 'Nothing to ship: '), h('p', null, 'no policy can be made of this choice; every reason is above.')));
		} catch (e) {
			if (e.name !== 'AbortError')
				clear(body, failure(e));
		}
	}
	await draw();
	return {stop() { abort?.abort(); }};
}
