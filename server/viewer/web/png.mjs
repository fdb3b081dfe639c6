// Writes pictures as PNG with a palette: icons have few colours, and each request
// for a map waits for them.
import {deflateSync} from 'node:zlib';

const crcTable = Uint32Array.from({length: 256}, (_, n) => {
	for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
	return n;
});

function chunk(type, data) {
	const out = Buffer.alloc(12 + data.length);
	out.writeUInt32BE(data.length, 0);
	out.write(type, 4, 'latin1');
	Buffer.from(data).copy(out, 8);
	let crc = 0xffffffff;
	for (const b of out.subarray(4, 8 + data.length)) crc = crcTable[(crc ^ b) & 255] ^ (crc >>> 8);
	out.writeUInt32BE(~crc >>> 0, 8 + data.length);
	return out;
}

// palette finds up to 256 colours for those of a picture, by median cut: the box of
// colours that is widest, counted by its pixels, is cut in two, again and again.
function palette(counts) {
	const span = (box) => {
		let best = {width: -1};
		for (let c = 0; c < 4; c++) {
			let low = 255, high = 0;
			for (const [colour] of box) {
				low = Math.min(low, colour[c]);
				high = Math.max(high, colour[c]);
			}
			if (high - low > best.width) best = {width: high - low, channel: c};
		}
		return {...best, box, weight: best.width * Math.sqrt(box.reduce((n, [, times]) => n + times, 0))};
	};
	const boxes = [span(counts)];
	while (boxes.length < 256) {
		boxes.sort((a, b) => a.weight - b.weight);
		const {box, channel, width} = boxes.pop();
		if (width <= 0) {
			boxes.push({box, channel, width, weight: -1});
			break;
		}
		box.sort((a, b) => a[0][channel] - b[0][channel]);
		const half = box.reduce((n, [, times]) => n + times, 0) / 2;
		let at = 0;
		for (let n = 0; at < box.length - 1 && n < half; at++) n += box[at][1];
		at = Math.max(1, at);
		boxes.push(span(box.slice(0, at)), span(box.slice(at)));
	}
	return boxes.map(({box}) => {
		const sum = [0, 0, 0, 0];
		let n = 0;
		for (const [colour, times] of box) {
			n += times;
			for (let c = 0; c < 4; c++) sum[c] += colour[c] * times;
		}
		return {colour: sum.map((v) => Math.round(v / n)), box};
	});
}

// png packs RGBA pixels.
export function png(width, height, pixels) {
	const counts = new Map();
	for (let i = 0; i < pixels.length; i += 4) {
		if (pixels[i + 3] === 0) pixels.fill(0, i, i + 4); // what cannot be seen has one colour
		const key = ((pixels[i] << 24) | (pixels[i + 1] << 16) | (pixels[i + 2] << 8) | pixels[i + 3]) >>> 0;
		counts.set(key, (counts.get(key) ?? 0) + 1);
	}
	const split = (key) => [key >>> 24, (key >>> 16) & 255, (key >>> 8) & 255, key & 255];
	const seen = [...counts].filter(([key]) => key !== 0).sort((a, b) => a[0] - b[0]).map(([key, times]) => [split(key), times, key]);
	const colours = [{colour: [0, 0, 0, 0], box: [[null, 0, 0]]}, ...palette(seen).slice(0, 255)]; // nothing stays nothing
	const index = new Map();
	colours.forEach(({box}, i) => { for (const [, , key] of box) index.set(key, i); });
	const rows = Buffer.alloc((width + 1) * height);
	for (let y = 0; y < height; y++) {
		for (let x = 0; x < width; x++) {
			const i = 4 * (y * width + x);
			rows[y * (width + 1) + 1 + x] = index.get(((pixels[i] << 24) | (pixels[i + 1] << 16) | (pixels[i + 2] << 8) | pixels[i + 3]) >>> 0) ?? 0;
		}
	}
	const header = Buffer.alloc(13);
	header.writeUInt32BE(width, 0);
	header.writeUInt32BE(height, 4);
	header.set([8, 3, 0, 0, 0], 8);
	return Buffer.concat([
		Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), chunk('IHDR', header),
		chunk('PLTE', Buffer.from(colours.flatMap(({colour}) => colour.slice(0, 3)))), chunk('tRNS', Buffer.from(colours.map(({colour}) => colour[3]))),
		chunk('IDAT', deflateSync(rows, {level: 9})), chunk('IEND', Buffer.alloc(0)),
	]);
}
