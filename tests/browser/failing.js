// SPDX-License-Identifier: GPL-2.0-only
// What goes wrong behind the page: no store yet, a damaged one, a full disk, a store that is locked or gone, a server that is gone. Each says what and what to do,
// and a choice that was not stored is taken back on the page.
'use strict';
const fs = require('node:fs'), path = require('node:path'), {spawn, spawnSync} = require('node:child_process');
const {launch, stakeout, serve, folder, until, says, run} = require('./lib/browser.js');

const VIEW = {viewport: {width: 1500, height: 900}};

async function firstRow(page, url) {
	await page.goto(url);
	await page.click('.fleet-list .row a');
	await page.waitForSelector('.review-list .row.cursor .what');
	await page.locator('.scroller').focus();
}

const notStored = page => until(() => page.locator('.review-list .row .choice.allow').count(), 0, 'a choice that was not stored is not shown as made');

run(async () => {
	const dir = folder(), events = path.join(dir, 'e.ndjson'), db = path.join(dir, 's.db');
	stakeout('corpus', '--benign', '-o', dir, 'batch-job');
	fs.renameSync(path.join(dir, 'batch-job.benign.ndjson'), events);
	stakeout('ingest', '--db', db, events);
	const browser = await launch();
	try {
		// No store: how to fill one.
		const none = await serve('--db', path.join(dir, 'none.db'));
		let page = await browser.newPage(VIEW);
		await page.goto(none.url);
		await says(page, 'section.empty', /stakeout record.*stakeout ingest.*stakeout corpus/);
		await none.stop();

		// A damaged one.
		const bytes = fs.readFileSync(db), bad = path.join(dir, 'bad.db');
		for (let i = 100; i < bytes.length; i += 7)
			bytes[i] ^= 0x5a;
		fs.writeFileSync(bad, bytes);
		const damaged = await serve('--db', bad);
		for (const at of ['/', '/w/1/review', '/w/1/policy']) {
			await page.goto(damaged.url + at);
			await says(page, '.failure', /bad\.db: .*damaged/);
		}
		await damaged.stop();

		// A full disk: a small file system, where this user may make one.
		const small = path.join(dir, 'small');
		fs.mkdirSync(small);
		if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', small]).status === 0) {
			try {
				fs.copyFileSync(db, path.join(small, 's.db'));
				const full = await serve('--db', path.join(small, 's.db'));
				await firstRow(page, full.url);
				spawnSync('dd', ['if=/dev/zero', `of=${small}/rest`, 'bs=1k']);
				await page.keyboard.press('a');
				await says(page, '#toast', /disk is full.*nothing stored was lost/);
				await notStored(page);
				fs.rmSync(path.join(small, 'rest'));
				await page.keyboard.press('k');
				await page.keyboard.press('a');
				await says(page, '#toast', /Allowed/);
				await full.stop();
			} finally {
				spawnSync('umount', [small]);
			}
		} else {
			console.log('a full disk is not tried: this user may not mount a file system');
		}

		// A store that another program holds, and one that is taken away while the page is open.
		const held = path.join(dir, 'held.db');
		fs.copyFileSync(db, held);
		const holding = await serve('--db', held), holder = spawn('sqlite3', ['-batch', held], {stdio: ['pipe', 'pipe', 'inherit']});
		holder.on('error', () => {});   // no sqlite3 here
		await firstRow(page, holding.url);
		holder.stdin.on('error', () => {});
		holder.stdin.write('BEGIN IMMEDIATE;\nSELECT 1;\n');
		if (await new Promise(done => { holder.stdout.once('data', () => done(true)); holder.once('error', () => done(false)); })) {
			await page.keyboard.press('a');
			await says(page, '#toast', /held\.db.*another program holds it locked.*repeat it here/);
			await notStored(page);
			holder.stdin.end('ROLLBACK;\n');
			await new Promise(done => holder.once('exit', done));
		} else {
			console.log('a locked store is not tried: sqlite3 is missing');
		}
		fs.rmSync(held);
		await page.keyboard.press('a');
		await says(page, '#toast', /there is no store at .*held\.db/);
		await notStored(page);
		await holding.stop();

		// A server that ends: nothing is lost from sight, and every way on says what is wrong.
		const server = await serve('--db', db);
		await firstRow(page, server.url);
		await server.stop();
		await page.keyboard.press('a');
		await says(page, '#toast', /server cannot be reached.*Start it again/);
		await notStored(page);
		await page.keyboard.press('3');
		await says(page, '.failure', /server cannot be reached.*Start it again/);
		await page.keyboard.press('1');
		await says(page, '.failure', /server cannot be reached.*Start it again/);
	} finally {
		await browser.close();
	}
});
