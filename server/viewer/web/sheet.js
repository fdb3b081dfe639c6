// The sheet: what is known of a place or route.
import {drawing, element, link} from './dom.js';

// best chooses the text in a language that the rider reads, else in one of the region's.
export function best(texts = {}, languages = [], read = navigator.languages) {
	for (const l of [...read, ...languages]) {
		const found = texts[l] ?? texts[l.split('-')[0]];
		if (found) return found;
	}
	return texts.und ?? Object.values(texts)[0] ?? '';
}

const kilometres = (metres) => `${(metres / 1000).toFixed(metres < 10_000 ? 1 : 0)} km`;
const shortened = (address) => address.replace(/^https?:\/\/(www\.)?/, '').replace(/\/$/, '');
const words = (s) => s.replaceAll('_', ' ');

// profile draws the heights along a route.
function profile({step, heights}) {
	const width = 380, height = 90, foot = 16;
	const metres = heights.map((h) => h / 10), low = Math.min(...metres), high = Math.max(...metres);
	const x = (i) => i / (metres.length - 1) * width, y = (m) => height - (m - low) / Math.max(high - low, 50) * (height - 14);
	const line = metres.map((m, i) => `${x(i).toFixed(1)},${y(m).toFixed(1)}`).join(' ');
	return drawing('svg', {class: 'profile', viewBox: `0 0 ${width} ${height + foot}`, role: 'img', 'aria-label': `Heights from ${Math.round(low)} to ${Math.round(high)} metres`},
		drawing('polygon', {points: `0,${height} ${line} ${width},${height}`}), drawing('polyline', {points: line}),
		drawing('text', {x: 2, y: Math.max(10, y(high) - 3)}, `${Math.round(high)} m`), drawing('text', {x: 2, y: height - 3}, `${Math.round(low)} m`),
		drawing('text', {x: width, y: height + foot - 3, 'text-anchor': 'end'}, kilometres(step * (heights.length - 1))));
}

// spans says how much of a way has which surface.
const spans = (shares) => Object.entries(shares).sort((a, b) => b[1] - a[1]).map(([what, share]) => `${words(what)} ${share} %`).join(', ');

const time = (minutes) => minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60 ? `${minutes % 60} min` : ''}`;

// networks says how far routes of one reach.
const networks = {icn: 'international', ncn: 'national', rcn: 'regional', lcn: 'local', iwn: 'international', nwn: 'national', rwn: 'regional', lwn: 'local'};

// rows lists what is worth telling, name and value.
function rows(record) {
	const d = record.details ?? {}, c = record.contact ?? {}, a = record.address ?? {}, t = record.tour ?? {};
	return [
		['Length', t.length ? kilometres(t.length) : d.distance && `${d.distance} km`],
		['Ascent', t.ascent ? `${t.ascent} m` : d.ascent && `${d.ascent} m`],
		['Descent', t.descent ? `${t.descent} m` : d.descent && `${d.descent} m`],
		['Time', t.minutes && time(t.minutes)],
		['Difficulty', t.difficulty],
		['Surface', t.surfaces ? spans(t.surfaces) : d.surface && words(d.surface)],
		['Open', record.opening_words ?? record.opening_hours],
		['Address', [[a.street, a.number].filter(Boolean).join(' '), [a.postcode, a.place].filter(Boolean).join(' ')].filter(Boolean).join(', ')],
		['Phone', c.phone && link(`tel:${c.phone.replace(/[^+\d]/g, '')}`, c.phone)],
		['Mail', c.email && link(`mailto:${c.email}`, c.email)],
		['Web', c.website && link(c.website, shortened(c.website))],
		...(record.links ?? []).map((l) => [words(l.kind ?? 'link'), l.url && link(l.url, shortened(l.url))]),
		['Number', d.ref],
		['Network', networks[d.network] ?? d.network],
		...['operator', 'capacity', 'fee', 'wheelchair', 'cuisine', 'internet_access', 'ele'].map((key) => [key === 'ele' ? 'Height' : words(key), d[key] && (key === 'ele' ? `${d.ele} m` : words(d[key]))]),
		['Valid', record.valid && `${record.valid.from ?? '…'} – ${record.valid.until ?? '…'}`],
	].filter(([, value]) => value);
}

// fill puts a record into the sheet.
export function fill(sheet, record, {label, languages, close}) {
	const facts = rows(record), heights = record.tour?.profile;
	sheet.replaceChildren(
		element('button', {class: 'close', 'aria-label': 'Close', onclick: close}, '✕'),
		element('h1', {tabindex: '-1'}, best(record.names, languages) || label || record.id),
		element('p', {class: 'what'}, label ?? record.category),
		...(record.descriptions ? [element('p', {}, best(record.descriptions, languages))] : []),
		...(heights?.step && heights.heights?.length > 1 ? [profile(heights)] : []),
		...(facts.length ? [element('dl', {}, ...facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]))] : []),
		element('p', {class: 'source'}, [record.provenance?.attribution ?? record.provenance?.provider, record.provenance?.licence].filter(Boolean).join(' · ')),
	);
	sheet.hidden = false;
}
