// SPDX-License-Identifier: GPL-2.0-only
// A table of any length: only the rows in view are in the document, only their pages are asked for.
import {h, clear, failure, count} from '/lib.js';

const PAGE = 100, OVERSCAN = 8;

export class List {
	// columns: [{key, title, sort?, className?, numeric?, render(row)}]; fetch(offset, limit, signal) -> {total, rows}
	constructor(o) {
		Object.assign(this, o);
		this.pages = new Map();
		this.drawn = new Map();   // place -> {el, row, state}: what is in the document
		this.total = 0;
		this.cursor = -1;
		this.height = this.rowHeight || 32;
		this.head = h('div.row.head', {role: 'row'});
		this.body = h('div.body', {role: 'rowgroup'});
		this.scroller = h(`div.scroller.${o.className}`, {role: 'grid', tabindex: '0', 'aria-label': o.label,
			'aria-multiselectable': o.selectable ? 'true' : undefined,
			onscroll: () => this.later(true), onkeydown: ev => this.key(ev)},
			h('div', {role: 'rowgroup', class: 'headgroup'}, this.head), this.body);
		this.note = h('div.note', {'aria-live': 'polite'});
		this.el = h('div.list', null, this.scroller, this.note);
		this.observer = new ResizeObserver(() => { this.measure(); this.later(); });
		this.observer.observe(this.scroller);
		this.print = ev => { this.printing = ev.type === 'beforeprint'; this.draw(); };
		addEventListener('beforeprint', this.print);
		addEventListener('afterprint', this.print);
		this.drawHead();
	}

	drawHead() {
		clear(this.head, this.columns.map((c, i) => {
			const sorted = c.sort && this.sort === c.sort;
			const cell = h(`div.cell.${c.className || c.key}${c.numeric ? '.num' : ''}`, {role: 'columnheader',
				'aria-colindex': i + 1,
				'aria-sort': sorted ? (this.descending ? 'descending' : 'ascending') : undefined});
			cell.append(c.sort ? h('button.sort', {type: 'button', title: c.help,
				onclick: () => this.onsort(c.sort, sorted ? !this.descending : !!c.numeric)},
				c.title, h('span.arrow', {'aria-hidden': 'true'}, sorted ? (this.descending ? '▾' : '▴') : ''))
				: h('span', {title: c.help}, c.title));
			return cell;
		}));
	}

	// Asks again. Rows on screen stay until the new ones are there.
	async reload(keep) {
		this.abort?.abort();
		this.abort = new AbortController();
		const first = keep ? Math.floor(Math.max(0, this.scroller.scrollTop / this.height) / PAGE) : 0;
		try {
			const page = await this.fetch(first * PAGE, PAGE, this.abort.signal);
			this.pages = new Map([[first, page.rows]]);
			this.total = page.total;
			if (!keep) {
				this.scroller.scrollTop = 0;
				this.cursor = this.total ? 0 : -1;
			}
			this.cursor = Math.min(this.cursor, this.total - 1);
			clear(this.note, this.total ? null : this.empty?.());
		} catch (e) {
			if (e.name === 'AbortError')
				return;
			this.total = 0;
			clear(this.note, failure(e));
			this.onfail?.(e);
		}
		this.drawHead();
		this.draw();
		this.onload?.(this.total);
		this.oncursor?.(this.row(this.cursor));
	}

	row(i) {
		return i < 0 ? undefined : this.pages.get(Math.floor(i / PAGE))?.[i % PAGE];
	}

	later(moved) {
		this.whole ||= !moved;
		this.frame ??= requestAnimationFrame(() => { const whole = this.whole; this.frame = this.whole = undefined; this.draw(!whole); });
	}

	measure() {
		this.height = parseInt(getComputedStyle(this.scroller).getPropertyValue('--row'), 10) || 32;
	}

	async want(page) {
		if (this.pages.has(page))
			return;
		const pages = this.pages;
		pages.set(page, undefined);
		try {
			const got = await this.fetch(page * PAGE, PAGE, this.abort?.signal);
			pages.set(page, got.rows);
			if (pages === this.pages)
				this.draw();
		} catch (e) {
			pages.delete(page);
			if (e.name !== 'AbortError')
				clear(this.note, failure(e));
		}
	}

