// SPDX-License-Identifier: GPL-2.0-only
// Names that would like to be markup, script, direction marks or control bytes are shown as text on every screen.
'use strict';
const assert = require('node:assert'), fs = require('node:fs'), path = require('node:path');
const {launch, stakeout, serve, folder, watch, settled, workload, run, says} = require('./lib/browser.js');

const EVIL = ['<img src=x onerror=alert(1)>', '"><script>alert(2)</script>', "';alert(3)//", '{{7*7}}${alert(4)}', '../../etc/passwd\u202etxt.exe',
	      'javascript:alert(5)', '\u05d0\u05d1\u05d2 \u0627\u0644\u0639', 'a\u0007\u001b[31mred', '\udbff\udfff'.slice(0, 0) + 'x'.repeat(3000), '</title><svg onload=alert(6)>'];

run(async () => {
	const dir = folder(), db = path.join(dir, 's.db'), file = path.join(dir, 'evil.ndjson');
	// Pods of one workload that no two share a label.
	const starts = (owner, container, id) => EVIL.map((name, i) => JSON.stringify({process_exec: {
		process: {exec_id: `${id}${i}`, pid: 100 + i, uid: 0, cwd: '/', binary: '/bin/' + name, arguments: name, start_time: `2026-03-02T06:00:0${i}.5Z`,
			  pod: {namespace: 'shop', name: `${id}-${i}`, workload: owner, workload_kind: 'Deployment', pod_labels: {app: name.slice(0, 50)},
				container: {id: `containerd://${id.repeat(32)}`, name: container, image: {id: 'x', name}, start_time: '2026-03-02T06:00:00Z', pid: 1}},
			  parent_exec_id: 'p', tid: 100 + i},
		parent: {exec_id: 'p', pid: 1, binary: '/sbin/' + name, arguments: '', start_time: '2026-03-02T05:00:00Z'}},
		stakeout: {format: 1, path: '/bin/' + name, parent_path: '/sbin/' + name}, node_name: name.slice(0, 60), time: `2026-03-02T06:00:0${i}.5Z`}));
	fs.writeFileSync(file, [...starts('cart<b>', EVIL[0], 'ab'), ...starts('plain', 'app', 'cd')].join('\n') + '\n');
	stakeout('ingest', '--db', db, file);
	const server = await serve('--db', db, '--corpus', file), browser = await launch();
	try {
		const page = await browser.newPage({viewport: {width: 1400, height: 900}});
		const wrong = watch(page, server.url);
		await page.addInitScript(() => {
			window.violations = [];
			document.addEventListener('securitypolicyviolation', e => window.violations.push(`${e.violatedDirective} ${e.blockedURI}`));
		});
		const {id} = await workload(page, server.url, r => r.name === 'cart<b>');
		let text = '';
		for (const screen of ['review', 'replay?show=all', 'policy', 'ship', 'review?panel=sources']) {
			await page.goto(`${server.url}/w/${id}/${screen}`);
			await page.waitForSelector('main > *');
			await settled(page);
			for (const key of ['j', 'j', 'g'])
				await page.keyboard.press(key);
			await settled(page);
			text += await page.evaluate(() => document.body.textContent);
			const made = await page.evaluate(() => [...document.querySelectorAll('main img, main script, dialog img, main svg[onload], main b b, title svg')].length);
			assert.equal(made, 0, `${screen}: a name became markup`);
			assert.deepEqual(await page.evaluate(() => window.violations), [], screen);
			// eslint-disable-next-line no-control-regex
			assert.doesNotMatch(await page.evaluate(() => document.body.innerText), /[\u0000-\u0008\u000b-\u001f\u202a-\u202e]/, `${screen}: a control character`);
		}
		assert.match(text, /No YAML:.*no selector can name the container/, 'a container that no selector can name: an image, and why');
		assert.ok(text.includes('<img src=x onerror=alert(1)>'), 'markup is shown as text');
		assert.ok(text.includes('\\u{202e}'), 'direction marks are shown');
		assert.ok(text.includes('\\x1b'), 'control characters are shown');
		const plain = await workload(page, server.url, r => r.name === 'plain');
		await page.goto(`${server.url}/w/${plain.id}/policy`);
		// Labels that no two pods share: the way on is told.
		await says(page, 'main', /No policy can be made of this choice\..*completed and given to stakeout compile/);
		assert.deepEqual(wrong, []);
	} finally {
		await browser.close();
		await server.stop();
		fs.rmSync(dir, {recursive: true, force: true});
	}
});
