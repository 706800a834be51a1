// SPDX-License-Identifier: GPL-2.0-only
// The process tree: who starts what, grouped by phase of life.
import {h, get, count, name, safe, plural} from '/lib.js';

const PHASES = [['start-up', 'Start-up only'], ['steady', 'Steady'], ['probes', 'Probes'], ['scheduled', 'Scheduled'],
		['interactive', 'Interactive']];

// Edges of one phase as a forest. What starts itself, or a circle, is drawn once.
function forest(rows) {
	const children = new Map(), started = new Set(rows.map(r => r.path));
	for (const row of rows) {
		if (!children.has(row.parent))
			children.set(row.parent, []);
		children.get(row.parent).push(row);
	}
	const drawn = new Set();
	const node = (row, depth) => {
		drawn.add(row);
		const below = row.path === row.parent || depth > 12 ? [] : (children.get(row.path) || []).filter(c => !drawn.has(c));
		return {row, below: below.map(c => node(c, depth + 1))};
	};
	const roots = rows.filter(r => !started.has(r.parent)).map(r => node(r, 0));
	for (const row of rows)
		if (!drawn.has(row))
			roots.push(node(row, 0));
	return roots;
}

function draw(nodes, pick) {
	return h('ul', null, nodes.map(n => h('li', null, h('button.proc', {type: 'button', onclick: () => pick(n.row.path),
		title: `${safe(n.row.path)}\nstarted by ${safe(n.row.parent)}\n${plural(n.row.count, 'time')} in ${plural(n.row.instances, 'instance')}`},
		h(`span.dot.${n.row.choice}`, {'aria-hidden': 'true'}), name(n.row.path.slice(n.row.path.lastIndexOf('/') + 1) || n.row.path),
		h('span.muted', null, count(n.row.count))), n.below.length ? draw(n.below, pick) : null)));
}

export async function tree(id, box, pick) {
	try {
		const got = await get(`/workloads/${id}/tree`);
		for (const [phase, title] of PHASES) {
			const rows = got.rows.filter(r => r.phase === phase);
			if (rows.length)
				box.append(h('section', null, h('h3', null, title, ' ', h('span.muted', null, count(rows.length))), draw(forest(rows), pick)));
		}
		if (!got.rows.length)
			box.append(h('p.muted', null, 'No program was seen to start.'));
		if (got.shown < got.total)
			box.append(h('p.muted', null, `The first ${count(got.shown)} of ${count(got.total)} starts.`));
	} catch (e) {
		box.append(h('p.muted', null, safe(e.message)));
	}
}