	// MOVED: the rows' own contents are as they were, so those in the document are kept.
	draw(moved) {
		const top = this.scroller.scrollTop, shown = this.scroller.clientHeight;
		// On paper there is no scrolling: what of the first page is here, and how many there are.
		const first = this.printing ? 0 : Math.max(0, Math.floor(top / this.height) - OVERSCAN);
		const last = Math.min(this.total, this.printing ? PAGE : Math.ceil((top + shown) / this.height) + OVERSCAN);
		this.el.dataset.rows = `Rows 1 to ${count(Math.min(PAGE, this.total))} of ${count(this.total)}`;
		this.scroller.setAttribute('aria-rowcount', this.total + 1);
		this.body.style.height = this.total * this.height + 'px';
		const drawn = new Map();
		for (let i = first; i < last; i++) {
			const page = Math.floor(i / PAGE);
			if (!this.pages.has(page))
				this.want(page);
			const row = this.row(i), state = [i === this.cursor, row && this.selected?.(row), ...(row && this.rowClass?.(row) || [])].join();
			const old = moved && this.drawn.get(i);
			drawn.set(i, old && old.row === row && old.state === state ? old : {el: this.drawRow(i, row), row, state});
		}
		for (const [i, old] of this.drawn)
			if (drawn.get(i) !== old)
				old.el.remove();
		this.drawn = drawn;
		let at = this.body.firstChild;
		for (const {el} of drawn.values()) {
			if (el === at)
				at = at.nextSibling;
			else
				this.body.insertBefore(el, at);
		}
		if (this.cursor >= 0)
			this.scroller.setAttribute('aria-activedescendant', `${this.className}-${this.cursor}`);
		else
			this.scroller.removeAttribute('aria-activedescendant');
	}

	drawRow(i, row) {
		const el = h(`div.row${i === this.cursor ? '.cursor' : ''}${row ? '' : '.waiting'}`, {role: 'row',
			id: `${this.className}-${i}`, 'aria-rowindex': i + 2,
			'aria-selected': this.selectable && row ? String(!!this.selected?.(row)) : undefined,
			onclick: ev => this.click(ev, i), ondblclick: () => row && this.onopen?.(row)});
		el.style.transform = `translateY(${i * this.height}px)`;
		if (row && this.rowClass)
			el.classList.add(...this.rowClass(row));
		el.append(...this.columns.map((c, k) => h(`div.cell.${c.className || c.key}${c.numeric ? '.num' : ''}`,
			{role: 'gridcell', 'aria-colindex': k + 1}, row ? c.render(row) : h('span.bone'))));
		return el;
	}

	click(ev, i) {
		if (ev.target.closest('a, button'))
			return;
		const before = this.cursor;
		this.move(i);
		if (ev.shiftKey)
			this.onrange?.(before, i);
	}

	move(i) {
		if (!this.total)
			return;
		this.cursor = Math.max(0, Math.min(this.total - 1, i));
		const y = this.cursor * this.height, view = this.scroller.clientHeight - this.head.offsetHeight;
		if (y < this.scroller.scrollTop)
			this.scroller.scrollTop = y;
		else if (y + this.height > this.scroller.scrollTop + view)
			this.scroller.scrollTop = y + this.height - view;
		this.draw(true);
		this.oncursor?.(this.row(this.cursor));
	}

	key(ev) {
		const page = Math.max(1, Math.floor(this.scroller.clientHeight / this.height) - 2);
		const to = {ArrowDown: this.cursor + 1, ArrowUp: this.cursor - 1, PageDown: this.cursor + page,
			    PageUp: this.cursor - page, Home: 0, End: this.total - 1}[ev.key];
		if (to !== undefined && !ev.metaKey && !ev.ctrlKey && !ev.altKey && ev.target === this.scroller) {
			ev.preventDefault();
			this.move(to);
		} else if (ev.key === 'Enter' && ev.target === this.scroller && this.row(this.cursor)) {
			this.onopen?.(this.row(this.cursor));
		}
	}

	summary(one, many) {
		return `${count(this.total)} ${this.total === 1 ? one : many}`;
	}

	stop() {
		removeEventListener('beforeprint', this.print);
		removeEventListener('afterprint', this.print);
		this.abort?.abort();
		this.observer.disconnect();
	}
}
