// SPDX-License-Identifier: GPL-2.0-only
// Small things every screen uses: elements, hostile text, numbers, times, the API.

// h('a.big', {href: '/x', onclick: f}, 'text', child, [more]): strings become text nodes, never markup.
export function h(name, props, ...children) {
	const [tag, ...classes] = name.split('.');
	const el = document.createElement(tag || 'div');
	if (classes.length)
		el.className = classes.join(' ');
	for (const [key, value] of Object.entries(props || {})) {
		if (value === undefined || value === null || value === false)
			continue;
		if (key.startsWith('on'))
			el.addEventListener(key.slice(2), value);
		else if (key === 'value' || key === 'checked' || key === 'disabled' || key === 'hidden' || key === 'open')
			el[key] = value;
		else
			el.setAttribute(key, value === true ? '' : value);
	}
	el.append(...children.flat(Infinity).filter(c => c !== null && c !== undefined && c !== false));
	return el;
}

export const clear = (el, ...children) => {
	el.replaceChildren(...children.flat(Infinity).filter(c => c !== null && c !== undefined && c !== false));
	return el;
};

// What may lie in a name: controls and direction marks become visible escapes, and the server's U+10FFNN
// (bytes that are not UTF-8) become \xNN again.
export function safe(text) {
	let out = '';
	for (const ch of String(text ?? '')) {
		const c = ch.codePointAt(0);
		if (c >= 0x10ff00)
			out += '\\x' + (c & 0xff).toString(16).padStart(2, '0');
		else if (c < 0x20 || (c >= 0x7f && c < 0xa0))
			out += '\\x' + c.toString(16).padStart(2, '0');
		else if ((c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
			 c === 0xfeff || c === 0x61c || (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xd800 && c <= 0xdfff) ||
			 (c >= 0xe0000 && c <= 0xe0fff))
			out += '\\u{' + c.toString(16) + '}';
		else
			out += ch;
	}
	return out;
}

// A name that is shortened in the middle when there is no room: the end says most.
export function name(text, props) {
	const shown = safe(text);
	const slash = shown.lastIndexOf('/', shown.length - 2);
	let cut = slash > 0 ? slash : Math.max(0, shown.length - 12);
	if (shown.length - cut > 40)
		cut = shown.length - 24;
	if (shown.length > 600)
		return h('span.name', {...props, title: shown.slice(0, 4096)},
			 h('span.name-head', null, shown.slice(0, 300)), h('span.name-tail', null, shown.slice(-24)));
	return h('span.name', {...props, title: shown}, cut ? h('span.name-head', null, shown.slice(0, cut)) : null,
		 h('span.name-tail', null, shown.slice(cut)));
}

const numbers = new Intl.NumberFormat('en-US');
export const count = n => numbers.format(n || 0);
export const plural = (n, one, many) => `${count(n)} ${n === 1 ? one : many || one + 's'}`;

export const millis = iso => iso ? Date.parse(iso.replace(/(\.\d{3})\d*Z$/, '$1Z')) : 0;

export function span(ms) {
	const s = Math.max(0, ms) / 1000;
	if (s < 1)
		return Math.round(s * 1000) + ' ms';
	for (const [unit, size] of [['d', 86400], ['h', 3600], ['min', 60]])
		if (s >= 2 * size)
			return Math.round(s / size) + ' ' + unit;
	return Math.round(s) + ' s';
}

export function ago(iso) {
	const t = millis(iso);
	if (!t)
		return h('span.muted', null, '–');
	const d = Date.now() - t;
	return h('time', {datetime: iso, title: iso}, d < 0 ? iso.slice(0, 10) : d < 5000 ? 'now' : span(d) + ' ago');
}

export class ApiError extends Error {
	constructor(status, body) {
		super(body.error || `the server answered ${status}`);
		this.status = status;
		this.whatToDo = body.what_to_do || 'Is stakeout serve still running?';
	}
}

export const session = {};

export async function load() {
	Object.assign(session, await get('/session'));
}

export function unreachable() {
	return new ApiError(0, {error: 'the server cannot be reached',
			       what_to_do: 'Is stakeout serve still running? Start it again, then reload.'});
}

async function call(path, options) {
	let response;
	try {
		response = await fetch('/api/v1' + path, {credentials: 'same-origin', ...options});
	} catch (e) {
		if (e.name === 'AbortError')
			throw e;
		throw unreachable();
	}
	const body = await response.json().catch(() => ({}));
	if (!response.ok)
		throw new ApiError(response.status, body);
	return body;
}

export const get = (path, query, signal) => call(path + queryString(query), {signal});

export async function post(path, body) {
	const send = () => call(path, {method: 'POST', body: JSON.stringify(body),
		headers: {'Content-Type': 'application/json', 'X-Stakeout-Token': session.token}});
	try {
		return await send();
	} catch (e) {
		// The server was started again and has a new token.
		const old = session.token;
		if (e.status !== 403)
			throw e;
		await load();
		if (session.token === old)
			throw e;
		return send();
	}
}

export function queryString(query) {
	const p = new URLSearchParams();
	for (const [k, v] of Object.entries(query || {}))
		if (v !== undefined && v !== null && v !== '' && v !== false)
			p.set(k, v === true ? '1' : v);
	const s = p.toString();
	return s ? '?' + s : '';
}

export function failure(e) {
	return h('div.failure', {role: 'alert'}, h('strong', null, safe(e.message).replace(/^[a-z]/, c => c.toUpperCase())), h('p', null, safe(e.whatToDo || '')));
}

let toastTimer;
export function toast(text, bad) {
	const el = document.getElementById('toast');
	el.className = bad ? 'bad' : '';
	el.textContent = text;
	clearTimeout(toastTimer);
	toastTimer = setTimeout(() => { el.textContent = ''; }, bad ? 9000 : 4000);
}

export function copyButton(text, label) {
	return h('button.quiet', {type: 'button', 'aria-label': label || 'Copy', onclick: async ev => {
		const button = ev.currentTarget;
		try {
			await navigator.clipboard.writeText(text);
		} catch {   // no permission, or no https:// where the page is not on this machine
			toast('The browser lets no page copy here: select the text instead.', true);
			return;
		}
		button.textContent = 'copied';
		setTimeout(() => { button.textContent = 'copy'; }, 1500);
	}}, 'copy');
}

export function dialog(title, ...children) {
	const box = h('dialog', {'aria-label': title, onclose: () => box.remove(),
		onclick: ev => { if (ev.target === box) box.close(); }},
		h('header', null, h('h2', null, title),
		  h('button.quiet', {type: 'button', 'aria-label': 'Close', onclick: () => box.close()}, '×')), children);
	document.body.append(box);
	box.showModal();
	return box;
}

// What a connect, file, exec or guard is about, as one string.
export function object(o) {
	if (o.kind === 'connect' || o.kind === 'bind') {
		const host = o.address && o.address.includes(':') ? `[${o.address}]` : o.address;
		return o.unix_path ? 'unix:' + o.unix_path : `${host || '?'}:${o.port ?? '?'}`;
	}
	if (o.kind === 'guard')
		return o.guard;
	return o.path || o.filename || '(no name)';
}
