// The sprite: a disc with an icon of maki or temaki for each category, in the
// colour of its group, and the shields and arrows in shapes/. Categories that look
// alike share one picture.
import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {Resvg} from '@resvg/resvg-js';
import potpack from 'potpack';
import {png} from './png.mjs';

const colours = {
	food: '#c4561d', lodging: '#3566b5', cycling: '#1769c9', water: '#1583b3', rest: '#5c7f35', sight: '#8a4a9c', culture: '#8a4a9c', nature: '#3d8a3d',
	leisure: '#2d8f6f', health: '#c2323a', emergency: '#c2323a', shop: '#a8456b', producer: '#8a6a1d', transport: '#4c5a78', education: '#7a6520', living: '#7a6520',
	route: '#c2185b', notice: '#d07800',
};
const other = '#6a6f76';

export const disc = 22; // pixels across, at ratio 1

function glyph(modules, icon) {
	const [set, name] = icon.split('/');
	const file = set === 'temaki' ? join(modules, '@rapideditor/temaki/icons', `${name}.svg`) : join(modules, '@mapbox/maki/icons', `${name}.svg`);
	if (!existsSync(file)) throw new Error(`categories.tsv names an icon that there is not: ${icon}`);
	const svg = readFileSync(file, 'utf8');
	const size = Number(/viewBox="0 0 ([\d.]+)/.exec(svg)?.[1] ?? 15);
	const inner = svg.slice(svg.indexOf('>', svg.indexOf('<svg')) + 1, svg.lastIndexOf('</svg>'));
	return {inner, size};
}

function categoryIcon(modules, id, icon) {
	const {inner, size} = glyph(modules, icon);
	const scale = 13 / size, at = (disc - 13) / 2;
	return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${disc}" height="${disc}" viewBox="0 0 ${disc} ${disc}">
		<circle cx="${disc / 2}" cy="${disc / 2}" r="10" fill="${colours[id.split('.')[0]] ?? other}" stroke="#fff" stroke-width="1.5"/>
		<g fill="#fff" transform="translate(${at} ${at}) scale(${scale})">${inner}</g></svg>`;
}

// names lists the pictures that a sprite has.
export const names = (shapes, categories) => [
	...readFileSync(categories, 'utf8').trim().split('\n').slice(1).map((line) => line.split('\t')[0]),
	...readdirSync(shapes).sort().map((file) => file.replace(/\.svg$/, '')),
];

export function sprite(ratio, modules, shapes, categories) {
	const images = new Map(); // by what they are drawn from
	const names = [];
	const add = (name, svg, more = {}) => {
		if (!images.has(svg)) {
			const image = new Resvg(svg, {fitTo: {mode: 'zoom', value: ratio}}).render();
			images.set(svg, {w: image.width, h: image.height, pixels: image.pixels});
		}
		names.push({name, image: images.get(svg), more});
	};
	for (const line of readFileSync(categories, 'utf8').trim().split('\n').slice(1)) {
		const [id, icon] = line.split('\t');
		add(id, categoryIcon(modules, id, icon));
	}
	for (const file of readdirSync(shapes).sort()) {
		const name = file.replace(/\.svg$/, '');
		const stretched = name.startsWith('shield-') ? {stretchX: [[5 * ratio, 15 * ratio]], stretchY: [[5 * ratio, 11 * ratio]], content: [3 * ratio, 2 * ratio, 17 * ratio, 14 * ratio]} : {};
		add(name, readFileSync(join(shapes, file), 'utf8'), stretched);
	}
	const {w, h} = potpack([...images.values()]);
	const sheet = new Uint8Array(4 * w * h);
	for (const i of images.values()) {
		for (let y = 0; y < i.h; y++) {
			for (let x = 0; x < i.w; x++) {
				const from = 4 * (y * i.w + x), to = 4 * ((i.y + y) * w + i.x + x);
				const alpha = i.pixels[from + 3];
				for (let c = 0; c < 3; c++) { // resvg multiplies by alpha, PNG does not
					sheet[to + c] = alpha ? Math.min(255, Math.round(i.pixels[from + c] * 255 / alpha)) : 0;
				}
				sheet[to + 3] = alpha;
			}
		}
	}
	const json = {};
	for (const {name, image, more} of names) json[name] = {x: image.x, y: image.y, width: image.w, height: image.h, pixelRatio: ratio, ...more};
	return {png: png(w, h, sheet), json};
}
