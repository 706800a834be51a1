// SPDX-License-Identifier: GPL-2.0-only
// A choice against what is deployed now: what --current names, as a file and as a folder; what it does not take; what would not load.
// And who holds to the choice: the YAML, or the image in each of its ways.
'use strict';
const assert = require('node:assert'), fs = require('node:fs'), path = require('node:path');
const {spawnSync} = require('node:child_process');
const {launch, stakeout, serve, folder, watch, until, says, workload, review, allowAll, run, program} = require('./lib/browser.js');

run(async () => {
	const dir = folder(), db = path.join(dir, 's.db'), out = path.join(dir, 'out');
	stakeout('corpus', '--benign', '-o', dir, 'node-service');
	stakeout('ingest', '--db', db, path.join(dir, 'node-service.benign.ndjson'));
	// Deployed is a policy that allows all that was recorded; nothing is decided here yet.
	const list = path.join(dir, 'all.yaml');
	fs.writeFileSync(list, stakeout('allow', '--db', db, 'shop/Deployment/cart', '--one-offs'));
	stakeout('compile', list, '-o', out);
	const deployed = fs.readdirSync(out).filter(f => /^shop-cart(-\d+)?\.yaml$/.test(f)).map(f => path.join(out, f));
	assert.ok(deployed.length, fs.readdirSync(out).join(' '));
	const wrongFile = spawnSync(program, ['serve', '--listen', '127.0.0.1:0', '--current', list], {encoding: 'utf8', timeout: 20000});
	assert.equal(wrongFile.status, 2, 'an allowlist is no TracingPolicy');
	const image = path.join(out, fs.readdirSync(out).find(f => f.endsWith('.elf')));
	const wrongImage = spawnSync(program, ['serve', '--listen', '127.0.0.1:0', '--current', image], {encoding: 'utf8', timeout: 20000});
	assert.equal(wrongImage.status, 2);
	assert.match(wrongImage.stderr, /takes TracingPolicies/);

	const again = path.join(dir, 'again.yaml');
	fs.copyFileSync(deployed[0], again);
	const torn = path.join(dir, 'torn.ndjson');
	fs.writeFileSync(torn, fs.readFileSync(path.join(dir, 'node-service.benign.ndjson'), 'utf8').slice(0, -100));
	const server = await serve('--db', db, ...deployed.flatMap(f => ['--current', f]), '--current', again, '--corpus', torn), without = await serve('--db', db), browser = await launch();
	try {
		const page = await browser.newPage({viewport: {width: 1600, height: 900}}), wrong = watch(page, server.url);
		const {id, api} = await workload(page, server.url, r => r.kind === 'Deployment');
		await page.goto(`${server.url}/w/${id}/replay`);
		await page.waitForFunction(() => document.querySelector('[aria-label="Compare with"] option[value=deployed]'));
		await page.selectOption('[aria-label="Compare with"]', 'deployed');
		await says(page, '.summary .compared', /newly blocked/);
		const before = await api('/replay?current=deployed&show=newly-blocked');
		assert.equal(before.newly_blocked, before.blocked, 'all that is blocked is allowed by what is deployed');
		assert.ok(before.newly_blocked > 0 && before.newly_allowed === 0);
		await says(page, '.summary .compared', new RegExp(`Against what is deployed now: ${before.newly_blocked.toLocaleString('en-US')} newly blocked`));
		await until(() => page.url(), /current=deployed/);
		await says(page, '.summary', /Not judged: 1 deployed policy would not load .* a second one/);

		// All of it allowed: nothing differs.
		await review(page, server.url, id);
		await allowAll(page);
		const after = await api('/replay?current=deployed');
		assert.deepEqual([after.newly_blocked, after.newly_allowed, after.newly_unknown], [0, 0, 0]);
		assert.equal((await page.request.get(`${without.url}/api/v1/workloads/${id}/replay?current=deployed`)).status(), 404);
		assert.equal((await page.request.get(`${server.url}/api/v1/workloads/${id}/replay?current=later`)).status(), 400);
		// Who holds to it: kept from page to page, said at the foot and in the address.
		await page.goto(`${server.url}/w/${id}/policy`);
		await page.waitForSelector('.target select');
		assert.doesNotMatch(await says(page, '#foot', /not all of 1 corpus could be read/), /image/);
		await page.getByLabel('Judged by').selectOption('signal');
		await says(page, '#foot', /judged by the image, as stakeout enforce does with signal/);
		await until(() => page.url(), /backend%3Dsignal.*by=image|by=image.*backend%3Dsignal/);
		await says(page, '.target', /it kills: .* guards are not held/);
		await page.goto(`${server.url}/w/${id}/replay?show=all`);
		await says(page, '#foot', /with signal/);
		await page.goto(`${server.url}/w/${id}/ship`);
		await page.waitForSelector('.target select');
		await page.getByLabel('Judged by').selectOption('signal');
		await says(page, '.steps', /stakeout enforce \S+\.image\.elf --backend signal --audit/);
		await page.getByLabel('Judged by').selectOption('');
		await says(page, '#foot', text => /Recording/.test(text) && !/image/.test(text));
		// A host workload gets no YAML: there is no such choice.
		const host = (await page.evaluate(async () => (await (await fetch('/api/v1/workloads')).json()).rows)).find(r => r.namespace === 'host');
		await page.goto(`${server.url}/w/${host.id}/policy`);
		await page.waitForSelector('.target select');
		await until(() => page.getByLabel('Judged by').inputValue(), 'lsm');
		assert.deepEqual(wrong, []);
	} finally {
		await browser.close();
		await Promise.all([server.stop(), without.stop()]);
	}
});
