// SPDX-License-Identifier: GPL-2.0-only
// The whole way on the sample fleet without a mouse: find a workload, choose, see words and YAML follow, replay, fetch every file;
// the command line compiles and replays what was fetched.
'use strict';
const assert = require('node:assert'), fs = require('node:fs'), path = require('node:path');
const {launch, stakeout, serve, folder, watch, until, says, settled, run} = require('./lib/browser.js');

run(async () => {
	const dir = folder(), db = path.join(dir, 's.db'), fleet = path.join(dir, 'fleet');
	stakeout('corpus', '--fleet', '6', '-o', fleet);
	const streams = fs.readdirSync(fleet).filter(f => f.endsWith('.ndjson')).map(f => path.join(fleet, f));
	stakeout('ingest', '--db', db, ...streams);
	const server = await serve('--db', db), browser = await launch();
	try {
		const page = await browser.newPage({viewport: {width: 1400, height: 900}}), wrong = watch(page, server.url);
		const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
		const toast = text => says(page, '#toast', t => t.startsWith(text), text);
		const rows = (list, cell) => page.$$eval(`.${list} .body .row`, (v, c) => v.map(e => e.querySelector(c)?.textContent), cell);
		const at = () => page.evaluate(() => { const e = document.activeElement; return {text: e.textContent, tag: e.localName, download: e.hasAttribute('download'), ring: getComputedStyle(e).outlineStyle}; });
		// Tab until the focus is on what is looked for; it must show where it is.
		const tabTo = async (what, found) => {
			for (let i = 0; i < 120; i++) {
				const now = await at();
				if (found(now)) {
					assert.notEqual(now.ring, 'none', `${what} shows no focus`);
					return now;
				}
				await press('Tab');
			}
			throw new Error(`${what} cannot be reached with Tab`);
		};
		await page.goto(server.url);
		await page.waitForSelector('.fleet-list .body .row a');
		await press('/');
		await page.keyboard.type('deployment');
		await until(() => rows('fleet-list', '.workload'), v => v.length && v.every(text => /Deployment/.test(text)), 'only Deployments');
		await press('Escape', 'Enter');
		await page.waitForSelector('.review-list .row.cursor .what');
		const id = page.url().match(/\/w\/(\d+)/)[1];
		const api = async p => page.evaluate(async u => (await fetch(u)).json(), `/api/v1/workloads/${id}${p}`);

		// Everything at once through the dialog, by Tab and Enter alone.
		await press('b');
		await page.waitForSelector('dialog[open]');
		await tabTo('allow all', e => e.text === 'Allow all that is undecided');
		await press('Enter');
		await page.waitForSelector('.preview .primary');
		await tabTo('the button', e => /^Allow [\d,]+$/.test(e.text));
		await press('Enter');
		await toast('Stored');
		await press('4');
		await page.waitForSelector('ol.words li');
		const blocked = async () => (await api('/replay?show=blocked&limit=1000')).rows.map(r => r.observation);
		const before = await blocked();
		await settled(page);
		const words = await page.textContent('ol.words'), yaml = await page.textContent('ol.yaml');

		// One connection is taken back: words and YAML follow, and only that is blocked.
		await press('2');
		await page.waitForSelector('.review-list .row.cursor .what');
		await press('[', '[', '[');
		await until(() => page.url(), /kind=connect/);
		const connects = (await api('')).connect;
		await until(() => rows('review-list', '.what'), v => v.length === connects && v.every(Boolean), `${connects} connections`);
		await press('End', 'd');
		await toast('Denied');
		await says(page, '#foot', /[1-9]\d* of [\d,]+ events would be blocked/);
		await press('4');
		await page.waitForSelector('ol.words li');
		await until(async () => await page.textContent('ol.yaml') + await page.textContent('ol.words'), now => now !== yaml + words, 'the policy is another one');
		await press('3');
		await page.waitForSelector('.replay-list .row.cursor');
		const denied = (await api('/observations?choice=deny')).rows.map(r => r.id);
		assert.equal(denied.length, 1);
		assert.deepEqual((await blocked()).sort(), [...before, ...denied].sort());
		await page.keyboard.press('/');
		await page.keyboard.type('connect ');
		await until(() => rows('replay-list', '.words'), v => v.length === 1 && /connect/.test(v[0]), 'one row, a connection');
		await press('Escape');

		// Every file, each by Tab and Enter.
		await press('5');
		await page.waitForSelector('table.files a');
		const files = {};
		for (const name of await page.$$eval('table.files a', v => v.map(a => a.download))) {
			await tabTo(name, e => e.download && e.text === name);
			const [download] = await Promise.all([page.waitForEvent('download'), press('Enter')]);
			files[name] = path.join(dir, name);
			await download.saveAs(files[name]);
		}
		const names = Object.keys(files), allowlist = names.find(f => f.endsWith('.allowlist.yaml'));
		for (const kind of [/\.image\.elf$/, /\.review\.md$/, /\.allowlist\.yaml$/, /^(?!kustom).*[^t]\.yaml$/])
			assert.ok(names.some(f => kind.test(f)), `${kind} among ${names}`);
		stakeout('compile', files[allowlist], '-o', path.join(dir, 'again'));
		for (const name of names.filter(f => /\.yaml$|\.elf$/.test(f) && f !== allowlist))
			assert.ok(fs.readFileSync(path.join(dir, 'again', name)).equals(fs.readFileSync(files[name])), `${name} is compiled to the same bytes`);
		const policies = names.filter(f => /\.yaml$/.test(f) && f !== allowlist && f !== 'kustomization.yaml').map(f => files[f]);
		const summary = JSON.parse(stakeout('replay', ...policies, '--db', db, '--json').trim().split('\n').pop()).summary;
		const told = await api('/consequence');
		assert.equal(summary.prevented + summary.happened + summary.effect_unknown, told.recording.blocked, 'the command line and the page agree');
		// The review page is shown as a page.
		await until(() => page.$$eval('.review-page table', v => v.length), n => n >= 2, 'tables of the review page');
		assert.doesNotMatch(await page.textContent('.review-page'), /\*\*|\|---/);
		assert.deepEqual(wrong, []);
	} finally {
		await browser.close();
		await server.stop();
		fs.rmSync(dir, {recursive: true, force: true});
	}
});
