// SPDX-License-Identifier: GPL-2.0-only
// A strip of time: how many events, and what became of them.
import {h, millis, span} from '/lib.js';

// Height is how many, colour and hatching what became of them. Brush to zoom.
export function strip(data, brushed) {
	const most = Math.max(1, ...data.buckets.map(b => b[0] + b[1] + b[2] + b[3]));
	const first = millis(data.first_ns), last = millis(data.last_ns);
	if (!data.buckets.some(b => b.some(n => n)))
		return null;
	const NS = 'http://www.w3.org/2000/svg';
	const svg = document.createElementNS(NS, 'svg');
	const n = data.buckets.length;
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
			rect(1200 * i / n + 0.5, y, Math.max(1, 1200 / n - 1), height, kind);
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
		h('span.legend', null, [['allowed', 'allowed'], ['blocked', 'prevented'], ['happened', 'killed, but it happened'], ['unknown', 'cannot be told']]
			.map(([key, words]) => [h('span', null, h(`i.s-${key}`), words), ' '])), h('span', null, span(last - first))));
}
