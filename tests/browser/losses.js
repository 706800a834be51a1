// SPDX-License-Identifier: GPL-2.0-only
// A recording that lost events is never called complete: Fleet, Review and Ship say so, with the number and the reason, and
// nothing on the page takes that away.
'use strict';
const assert = require('node:assert'), fs = require('node:fs'), path = require('node:path');
const {launch, stakeout, serve, folder, watch, says, settled, review, allowAll, run} = require('./lib/browser.js');

const LOST = 1234;

run(async () => {
	const dir = folder(), db = path.join(dir, 's.db'), lossy = path.join(dir, 'lossy.ndjson');
	stakeout('corpus', '--benign', '-o', dir, 'node-service', 'batch-job');
	// The agent tells what it dropped in a line of its own.
	fs.copyFileSync(path.join(dir, 'node-service.benign.ndjson'), lossy);
	fs.appendFileSync(lossy, JSON.stringify({rate_limit_info: {number_of_dropped_process_events: String(LOST)}, node_name: 'n1', time: '2026-03-02T06:30:00Z'}) + '\n');
	stakeout('ingest', '--db', db, lossy);
	stakeout('ingest', '--db', db, path.join(dir, 'batch-job.benign.ndjson'));
	const server = await serve('--db', db), browser = await launch();
	try {
		const page = await browser.newPage({viewport: {width: 1400, height: 900}}), wrong = watch(page, server.url);
		await page.goto(server.url);
		await page.waitForSelector('.fleet-list .body .row a');
		const rows = await page.evaluate(async () => (await (await fetch('/api/v1/workloads')).json()).rows);
		const lost = rows.filter(r => r.lost), whole = rows.filter(r => !r.lost);
		assert.ok(lost.length && whole.length, 'one recording lost events, the other did not');
		assert.ok(lost.every(r => r.lost === LOST && /recording lost 1,234 events: not complete/.test(r.next)));

		// Fleet: first in the list, in words and as a number.
		await says(page, '.fleet-list .body .row', /recording lost 1,234 events: not complete/);
		await says(page, '.fleet-list .body .row .cell.lost', '1,234');
		await says(page, '#notices', /lost/, 'the fleet says it above the table too');

		// Review, also when everything is decided: the notice stays, and leads to the reason.
		await review(page, server.url, lost[0].id);
		const notice = (text, what) => says(page, '#notices', text, what);
		await notice(/Not complete: 1,234 events lost/);
		assert.equal(await page.$('#notices button'), null, 'it cannot be dismissed');
		await allowAll(page);
		await settled(page);
		await notice(/Not complete: 1,234 events lost/);
		await page.click('#notices a');
		await page.waitForSelector('dialog[open] table');
		await says(page, 'dialog[open]', /1,234/);
		await says(page, 'dialog[open]', /rate/, 'the reason is told');
		await page.keyboard.press('Escape');
		for (const screen of ['replay', 'policy', 'ship']) {
			await page.goto(`${server.url}/w/${lost[0].id}/${screen}`);
			await says(page, '#notices .warn', /1,234 events lost/, screen);
		}
		await review(page, server.url, whole[0].id);
		await settled(page);
		await notice(text => !/lost/.test(text), 'a workload of the other recording is not blamed');
		assert.deepEqual(wrong, []);
	} finally {
		await browser.close();
		await server.stop();
		fs.rmSync(dir, {recursive: true, force: true});
	}
});
