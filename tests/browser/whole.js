// SPDX-License-Identifier: GPL-2.0-only
// From choosing to the downloaded file, which the command line then compiles and replays.
'use strict';
const assert = require('node:assert'), fs = require('node:fs'), path = require('node:path');
const {launch, stakeout, serve, folder, watch, until, says, review, run} = require('./lib/browser.js');

run(async () => {
	const dir = folder(), db = path.join(dir, 's.db');
	stakeout('corpus', '-o', dir, 'node-service');
	stakeout('corpus', '--benign', '-o', dir, 'node-service');
	const corpus = path.join(dir, 'node-service.ndjson');
	stakeout('ingest', '--db', db, path.join(dir, 'node-service.benign.ndjson'));
	const server = await serve('--db', db, '--corpus', corpus);
	const browser = await launch();
	try {
		const context = await browser.newContext({viewport: {width: 1400, height: 900}, acceptDownloads: true});
		const page = await context.newPage();
		const wrong = watch(page, server.url);
		await page.goto(server.url);

		// Fleet: filter, open with the keyboard.
		await page.waitForSelector('.fleet-list .row:not(.head):not(.waiting)');
		await page.keyboard.press('/');
		await page.keyboard.type('deployment');
		await until(() => page.$$eval('.fleet-list .body .row a', v => v.length), 1, 'rows left by the filter');
		await page.keyboard.press('Escape');
		await page.keyboard.press('Enter');
		await page.waitForSelector('.review-list .row.cursor .what');
		assert.match(page.url(), /\/w\/\d+\/review/);
		const id = page.url().match(/\/w\/(\d+)/)[1];
		const api = async p => page.evaluate(async u => (await fetch(u)).json(), `/api/v1/workloads/${id}${p}`);
		const before = await api('');
		assert.ok(before.undecided > 10, 'the workload has observations');

		// One by key, then undo; stored at once each time.
		await page.keyboard.press('a');
		await page.waitForFunction(() => document.querySelector('.review-list .row .choice.allow'));
		await says(page, '#toast', /^Allowed/);
		assert.equal((await api('')).allowed, 1);
		await page.keyboard.press('z');
		await says(page, '#toast', /^Undone/);
		assert.equal((await api('')).allowed, 0);

		// A range of three denied, and undone by one key.
		await page.keyboard.press('Home');
		for (const key of ['Shift+J', 'Shift+J', 'd'])
			await page.keyboard.press(key);
		await says(page, '#toast', /^Denied: 3/);
		assert.equal((await api('')).denied, 3);
		await page.keyboard.press('z');
		await says(page, '#toast', /^Undone/);
		assert.equal((await api('')).denied, 0);

		// Another tab decides the same: told, nothing overwritten.
		const other = await context.newPage();
		await other.goto(page.url());
		await other.waitForSelector('.review-list .row.cursor .what');
		await other.keyboard.press('Home');
		await other.keyboard.press('d');
		await says(other, '#toast', /^Denied/);
		await page.bringToFront();
		await page.keyboard.press('Home');
		await page.keyboard.press('a');
		await says(page, '#toast.bad', /someone else decided/);
		const after = await api('');
		assert.deepEqual([after.allowed, after.denied], [0, 1]);
		await page.keyboard.press('z');
		await says(page, '#toast', /^Undone/);
		await other.close();

		// Everything undecided at once: a preview with counts first.
		await page.keyboard.press('b');
		await page.getByRole('button', {name: 'Allow all that is undecided'}).click();
		await page.waitForSelector('.preview .primary');
		assert.equal((await api('')).allowed, 0, 'a preview changes nothing');
		await page.click('.preview .primary');
		await says(page, '#toast', /^Stored/);
		const chosen = await api('');
		assert.ok(chosen.allowed > 10);

		// The consequence follows.
		const told = await api('/consequence');
		assert.equal(told.corpora[0].broken, 0, 'nothing benign breaks');
		assert.ok(told.corpora[0].stopped > 0, 'attacks are stopped');
		await says(page, '#foot', text => text.replace(/,/g, '').includes(`${told.corpora[0].stopped} of ${told.corpora[0].attacks} attacks stopped`));

		// Back works, and the address holds the state.
		await review(page, server.url, id, `?kind=connect`);
		await says(page, '.tab[aria-pressed=true]', /Connect/);
		await page.keyboard.press('3');
		await page.waitForSelector('.strip svg');
		await page.goBack();
		await page.waitForSelector('.review-list .row.cursor .what');
		await until(() => page.url(), /\/review\?.*kind=connect/);

		// Policy in words, then the files.
		await page.keyboard.press('4');
		await page.waitForSelector('ol.words li');
		await says(page, 'ol.words', /When a program/);
		await page.keyboard.press('5');
		await page.waitForSelector('table.files a');
		const files = {};
		for (const name of await page.$$eval('table.files a', v => v.map(a => a.download))) {
			const [download] = await Promise.all([page.waitForEvent('download'), page.click(`table.files a[download="${name}"]`)]);
			assert.equal(download.suggestedFilename(), name);
			files[name] = path.join(dir, name);
			await download.saveAs(files[name]);
			assert.ok(fs.statSync(files[name]).size > 0, `${name} is empty`);
		}
		const allowlist = Object.keys(files).find(f => f.endsWith('.allowlist.yaml'));
		const policy = Object.keys(files).find(f => /\.yaml$/.test(f) && f !== allowlist && f !== 'kustomization.yaml');
		assert.ok(allowlist && policy, `files: ${Object.keys(files)}`);

		// The command line makes the same bytes of the downloaded allowlist, and replays what was downloaded.
		stakeout('compile', files[allowlist], '-o', path.join(dir, 'again'));
		assert.equal(fs.readFileSync(path.join(dir, 'again', policy), 'utf8'), fs.readFileSync(files[policy], 'utf8'));
		const lines = stakeout('replay', files[policy], '--corpus', path.join(dir, 'node-service.benign.ndjson'), '--json').trim().split('\n');
		const summary = JSON.parse(lines.pop());
		assert.ok(summary.summary.must_allow > 0);
		assert.equal(summary.summary.must_allow_broken, 0, 'the downloaded policy blocks something benign');
		assert.deepEqual(wrong, []);
	} finally {
		await browser.close();
		await server.stop();
		fs.rmSync(dir, {recursive: true, force: true});
	}
});
