// SPDX-License-Identifier: GPL-2.0-only
// Another process writes to the store while Review is open: what is new is announced, and nothing moves until the person asks.
// What a rule decided is listed, and taken back.
'use strict';
const assert = require('node:assert'), fs = require('node:fs'), path = require('node:path');
const {launch, stakeout, serve, folder, watch, until, says, settled, run} = require('./lib/browser.js');

const ROWS = 120, LATER = 30;

function write(file, from, to) {
	const time = i => new Date(Date.UTC(2026, 2, 2, 6) + i).toISOString();
	const lines = [];
	for (let i = from; i < to; i++)
		lines.push(JSON.stringify({process_kprobe: {process: {exec_id: 'p', pid: 10, tid: 10, uid: 0, cwd: '/', binary: '/usr/bin/app', start_time: time(0),
			pod: {namespace: 'shop', name: 'cart-0', workload: 'cart', workload_kind: 'Deployment', pod_labels: {app: 'cart'},
				container: {id: 'containerd://' + 'a'.repeat(64), name: 'app', image: {id: 'i', name: 'i'}, start_time: time(0), pid: 1}}},
			function_name: 'security_file_open', args: [{file_arg: {path: `/etc/app/${i}`, permission: '-rw-r--r--'}}, {uint_arg: 577, label: 'f_flags'}],
			action: 'KPROBE_ACTION_POST'}, stakeout: {format: 1, path: '/usr/bin/app', file: `/etc/app/${i}`, access: ['write', 'create']}, time: time(i)}));
	fs.writeFileSync(file, lines.join('\n') + '\n');
	return file;
}

run(async () => {
	const dir = folder(), db = path.join(dir, 's.db');
	stakeout('ingest', '--db', db, write(path.join(dir, 'first.ndjson'), 0, ROWS));
	const server = await serve('--db', db), browser = await launch();
	try {
		const page = await browser.newPage({viewport: {width: 1400, height: 900}});
		const wrong = watch(page, server.url);
		await page.goto(server.url);
		await page.waitForSelector('.fleet-list .body .row a');
		await page.click('.fleet-list .body .row a');
		await page.waitForSelector('.review-list .row.cursor .what');
		const id = page.url().match(/\/w\/(\d+)/)[1];
		const api = p => page.evaluate(async u => (await fetch(u)).json(), `/api/v1/workloads/${id}${p}`);
		await says(page, '#foot', /Nothing is decided yet/);

		await page.evaluate(() => { document.querySelector('.scroller').scrollTop = 700; });
		await until(() => page.$$eval('.review-list .body .row .what', v => v.length), n => n > 0, 'rows after scrolling');
		await settled(page);
		const view = () => page.evaluate(() => [document.querySelector('.scroller').scrollTop, document.querySelector('.scroller').getBoundingClientRect().top,
			[...document.querySelectorAll('.review-list .body .row .what')].map(e => e.textContent).join()]);
		const before = await view();
		stakeout('ingest', '--db', db, write(path.join(dir, 'later.ndjson'), ROWS, ROWS + LATER));
		const button = page.getByRole('button', {name: `${LATER} new observations: show`});
		await button.waitFor();
		assert.deepEqual(await view(), before, 'nothing moves by itself');
		await button.click();
		await says(page, '.bar', new RegExp(`${ROWS + LATER} observations`));
		assert.equal((await view())[0], 700, 'the place in the list is kept');

		// A rule from the ladder; it stands in the list of what was decided, and one click takes it back.
		await page.locator('.scroller').focus();
		await page.keyboard.press('Home');
		await page.keyboard.press('g');
		await page.waitForSelector('.ladder li');
		await page.locator('.ladder li', {hasText: '/etc/app/'}).last().getByRole('button').click();
		await says(page, '#toast', /^Stored as a rule/);
		assert.equal((await api('/rules')).rows.length, 1);
		assert.ok((await api('')).allowed > 1, 'the rule decides all that it covers');
		await page.keyboard.press('h');
		await page.getByRole('button', {name: 'Take back'}).click();
		await says(page, '#toast', /^Taken back/);
		assert.equal((await api('/rules')).rows.length, 0);
		assert.equal((await api('')).allowed, 0);
		await page.keyboard.press('h');
		await says(page, 'dialog', /History/);
		assert.deepEqual(wrong, []);

		// The server goes away: what could not be stored is not shown as stored.
		await page.keyboard.press('Escape');
		await page.waitForSelector('dialog', {state: 'detached'});
		await page.locator('.scroller').focus();
		await page.keyboard.press('Home');
		await server.stop();
		await page.keyboard.press('a');
		await says(page, '#toast.bad', /cannot be reached/);
		await until(() => page.locator('.review-list .row .choice.allow').count(), 0, 'a choice that was not stored is not shown as made');
	} finally {
		await browser.close();
		await server.stop();
		fs.rmSync(dir, {recursive: true, force: true});
	}
});
