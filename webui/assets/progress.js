// SPDX-License-Identifier: GPL-2.0-only
// How far a long replay has come, and the button that ends it. Short ones show nothing.
import {h, clear, get, count} from '/lib.js';

const PATIENCE_MS = 400, EVERY_MS = 300;

export class Progress {
	constructor(cancel) {
		this.bar = h('progress', {'aria-label': 'replayed so far'});
		this.told = h('span.muted', {'aria-live': 'polite'});
		this.el = h('span.progress', {hidden: true}, this.bar, this.told, h('button', {type: 'button', onclick: () => {
			this.cancelled = true;
			cancel();
		}}, 'Cancel'));
		this.id = 0;
	}

	begin(signal) {
		this.end();
		this.cancelled = false;
		this.id = 1 + Math.floor(Math.random() * 2 ** 52);
		this.signal = signal;
		this.timer = setTimeout(() => { this.el.hidden = false; this.bar.removeAttribute('value'); clear(this.told, 'replaying'); this.ask(this.id); }, PATIENCE_MS);
	}

	async ask(id) {
		// Not knowing how far is no reason to stop: the replay itself fails if the server is gone.
		const got = await get('/runs', undefined, this.signal).catch(() => ({rows: []}));
		if (id !== this.id)
			return;
		const run = got.rows.find(r => r.run === id);
		if (run?.total) {
			this.bar.max = run.total;
			this.bar.value = Math.min(run.done, run.total);
			clear(this.told, `${Math.floor(100 * Math.min(1, run.done / run.total))} %`);
		} else if (run) {
			clear(this.told, `${count(Math.round(run.done / 1e6))} MB so far`);   // a recording always knows its total
		}
		this.timer = setTimeout(() => this.ask(id), EVERY_MS);
	}

	end() {
		clearTimeout(this.timer);
		this.id = 0;
		this.el.hidden = true;
	}
}
