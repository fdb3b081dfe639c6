// Builds the page into ../dist: the script with MapLibre, its worker, the style
// sheet, the fonts and the sprite. Everything comes from the packages beside it.
import {copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';
import {sprite} from './sprite.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, '..', 'dist');
const modules = join(here, 'node_modules');

mkdirSync(dist, {recursive: true});
for (const name of readdirSync(dist)) {
	if (name !== '.gitkeep') rmSync(join(dist, name), {recursive: true});
}

await build({
	entryPoints: [join(here, 'main.js')], outfile: join(dist, 'main.js'),
	bundle: true, minify: true, format: 'esm', target: 'es2022', legalComments: 'none',
});
copyFileSync(join(modules, 'maplibre-gl/dist/maplibre-gl-worker.mjs'), join(dist, 'maplibre-gl-worker.mjs'));
writeFileSync(join(dist, 'page.css'), readFileSync(join(modules, 'maplibre-gl/dist/maplibre-gl.css'), 'utf8') + readFileSync(join(here, 'page.css'), 'utf8'));
copyFileSync(join(here, 'index.html'), join(dist, 'index.html'));

for (const script of ['latin', 'latin-ext', 'greek', 'cyrillic']) {
	for (const face of ['400-normal', '400-italic', '700-normal']) {
		const name = `noto-sans-${script}-${face}.woff2`;
		copyFileSync(join(modules, '@fontsource/noto-sans/files', name), join(dist, name));
	}
}

for (const ratio of [1, 2]) {
	const {png, json} = sprite(ratio, modules, join(here, 'shapes'), join(here, '..', '..', '..', 'tiles', 'taxonomy', 'categories.tsv'));
	const name = ratio === 1 ? 'sprite' : `sprite@${ratio}x`;
	writeFileSync(join(dist, `${name}.png`), png);
	writeFileSync(join(dist, `${name}.json`), JSON.stringify(json));
}

// Whose work is in there, and under which terms.
writeFileSync(join(dist, 'licences.txt'), ['maplibre-gl', '@fontsource/noto-sans', '@mapbox/maki', '@rapideditor/temaki'].map((name) => {
	const folder = join(modules, name);
	const file = readdirSync(folder).find((f) => /^licen[cs]e/i.test(f));
	return `${name}\n\n${file ? readFileSync(join(folder, file), 'utf8') : JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).license}\n`;
}).join('\n----\n\n'));
