// Renders places of a running server in headless Chromium, to be looked at, after
// npm ci in this folder:
//   node render.mjs http://127.0.0.1:8080 OUT [REGION LAT,LON ZOOM[,ZOOM…] [light|dark] [WIDTHxHEIGHT[x2]]]…
// CHROMIUM names the browser, else it is /usr/bin/chromium; with JPEG=82 pictures are
// JPEG of that quality, else PNG. It prints after how many milliseconds the map and
// its places were drawn, and what the page itself had fetched by then.
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import puppeteer from 'puppeteer-core';

const [server, out, ...views] = process.argv.slice(2);
if (!out) {
	console.error('usage: node render.mjs SERVER OUT [REGION LAT,LON ZOOMS THEME SIZE]...');
	process.exit(2);
}
mkdirSync(out, {recursive: true});
const browser = await puppeteer.launch({
	executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
	args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--hide-scrollbars'],
});
for (let i = 0; i < views.length; i += 5) {
	const [region, place, zooms, theme = 'light', size = '1280x800'] = views.slice(i, i + 5);
	const [lat, lon] = place.split(','), [width, height, ratio = 1] = size.split('x').map(Number);
	for (const zoom of zooms.split(',')) {
		const page = await browser.newPage();
		page.on('console', (m) => { if (m.type() === 'error') console.error(m.text()); });
		page.on('pageerror', (e) => console.error(String(e)));
		await page.setViewport({width, height, deviceScaleFactor: ratio});
		await page.emulateMediaFeatures([{name: 'prefers-color-scheme', value: theme}]);
		await page.goto(`${server}/?region=${region}#map=${zoom}/${lat}/${lon}`);
		await page.waitForFunction(() => document.body.dataset.places === 'drawn', {timeout: 120_000});
		const [ms, bytes] = await page.evaluate(() => [performance.now(), performance.getEntriesByType('resource').reduce((n, e) => n + e.transferSize, 0)]);
		await new Promise((done) => setTimeout(done, 1500));
		const name = join(out, `${region}-${zoom}-${theme}-${width}.${process.env.JPEG ? 'jpeg' : 'png'}`);
		await page.screenshot({path: name, ...(process.env.JPEG ? {type: 'jpeg', quality: Number(process.env.JPEG)} : {})});
		console.log(`${name}  ${Math.round(ms)} ms, ${Math.round(bytes / 1000)} kB`);
		await page.close();
	}
}
await browser.close();
