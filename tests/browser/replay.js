// SPDX-License-Identifier: GPL-2.0-only
// Replay: what a choice changes against an earlier one, filters, and a long replay that shows how far it is and ends, on the
// server too, when it is cancelled or its page is closed.
'use strict';
const assert = require('node:assert'), fs = require('node:fs'), path = require('node:path');
const {execFileSync, spawn} = require('node:child_process');
const {launch, stakeout, serve, folder, watch, until, says, workload, review, allowAll, run} = require('./lib/browser.js');

// A corpus without end: a pipe that is filled as long as somebody reads it. Resolves when nobody does any more.
function endless(pipe, file) {
	const child = spawn('sh', ['-c', 'trap "" PIPE; exec 3>"$0"; while cat "$1" >&3 2>/dev/null; do :; done', pipe, file], {stdio: 'ignore'});
	process.on('exit', () => child.kill('SIGKILL'));
	return new Promise(done => child.once('exit', done));
}

const within = (ms, what, promise) => Promise.race([promise, new Promise((_, no) => setTimeout(() => no(new Error(`${what}: not within ${ms} ms`)), ms))]);

run(async () => {
	const dir = folder(), db = path.join(dir, 's.db'), pipe = path.join(dir, 'endless.ndjson');
	stakeout('corpus', '-o', dir, 'node-service');
	stakeout('corpus', '--benign', '-o', dir, 'node-service');
	const corpus = path.join(dir, 'node-service.ndjson'), benign = path.join(dir, 'node-service.benign.ndjson');
	stakeout('ingest', '--db', db, benign);
	execFileSync('mkfifo', [pipe]);
	// The pipe is in the list of a server of its own: the line at the foot would wait for its end.
	const server = await serve('--db', db, '--corpus', corpus), piped = await serve('--db', db, '--corpus', pipe), browser = await launch();
	try {
		const page = await browser.newPage({viewport: {width: 1600, height: 900}}), wrong = watch(page, server.url);
		const {id, api} = await workload(page, server.url, r => r.kind === 'Deployment');

		// Version 1 allows everything; version 2 takes one connection back.
		await review(page, server.url, id);
		await allowAll(page);
		const victim = (await api('/observations?kind=connect&sort=count&descending=1')).rows[0];
		await review(page, server.url, id, `?kind=connect&sort=count&descending=1`);
		await page.keyboard.press('d');
		await says(page, '#toast', /^Denied/);

		// Compared with version 1: exactly that is newly blocked, in words and in numbers.
		await page.keyboard.press('3');
		await page.waitForSelector('.summary b');
		await until(() => page.evaluate(() => document.querySelector('[aria-label="Compare with"]')?.options.length), n => n > 2, 'versions to compare with');
		await page.selectOption('[aria-label="Compare with"]', '1');
		await says(page, '.summary .compared', /version 1/);
		await until(() => page.url(), /current=1/);
		const changed = await api('/replay?current=1&show=changed');
		assert.ok(changed.newly_blocked >= victim.count && changed.newly_allowed === 0, JSON.stringify({...changed, rows: 0}));
		assert.ok(changed.rows.every(r => r.before === 'allow' && (r.verdict === 'deny' || r.verdict === 'kill')));
		assert.ok(changed.rows.some(r => r.observation === victim.id), 'the connection that was taken back is listed');
		await says(page, '.summary .compared', new RegExp(`version 1: ${changed.newly_blocked.toLocaleString('en-US')} newly blocked, 0 newly allowed`));
		await says(page, '.replay-list .body .row .verdict', /was allowed/);
		const times = (await api('/replay?show=all&limit=1000')).rows.map(r => r.time_ns);
		assert.deepEqual(times, [...times].sort(), 'what is replayed comes in the order of time');
		const nothing = await api(`/replay?current=0&show=newly-blocked`);
		assert.equal(nothing.total, 0, 'version 0 allowed nothing: nothing can be newly blocked');
		assert.ok(nothing.newly_allowed > 0);
		// Allowed here, nothing differs any more.
		await page.locator('.replay-list').focus();
		await page.keyboard.press('a');
		await says(page, '.summary .compared', / 0 newly blocked/);
		await says(page, '.note', /No verdict changes/);

		// Filters: each narrows, together they are all of it.
		const total = async filters => (await api(`/replay?show=all&${filters}`)).total;
		const all = await total('');
		let sum = 0;
		for (const phase of ['start-up', 'steady', 'probes', 'scheduled', 'interactive'])
			sum += await total(`phase=${phase}`);
		assert.equal(sum, all, 'each observation is in one phase');
		assert.ok(await total('phase=probes') > 0 && await total('phase=start-up') > 0 && await total('phase=steady') > 0);
		const instances = (await api('/instances')).rows;
		const one = await total(`instance=${instances[0].id}`);
		assert.ok(one > 0 && one < all, `one instance: ${one} of ${all}`);
		assert.equal(await total(`instance=${instances[0].id}`), (await api(`/observations?instance=${instances[0].id}`)).total);
		const ruled = (await api('/replay?show=all')).rules;
		assert.ok(ruled.length > 1);
		let decided = 0;
		for (const rule of ruled)
			decided += await total(`rule=${encodeURIComponent(rule)}`);
		assert.ok(decided > 0 && decided <= all && await total('rule=none') === 0, `${decided} of ${all} by rules`);
		await page.selectOption('[aria-label=Phase]', 'probes');
		await page.getByRole('button', {name: 'All', exact: true}).click();
		const cells = cell => page.$$eval(`.replay-list .body .row ${cell}`, v => v.map(e => e.textContent));
		await until(() => cells('.phase'), v => v.length && v.every(text => text === 'probes'), 'only probes');
		await page.selectOption('[aria-label="Replay against"]', '0');
		await page.selectOption('[aria-label=Phase]', '');
		const memfd = 'attack: memfd run', options = label => page.$eval(`[aria-label=${label}]`, e => [...e.options].map(o => o.value));
		await until(() => options('Label'), v => v.includes(memfd), 'labels to choose from');
		await page.selectOption('[aria-label=Label]', memfd);
		await until(() => cells('.tag'), [memfd, memfd, memfd]);
		const rule = (await until(() => options('Rule'), v => v.length > 1, 'the rules that stop it can be chosen'))[1];
		await page.selectOption('[aria-label=Rule]', rule);
		await until(() => cells('.why'), v => v.length && v.every(text => text.endsWith(rule)), `only what ${rule} stops`);
		await page.selectOption('[aria-label=Rule]', '');
		const pod = (await until(() => options('Instance'), v => v.length > 1, 'instances to choose from'))[1];
		assert.ok((await api(`/replay?against=0&show=all&instance=${encodeURIComponent(pod)}`)).total < (await api('/replay?against=0&show=all')).total);
		assert.equal((await page.request.get(`${server.url}/api/v1/workloads/${id}/replay?phase=never`)).status(), 400);
		// The address holds all of it.
		await page.reload();
		await until(async () => (await cells('.tag')).length, 3, 'rows after a reload');

		// On a narrow screen nothing scrolls sideways: one choice of events, the filters on demand.
		const narrow = await browser.newPage({viewport: {width: 380, height: 800}}), wrongNarrow = watch(narrow, server.url);
		await narrow.goto(page.url());
		await narrow.waitForSelector('.replay-list .body .row .words');
		await until(() => narrow.$$eval('.bar', v => v.length > 1 && v.every(b => b.scrollWidth <= b.clientWidth)), true, 'no bar is wider than the screen');
		assert.equal(await narrow.isVisible('[aria-label=Label]'), false);
		await narrow.getByRole('button', {name: 'Filters (1)'}).click();
		await narrow.selectOption('[aria-label=Label]', '');
		await narrow.getByRole('button', {name: 'Filters', exact: true}).waitFor();
		await narrow.selectOption('select[aria-label="Which events"]', 'attacks');
		await narrow.waitForURL(/show=attacks/);
		await until(() => narrow.$$eval('.bar', v => v.every(b => b.scrollWidth <= b.clientWidth)), true, 'nor with the filters');
		assert.deepEqual(wrongNarrow, []);
		await narrow.close();
		assert.deepEqual(wrong, []);

		// A replay without end: how far it is, and Cancel.
		const long = await browser.newPage({viewport: {width: 1400, height: 900}}), wrongLong = watch(long, piped.url);
		await long.route(/\/consequence(\?|$)/, route => route.fulfill({status: 503, json: {error: 'not asked here'}}));
		const runs = async () => (await (await page.request.get(`${piped.url}/api/v1/runs`, {headers: {Cookie: ''}})).json()).rows;
		// The pipe is let go a moment before the run is taken off the list.
		const forgotten = () => until(async () => (await runs()).length, 0, 'the run is still listed');
		const open = async () => {
			const ended = endless(pipe, benign);
			await long.goto(`${piped.url}/w/${id}/replay?against=0&show=all`);
			await long.waitForSelector('.progress:not([hidden]) button');
			await says(long, '.bar .progress', /\d MB so far/);
			return [ended];   // not the promise itself: the caller's await would wait for it
		};
		let [ended] = await open();
		await until(async () => (await runs()).length, 1);
		await until(async () => (await runs())[0].done, done => done > 0, 'it is told how far it is');
		await long.getByRole('button', {name: 'Cancel'}).click();
		await says(long, '.note', /^Cancelled/);
		await within(30000, 'the server goes on reading after Cancel', ended);
		await forgotten();
		// Closing the page ends it as well.
		[ended] = await open();
		assert.deepEqual(wrongLong, []);
		await long.close();
		await within(30000, 'the server goes on reading after its page was closed', ended);
		await forgotten();
	} finally {
		await browser.close();
		await Promise.all([server.stop(), piped.stop()]);
		fs.rmSync(dir, {recursive: true, force: true});
	}
});
