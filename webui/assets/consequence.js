// SPDX-License-Identifier: GPL-2.0-only
// The line at the foot: what the choice, as it stands, would have done. Follows every choice.
import {h, clear, get, count, plural, safe, session} from '/lib.js';

// Where the policy will run and who holds to it: asked with every question, kept while the browser is open.
export const where = () => ({target: sessionStorage.target, by: sessionStorage.by});

// An address that was sent says it too.
export function arrive(query) {
	for (const key of ['target', 'by'])
		if (query[key])
			sessionStorage[key] = query[key];
}

const foot = document.getElementById('foot');

function number(n, text, href, kind) {
	return h(`a.number.${kind}`, {href}, h('span', {'aria-hidden': 'true'}, {good: '✓ ', warn: '▲ ', bad: '✕ '}[kind]), h('b', null, count(n)), ' ' + text);
}

// Silence about a line that could not be read proves nothing.
function unread(list) {
	const all = list.flatMap(c => c.unread);
	return all.length ? h('span.warn', {title: all.map(d => safe(`${d.file}:${d.line}: ${d.message}`)).join('\n')}, ' · ▲ not all of ', plural(new Set(all.map(d => d.file)).size, 'corpus', 'corpora'), ' could be read') : null;
}

function corpora(id, list) {
	const sum = key => list.reduce((n, c) => n + c[key], 0);
	const attacks = sum('attacks'), stopped = sum('stopped'), benign = sum('benign'), broken = sum('broken');
	// The corpus where the reason for the number is, else the first.
	const at = (show, has) => `/w/${id}/replay?against=${Math.max(0, list.findIndex(has))}&show=${show}`;
	if (!list.length)
		return h('span.muted', null, 'no corpus given (serve --corpus FILE)');
	if (!attacks && !benign)
		return [h('span.muted', null, 'the corpora hold no event of this workload'), unread(list)];
	return [number(stopped, `of ${plural(attacks, 'attack')} stopped`, stopped === attacks ? at('attacks', c => c.attacks) : at('missed', c => c.stopped < c.attacks),
		       stopped === attacks ? 'good' : 'warn'), ' · ',
		number(broken, `of ${count(benign)} benign broken`, at('broken', c => c.broken), broken ? 'bad' : 'good'), unread(list)];
}

class Consequence {
	// BEFORE: a promise of what the page shows first; or null.
	attach(id, before) {
		this.abort?.abort();
		foot.hidden = !id;
		if (this.id !== id) {
			clear(foot, h('span.muted', null, 'Working out the consequence'));
			this.id = id;
			this.corpora = null;
		}
		if (!before)
			return void this.update();
		const now = () => this.id === id && this.update();
		before.then(now, now);
	}

	async update() {
		if (!this.id)
			return;
		this.abort?.abort();
		this.abort = new AbortController();
		foot.classList.add('working');
		const signal = this.abort.signal, ask = of => get(`/workloads/${this.id}/consequence`, {of, ...where()}, signal);
		try {
			// Large corpora take longer than the recording: its numbers are not held up by them.
			const c = await ask('recording');
			if (session.corpora?.length) {
				this.draw(c, this.corpora);
				Object.assign(c, await ask('corpora'));
			}
			foot.classList.remove('working');
			this.corpora = c.corpora = c.corpora || [];
			this.draw(c, c.corpora);
			document.dispatchEvent(new CustomEvent('consequence', {detail: c}));
		} catch (e) {
			if (e.name === 'AbortError')
				return;
			foot.classList.remove('working');
			clear(foot, h('span', null, h('b', null, 'No verdict: '), safe(e.message), '. ',
				      h('span.muted', null, safe(e.whatToDo))));
		}
	}

	// Before the first choice the policy allows nothing: true, but not what anybody would ship.
	drawUndecided(c, list) {
		const r = c.recording, attacks = list.reduce((n, x) => n + x.attacks, 0);
		clear(foot, h('span.part', null, h('b', null, 'Nothing is decided yet'), ', so there is nothing to judge: ',
				`${plural(r.events, 'recorded event')}${attacks ? ` and ${plural(attacks, 'attack')} in the corpora` : ''} wait for your choice.`),
		      h('span.part', null, h('a', {href: `/w/${this.id}/review?panel=bulk`}, 'Begin: allow what every instance did'),
			h('span.muted', null, ' (shows what it would take in first)')));
	}

	// LIST: what the corpora say; null: not told yet.
	draw(c, list) {
		const r = c.recording;
		if (!c.decided) {
			this.drawUndecided(c, list || []);
			return;
		}
		clear(foot,
		      h('span.part', null, h('span.label', null, 'Recording'), ' ',
			number(r.blocked, `of ${count(r.events)} events would be blocked`,
			       `/w/${this.id}/replay?against=recording&show=blocked`, r.blocked ? 'warn' : 'good'),
			r.happened ? h('span.muted', null, ` (${count(r.happened)} killed after the fact)`) : null,
			r.undecided_blocked ? [' · ', number(r.undecided_blocked, `undecided among them (${plural(r.undecided_blocked_events, 'event')})`,
				`/w/${this.id}/replay?against=recording&show=undecided-blocked`, 'warn')] : null,
			r.denied_passing ? [' · ', number(r.denied_passing, 'denied would still pass', `/w/${this.id}/replay?against=recording&show=denied-passing`, 'bad')] : null,
			r.unknown ? [' · ', number(r.unknown, 'cannot be told', `/w/${this.id}/replay?against=recording&show=unknown`, 'warn')] : null),
		      h('span.part', null, h('span.label', null, 'Corpora'), ' ', list ? corpora(this.id, list) : h('span.muted', null, 'working …')),
		      h('span.part.muted', null, c.note ? safe(c.note) : ''));
	}
}

export const consequence = new Consequence();
