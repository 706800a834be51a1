// SPDX-License-Identifier: GPL-2.0-only
// The review page's own Markdown as elements: headings, paragraphs and their line breaks, lists, tables, fenced code. Text becomes text nodes only.
import {h, safe} from '/lib.js';

// **bold**, `code`, and a backslash before what would mean something.
function inline(text) {
	return [...text.matchAll(/\*\*(.+?)\*\*|`([^`]+)`|((?:\\.|[^*`\\]|\*(?!\*))+|.)/gs)].map(([, bold, code, plain]) =>
		bold !== undefined ? h('b', null, inline(bold)) : code !== undefined ? h('code', null, safe(code)) : safe(plain.replace(/\\([!-/:-@[-`{-~])/g, '$1')));
}

const cells = line => line.replace(/^\||\|\s*$/g, '').split(/(?<!\\)\|/).map(c => c.trim());

function table(lines) {
	const [head,, ...rows] = lines.map(cells);
	return h('div.scroll', {tabindex: '0', role: 'region', 'aria-label': `Table: ${head.join(', ')}`}, h('table', null,
		h('thead', null, h('tr', null, head.map(c => h('th', {scope: 'col'}, inline(c))))),
		h('tbody', null, rows.map(r => h('tr', null, r.map(c => h('td', null, inline(c))))))));
}

// Lines that belong to one thing; what is indented or fenced below a list's item is the item's.
export function markdown(text) {
	const out = [], lines = text.split('\n');
	let i = 0, list = null;
	const take = same => {
		const got = [];
		while (i < lines.length && same(lines[i]))
			got.push(lines[i++]);
		return got;
	};
	while (i < lines.length) {
		const line = lines[i], heading = line.match(/^(#+) (.*)/), item = line.match(/^(?:-|\d+\.) (.*)/), fence = line.match(/^( *)```/);
		if (!line.trim()) {
			i++;
		} else if (fence) {
			i++;
			const code = take(l => !l.trim().startsWith('```')).map(l => safe(l.slice(fence[1].length))).join('\n');
			i++;
			const block = h('pre', {tabindex: '0', 'aria-label': 'Commands'}, code);
			if (fence[1] && list)
				list.lastChild.append(block);
			else
				out.push(block);
		} else if (item) {
			const kind = line[0] === '-' ? 'ul' : 'ol';
			if (list?.localName !== kind || /^1\. /.test(line))
				out.push(list = h(kind));
			i++;
			list.append(h('li', null, inline([item[1], ...take(l => /^ {2,}\S/.test(l) && !/^ *```/.test(l)).map(l => l.trim())].join(' '))));
		} else {
			list = null;
			if (heading) {
				i++;
				out.push(h(`h${Math.min(6, heading[1].length + 2)}`, null, inline(heading[2])));
			} else if (line.startsWith('|')) {
				out.push(table(take(l => l.startsWith('|'))));
			} else {
				out.push(h('p', null, take(l => l.trim() && !/^(#|\||- |\d+\. | *```)/.test(l)).join('\n').split(/ {2,}\n/)
					.map((part, k) => [k ? h('br') : null, inline(part.replaceAll('\n', ' '))])));
			}
		}
	}
	return h('article.review-page', null, out);
}
