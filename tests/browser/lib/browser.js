// SPDX-License-Identifier: GPL-2.0-only
// What browser tests share: playwright-core and axe-core (scripts/packages.sh gets them from npm into build/node),
// the distribution's chromium, a server of our own on a free port, and a store made from scenarios.
'use strict';
const {execFileSync, spawn} = require('node:child_process');
const assert = require('node:assert'), fs = require('node:fs'), os = require('node:os'), path = require('node:path');

const MODULES = path.resolve('build/node');

function skip(why) {
	console.log(`skipped: ${why}`);
	process.exit(77);
}

function need(name) {
	const dir = path.join(MODULES, 'node_modules', name);
	return fs.existsSync(dir) ? require(dir) : skip(`${name} is missing (sh scripts/packages.sh test gets it from npm)`);
}

const axeSource = () => { need('axe-core'); return fs.readFileSync(path.join(MODULES, 'node_modules/axe-core/axe.min.js'), 'utf8'); };

function chromium() {
	const found = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/snap/bin/chromium'].find(f => fs.existsSync(f));
	return found || skip('no chromium here (Debian: apt-get install chromium)');
}

// SLOW=8 node tests/browser/whole.js: with pages that have an eighth of the processor.
const SLOW = Number(process.env.SLOW || 1), PATIENCE_MS = 30000 * SLOW;

function slowed(browser) {
	const newContext = browser.newContext.bind(browser);
	browser.newContext = async options => {
		const context = await newContext(options);
		context.setDefaultTimeout(PATIENCE_MS);
		if (SLOW > 1)
			context.on('page', async page => (await context.newCDPSession(page)).send('Emulation.setCPUThrottlingRate', {rate: SLOW}).catch(() => {}));
		return context;
	};
	return browser;
}

async function launch() {
	const {chromium: engine} = need('playwright-core'), executablePath = chromium();
	try {
		return slowed(await engine.launch({executablePath, headless: true, args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
			'--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage']}));
	} catch (e) {
		// Ubuntu's is a snap, or a script that asks for it: confined, it may not let itself be driven.
		if (/^\/snap\/|chromium-browser$/.test(executablePath))
			skip(`${executablePath} cannot be driven: ${e.message.split('\n')[0]}`);
		throw e;
	}
}

const program = path.resolve(process.env.STAKEOUT || 'build/release/stakeout');
// A folder of its own for a test; gone when it ends, however it ends.
function folder() {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'stakeout-browser-'));
	process.on('exit', () => fs.rmSync(dir, {recursive: true, force: true}));
	return dir;
}

const stakeout = (...args) => execFileSync(program, args, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']});

function serve(...args) {
	const child = spawn(program, ['serve', '--listen', '127.0.0.1:0', ...args], {stdio: ['ignore', 'pipe', 'pipe']});
	process.on('exit', () => child.kill('SIGTERM'));   // also when the test skips or fails
	return new Promise((resolve, reject) => {
		let text = '';
		const more = data => {
			text += data;
			const m = text.match(/http:\/\/127\.0\.0\.1:\d+/);
			if (m)
				resolve({url: m[0], stop: () => child.exitCode !== null || child.signalCode ? Promise.resolve() :
					new Promise(done => { child.once('exit', done); child.kill('SIGTERM'); })});
		};
		child.stdout.on('data', more);
		child.stderr.on('data', more);
		child.once('exit', status => reject(new Error(`serve ended with ${status}: ${text}`)));
	});
}

// A page follows an action when it can. What is read after one is asked for until it is EXPECTED: a pattern, a condition or a value.
async function until(ask, expected, what) {
	for (const end = Date.now() + PATIENCE_MS; ; await new Promise(done => setTimeout(done, 20))) {
		try {
			const value = await ask();
			if (expected instanceof RegExp)
				assert.match(String(value), expected, what && `${what}: '${value}' is not ${expected}`);
			else if (typeof expected === 'function')
				assert.ok(expected(value), `${what || expected}: ${JSON.stringify(value)}`);
			else
				assert.deepEqual(value, expected, what && `${what}: ${JSON.stringify(value)}`);
			return value;
		} catch (e) {
			if (Date.now() > end)
				throw e;
		}
	}
}

// The same for the text of the first part that SELECTOR names.
const says = (page, selector, expected, what) => until(() => page.evaluate(s => document.querySelector(s)?.textContent, selector), expected, what || selector);

// All that a watched page asked for has come and been drawn: what is not there now does not come by itself.
const settled = page => until(async () => {
	const drawn = await page.evaluate(() => new Promise(done => requestAnimationFrame(() => setTimeout(() =>
		done(!document.querySelector('.working, .row.waiting') && !document.getAnimations().length)))));
	return drawn && !page.asking.size;
}, true, 'the page comes to rest');

// The fleet shown, and what of it WHICH holds for: the number, and api(path) below its own.
async function workload(page, url, which) {
	await page.goto(url);
	await page.waitForSelector('.fleet-list .body .row a');
	const id = (await page.evaluate(async () => (await (await fetch('/api/v1/workloads')).json()).rows)).find(which).id;
	return {id, api: path => page.evaluate(async u => (await fetch(u)).json(), `/api/v1/workloads/${id}${path}`)};
}

async function review(page, url, id, query = '') {
	await page.goto(`${url}/w/${id}/review${query}`);
	await page.waitForSelector('.review-list .row.cursor .what');
}

// On Review: all that is undecided is allowed at once.
async function allowAll(page) {
	await page.keyboard.press('b');
	await page.getByRole('button', {name: 'Allow all that is undecided'}).click();
	await page.click('.preview .primary');
	await says(page, '#toast', /^Stored/);
}

// Watches a page for what must never happen: errors, refused content, requests elsewhere.
function watch(page, url) {
	const wrong = [];
	page.asking = new Set();
	page.on('request', r => page.asking.add(r));
	for (const end of ['requestfinished', 'requestfailed'])
		page.on(end, r => page.asking.delete(r));
	page.on('pageerror', e => wrong.push(`error: ${e.message}`));
	page.on('console', m => { if (m.type() === 'error' && !/status of (4|5)\d\d/.test(m.text())) wrong.push(`console: ${m.text()}`); });
	page.on('request', r => { if (!r.url().startsWith(url) && !/^(data|blob|about):/.test(r.url())) wrong.push(`request elsewhere: ${r.url()}`); });
	page.on('dialog', d => { wrong.push(`a script ran: ${d.message()}`); d.dismiss(); });
	return wrong;
}

async function run(main) {
	try {
		await main();
	} catch (e) {
		console.error(e.stack || e);
		process.exitCode = 1;
	}
	process.exit();
}

module.exports = {launch, stakeout, serve, folder, watch, until, says, settled, workload, review, allowAll, run, axeSource, program, skip};
