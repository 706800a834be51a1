// SPDX-License-Identifier: GPL-2.0-only
// A thousand workloads, and one with a hundred thousand observations: times are printed, what is asked for and what
// is in the document are held to their bounds.
'use strict';
const assert = require('node:assert'), fs = require('node:fs'), path = require('node:path');
const {launch, stakeout, serve, folder, watch, until, says, review, run} = require('./lib/browser.js');

const WORKLOADS = 1000, OBSERVATIONS = 100000;

function stream(file) {
	const out = fs.openSync(file, 'w');
	const time = i => new Date(Date.UTC(2026, 2, 2, 6) + i).toISOString();
	const process = (i, workload) => ({exec_id: `p${workload}`, pid: 10 + workload, tid: 10 + workload, uid: 0, cwd: '/', binary: '/usr/bin/app',
		start_time: time(0), pod: {namespace: `ns-${workload % 20}`, name: `w${workload}-0`, workload: `w${workload}`, workload_kind: 'Deployment',
			pod_labels: {app: `w${workload}`}, container: {id: 'containerd://' + workload.toString(16).padStart(64, '0'), name: 'main',
				image: {id: 'i', name: 'i'}, start_time: time(0), pid: 1}}});
	let lines = [];
	const put = o => { lines.push(JSON.stringify(o)); if (lines.length > 5000) { fs.writeSync(out, lines.join('\n') + '\n'); lines = []; } };
	const open = (i, workload, name) => put({process_kprobe: {process: process(i, workload), function_name: 'security_file_open',
		args: [{file_arg: {path: name, permission: '-rw-r--r--'}}, {uint_arg: 577, label: 'f_flags'}], action: 'KPROBE_ACTION_POST'},
		stakeout: {format: 1, path: '/usr/bin/app', file: name, access: ['write', 'create']}, time: time(i)});
	for (let w = 1; w < WORKLOADS; w++)
		open(w, w, `/var/lib/app/${w}`);
	for (let i = 0; i < OBSERVATIONS; i++)
		open(WORKLOADS + i, 0, `/data/shard-${i % 317}/block-${i}.dat`);
	fs.writeSync(out, lines.join('\n') + '\n');
	fs.closeSync(out);
}

run(async () => {
	const dir = folder(), db = path.join(dir, 's.db'), file = path.join(dir, 'big.ndjson');
	stream(file);
	stakeout('ingest', '--db', db, file);
	fs.rmSync(file);
	const server = await serve('--db', db), browser = await launch();
	try {
		const page = await browser.newPage({viewport: {width: 1600, height: 1000}});
		const wrong = watch(page, server.url);
		let asked = 0, twice = [];
		page.on('request', r => { if (/\/api\//.test(r.url())) twice.push(r.url()); });
		// In the page itself: from the first byte asked for to rows in the document, and the processor's time for it.
		await page.addInitScript(() => new MutationObserver((_, o) => {
			if (document.querySelector('.list .body .row .name')) {
				performance.mark('rows');
				o.disconnect();
			}
		}).observe(document, {childList: true, subtree: true}));
		const devtools = await page.context().newCDPSession(page);
		await devtools.send('Performance.enable');
		const metric = async name => 1000 * (await devtools.send('Performance.getMetrics')).metrics.find(m => m.name === name).value;
		const inPage = async what => console.log(`${what}: rows ${Math.round(await page.evaluate(() => performance.getEntriesByName('rows')[0].startTime))} ms after the address, ` +
			`${Math.round(await metric('ScriptDuration'))} ms of scripts, ${Math.round(await metric('LayoutDuration') + await metric('RecalcStyleDuration'))} ms of layout`);
		page.on('request', r => { const m = r.url().match(/\/(?:workloads|observations)\?.*limit=(\d+)/); if (m) asked += Number(m[1]); });
		const nodes = () => page.evaluate(() => document.querySelectorAll('*').length);
		let begun = Date.now();
		await page.goto(server.url);
		await page.waitForSelector('.fleet-list .body .row a');
		console.log(`fleet of ${WORKLOADS}: first view after ${Date.now() - begun} ms, ${asked} rows asked for, ${await nodes()} elements`);
		await inPage('fleet');
		assert.equal(new Set(twice).size, twice.length, `asked twice: ${twice.join(' ')}`);
		assert.ok(await page.evaluate(() => performance.getEntriesByType('resource').some(e => /\/api\/v1\/workloads/.test(e.name) && e.initiatorType !== 'fetch')), 'the rows are asked for while the scripts load');
		await says(page, '.bar', /1,000 workloads/);
		assert.ok(asked <= 100, `${asked} rows for the first view`);
		assert.ok(await nodes() < 3000);

		const id = (await page.evaluate(async () => (await (await fetch('/api/v1/workloads?sort=file&descending=1&limit=1')).json()).rows))[0].id;
		asked = 0;
		twice = [];
		begun = Date.now();
		await review(page, server.url, id);
		console.log(`workload of ${OBSERVATIONS}: first view after ${Date.now() - begun} ms, ${asked} rows asked for, ${await nodes()} elements`);
		assert.ok(asked <= 100);
		await inPage('review');
		assert.equal(twice.filter(u => /\/workloads\/\d+$/.test(u)).length, 1, twice.join(' '));
		assert.ok(await page.evaluate(() => performance.getEntriesByType('resource').some(e => /\/observations\?/.test(e.name) && e.initiatorType !== 'fetch')), 'the rows are asked for while the scripts load');
		assert.equal(new Set(twice.filter(u => /offset=0/.test(u))).size, twice.filter(u => /offset=0/.test(u)).length, 'and once');

		// Scrolling through all of it: frames are counted, only pages in view are asked for.
		const scroll = await page.evaluate(async () => {
			const el = document.querySelector('.scroller'), times = [];
			let last = performance.now(), most = 0;
			for (let i = 0; i <= 120; i++) {
				el.scrollTop = (el.scrollHeight - el.clientHeight) * i / 120;
				await new Promise(requestAnimationFrame);
				const now = performance.now();
				times.push(now - last);
				last = now;
				most = Math.max(most, document.querySelectorAll('*').length);
			}
			times.sort((a, b) => a - b);
			return {median: times[60], worst: times[120], most};
		});
		console.log(`scrolling: frame ${scroll.median.toFixed(1)} ms median, ${scroll.worst.toFixed(1)} ms worst, ${scroll.most} elements at most`);
		assert.ok(scroll.most < 4000, `${scroll.most} elements`);
		await until(() => page.$$eval('.body .row .what', v => v.map(e => e.textContent)), v => v.some(text => text.includes('/data/')), 'rows after scrolling');
		begun = Date.now();
		await page.evaluate(() => fetch(location.pathname.replace(/\/w\/(\d+).*/, '/api/v1/workloads/$1/observations?sort=count&descending=1&offset=90000&limit=200')).then(r => r.json()));
		console.log(`a page at 90,000 sorted by count: ${Date.now() - begun} ms`);

		// A choice and its consequence.
		await page.locator('.scroller').focus();
		await page.keyboard.press('Home');
		await page.waitForSelector('.review-list .row.cursor .choice');
		for (const round of ['first', 'second']) {
			begun = Date.now();
			await Promise.all([page.waitForResponse(r => /\/consequence/.test(r.url()) && r.status() === 200), page.keyboard.press('a')]);
			console.log(`choice to consequence, ${round}: ${Date.now() - begun} ms over ${OBSERVATIONS} observations`);
		}
		assert.deepEqual(wrong, []);
	} finally {
		await browser.close();
		await server.stop();
		fs.rmSync(dir, {recursive: true, force: true});
	}
});
