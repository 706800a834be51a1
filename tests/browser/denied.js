// SPDX-License-Identifier: GPL-2.0-only
// A denial that the policy cannot hold to is said at the foot, with which and why; so is what nobody decided and would be stopped.
'use strict';
const assert = require('node:assert'), path = require('node:path');
const {launch, stakeout, serve, folder, watch, until, says, workload, review, allowAll, run} = require('./lib/browser.js');

run(async () => {
	const dir = folder(), db = path.join(dir, 's.db');
	stakeout('corpus', '--benign', '-o', dir, 'node-service');
	stakeout('ingest', '--db', db, path.join(dir, 'node-service.benign.ndjson'));
	const server = await serve('--db', db), browser = await launch();
	try {
		const page = await browser.newPage({viewport: {width: 1600, height: 900}}), wrong = watch(page, server.url);
		const {id, api} = await workload(page, server.url, r => r.kind === 'Deployment');
		const foot = text => says(page, '#foot', t => t.includes(text), text);
		const show = async query => {
			await review(page, server.url, id, `?${query}`);
		};

		// Everything but the connections is allowed: those are undecided, and would be stopped.
		await show('kind=exec');
		for (const kind of ['exec', 'file']) {
			await show(`kind=${kind}`);
			await allowAll(page);
		}
		const left = (await api('')).connect, before = (await api('/consequence')).recording;
		assert.ok(left > 0 && before.undecided_blocked === left, `${left} undecided, ${before.undecided_blocked} of them blocked`);
		assert.equal(before.undecided_blocked_events, before.blocked);
		assert.equal(before.denied_passing, 0);
		await foot(`${left} undecided among them`);
		const policy = await api('/policy');
		assert.equal(policy.would_stop, left);
		assert.ok(policy.rules.every(r => /^(low|medium|high): /.test(r.risk)) && policy.rules.some(r => r.kind === 'connect' && r.risk.startsWith('high')));
		await page.goto(`${server.url}/w/${id}/policy`);
		await page.waitForSelector('.examples li');
		await says(page, 'main', new RegExp(`Recorded, and not allowed: ${left} observations`));
		await until(() => page.$$eval('.rules td b.bad', v => v.map(e => e.textContent)), v => v.includes('▲ high'));

		// The probe is denied while the entrypoint, the same program by the same runtime, is allowed: that blocks nothing.
		await show('kind=exec&tag=probe');
		await page.keyboard.press('d');
		await foot('1 denied would still pass');
		await page.click('#foot a[href*=denied-passing]');
		await page.waitForSelector('.replay-list .body .row .words');
		await until(() => page.$$eval('.replay-list .body .row', v => v.length), 1);
		const why = (await api('/replay?show=denied-passing')).rows[0].why;
		assert.match(why, /what you allowed covers it too: \/usr\/local\/bin\/node, by .*started by the runtime/);
		await says(page, '.detail', /covers it too/);
		// A file that is only read is judged by no rule.
		await review(page, server.url, id, `?kind=file&q=session-102`);
		await page.keyboard.press('d');
		await foot('2 denied would still pass');
		assert.match((await api('/replay?show=denied-passing&kind=file')).rows[0].why, /does not judge it: only changes to files are judged/);
		// A denial that holds is not among them.
		await show('kind=connect');
		await page.keyboard.press('d');
		await foot(`${left - 1} undecided among them`);
		assert.equal((await api('/consequence')).recording.denied_passing, 2);
		assert.deepEqual(wrong, []);
	} finally {
		await browser.close();
		await server.stop();
	}
});
