// Checks a style on standard input against MapLibre's style specification, and that
// the sprite has all pictures it names. Prints what is wrong, a line each.
import {readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import spec from '@maplibre/maplibre-gl-style-spec';
import {names} from './sprite.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const style = JSON.parse(readFileSync(0, 'utf8'));
for (const e of spec.validateStyleMin(style)) console.log(e.message);

const pictures = new Set(names(join(here, 'shapes'), join(here, '..', '..', '..', 'tiles', 'taxonomy', 'categories.tsv')));

// results lists the texts that an expression may give.
function results(v) {
	if (typeof v === 'string') return [v];
	if (!Array.isArray(v)) return [];
	switch (v[0]) {
	case 'match': return [...v.slice(3, -1).filter((_, i) => i % 2 === 0), v.at(-1)].flatMap(results);
	case 'case': return [...v.slice(2, -1).filter((_, i) => i % 2 === 0), v.at(-1)].flatMap(results);
	case 'step': return [v[2], ...v.slice(4).filter((_, i) => i % 2 === 0)].flatMap(results);
	}
	return [];
}

for (const layer of style.layers) {
	for (const name of results(layer.layout?.['icon-image'])) {
		if (!pictures.has(name)) console.log(`layer ${layer.id}: the sprite has no picture ${name}`);
	}
}
