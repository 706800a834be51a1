// SPDX-License-Identifier: GPL-2.0-only
// axe-core finds nothing serious on any screen, light and dark, wide and narrow; the empty and the read-only
// store have their states.
'use strict';
const assert = require('node:assert'), fs = require('node:fs'), path = require('node:path');
const {launch, stakeout, serve, folder, watch, until, says, settled, review, run, axeSource} = require('./lib/browser.js');

async function audit(page, what, found) {
	// What is still being asked for would be looked at half drawn.
	await page.waitForSelector('main .body .row:not(.waiting), main .page > *, main .note > *, .failure, dl.commands');
	await settled(page);
	const result = await page.evaluate(() => window.axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']}));
	for (const v of result.violations)
		if (v.impact === 'serious' || v.impact === 'critical')
			found.push(`${what}: ${v.id} (${v.impact}): ${v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + (n.any[0]?.message || '')).join('; ')}`);
	const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
	if (overflow > 1)
		found.push(`${what}: the page is ${overflow} px wider than the window`);
}

run(async () => {
	const dir = folder(), db = path.join(dir, 's.db');
	stakeout('corpus', '-o', dir);
	stakeout('ingest', '--db', db, path.join(dir, 'web-server.ndjson'), path.join(dir, 'batch-job.ndjson'));
	const server = await serve('--db', db, '--corpus', path.join(dir, 'web-server.ndjson'));
	const empty = await serve('--db', path.join(dir, 'none.db')), readOnly = await serve('--db', db, '--read-only');
	const browser = await launch(), found = [];
	const axe = axeSource();
	try {
		for (const [colorScheme, width] of [['light', 1400], ['dark', 1400], ['light', 360]]) {
			const context = await browser.newContext({colorScheme, viewport: {width, height: 800}, bypassCSP: true, reducedMotion: 'reduce'});
			await context.addInitScript(axe);
			const page = await context.newPage(), wrong = watch(page, server.url);
			await page.goto(server.url);
			await page.waitForSelector('.fleet-list .body .row a');
			await audit(page, `fleet ${colorScheme} ${width}`, found);
			const rows = await page.evaluate(async () => (await (await fetch('/api/v1/workloads')).json()).rows);
			const id = rows.find(r => r.namespace !== 'host').id;
			for (const screen of ['review', 'replay', 'policy', 'ship']) {
				await page.goto(`${server.url}/w/${id}/${screen}`);
				await audit(page, `${screen} ${colorScheme} ${width}`, found);
			}
			await review(page, server.url, id);
			for (const key of ['?', 'g', 'b']) {
				await page.keyboard.press(key);
				await page.waitForSelector('dialog[open]');
				await audit(page, `dialog ${key} ${colorScheme} ${width}`, found);
				await page.keyboard.press('Escape');
				await page.waitForSelector('dialog', {state: 'detached'});
			}
			assert.deepEqual(wrong, []);
			await context.close();
		}
		const page = await (await browser.newContext({bypassCSP: true})).newPage();
		watch(page, 'http://127.0.0.1');
		await page.addInitScript(axe);
		await page.goto(empty.url);
		await page.waitForSelector('dl.commands code');
		await until(() => page.$$eval('dl.commands code', v => v.length), 3, 'three commands fill an empty store');
		await audit(page, 'empty store', found);
		await page.goto(readOnly.url);
		await says(page, '#notices', /Read-only/);
		await page.goto(`${readOnly.url}/w/99999/review`);
		await page.waitForSelector('.failure');
		await audit(page, 'no such workload', found);
		assert.deepEqual(found, []);
	} finally {
		await browser.close();
		await Promise.all([server.stop(), empty.stop(), readOnly.stop()]);
		fs.rmSync(dir, {recursive: true, force: true});
	}
});
