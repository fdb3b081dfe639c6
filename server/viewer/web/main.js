// The map page: choose a region, look around, find places and routes, read about
// them. It asks its own server only.
import {Map as MapView, NavigationControl, ScaleControl, GeolocateControl, LngLatBounds, setWorkerUrl} from 'maplibre-gl';

setWorkerUrl(new URL('/viewer/maplibre-gl-worker.mjs', location.href).href);

const $ = (id) => document.getElementById(id);
const state = {regions: [], region: null, places: null, styled: false, chosen: '', dark: matchMedia('(prefers-color-scheme: dark)').matches};
let map;

// element makes a node with text, never with markup: names come from anybody.
function element(tag, attributes = {}, ...content) {
	const e = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (name.startsWith('on')) e.addEventListener(name.slice(2), value);
		else e.setAttribute(name, value);
	}
	e.append(...content);
	return e;
}

function note(text) {
	$('note').textContent = text;
	$('note').hidden = !text;
}

async function get(path) {
	const answer = await fetch(path);
	if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
	return answer.json();
}

const regionPath = (rest) => `/v1/regions/${state.region.id}/${rest}`;
const styleAddress = () => `${regionPath('style.json')}?theme=${state.dark ? 'dark' : 'light'}`;

// places are drawn above the map, from their own list.
const placeLayers = (dark) => [
	{id: 'routes', type: 'line', source: 'places', filter: ['==', ['get', 'kind'], 'route'],
		layout: {'line-join': 'round', 'line-cap': 'round'},
		paint: {'line-color': dark ? '#ff5c93' : '#c2185b', 'line-opacity': 0, 'line-width': 14}},
	{id: 'chosen-route', type: 'line', source: 'places', filter: ['==', ['get', 'id'], ''],
		layout: {'line-join': 'round', 'line-cap': 'round'},
		paint: {'line-color': dark ? '#ffd166' : '#ff9e00', 'line-opacity': 0.85, 'line-width': ['interpolate', ['linear'], ['zoom'], 8, 4, 14, 7]}},
	{id: 'places', type: 'symbol', source: 'places', filter: ['all', ['!=', ['get', 'kind'], 'route'], ['has', 'name']], minzoom: 12,
		layout: {
			'icon-image': ['coalesce', ['image', ['get', 'category']], ['image', ['slice', ['get', 'category'], 0, ['index-of', '.', ['get', 'category']]]], ['image', 'other.place']],
			'icon-size': ['interpolate', ['linear'], ['zoom'], 12, 0.7, 16, 1], 'icon-padding': 4,
			'text-field': ['step', ['zoom'], '', 15, ['get', 'name']], 'text-font': ['Noto Sans Regular'], 'text-size': 11, 'text-anchor': 'top', 'text-offset': [0, 1], 'text-optional': true, 'text-max-width': 8,
		},
		paint: {'text-color': dark ? '#e6e8ea' : '#3a352d', 'text-halo-color': dark ? '#14181cd9' : '#ffffffe6', 'text-halo-width': 1.4}},
	{id: 'places-nameless', type: 'symbol', source: 'places', filter: ['all', ['!=', ['get', 'kind'], 'route'], ['!', ['has', 'name']]], minzoom: 15,
		layout: {'icon-image': ['coalesce', ['image', ['get', 'category']], ['image', 'other.place']], 'icon-size': 0.75, 'icon-padding': 4}},
	{id: 'notices', type: 'symbol', source: 'places', filter: ['==', ['get', 'kind'], 'notice'],
		layout: {'icon-image': ['coalesce', ['image', ['get', 'category']], ['image', 'notice']], 'icon-allow-overlap': true}},
	{id: 'chosen-place', type: 'symbol', source: 'places', filter: ['==', ['get', 'id'], ''], // above its neighbours, which may have kept it away
		layout: {
			'icon-image': ['coalesce', ['image', ['get', 'category']], ['image', 'other.place']], 'icon-size': 1.5, 'icon-allow-overlap': true, 'icon-ignore-placement': true,
			'text-field': ['get', 'name'], 'text-font': ['Noto Sans Bold'], 'text-size': 13, 'text-anchor': 'top', 'text-offset': [0, 1.3], 'text-max-width': 9, 'text-allow-overlap': true,
		},
		paint: {'text-color': dark ? '#ffffff' : '#1f1b16', 'text-halo-color': dark ? '#14181c' : '#ffffff', 'text-halo-width': 2}},
];

// addPlaces draws them as soon as both they and the style are there, whichever
// comes last.
function addPlaces() {
	if (!state.places || !state.styled || map.getSource('places')) return;
	map.addSource('places', {type: 'geojson', data: state.places, promoteId: 'id'});
	for (const layer of placeLayers(state.dark)) map.addLayer(layer);
	mark(state.chosen);
}

function restyle() {
	state.styled = false;
	map.setStyle(styleAddress(), {diff: false});
}

async function open(region) {
	state.region = region;
	state.places = null;
	closeSheet();
	const [w, s, e, n] = region.bounds.map((v) => v / 1e7);
	const bounds = new LngLatBounds([w, s], [e, n]);
	if (!map) {
		map = new MapView({container: 'map', style: styleAddress(), bounds, hash: 'map', maxZoom: 19, attributionControl: {compact: true}, fitBoundsOptions: {padding: 30}});
		map.addControl(new NavigationControl({visualizePitch: true}), 'bottom-right');
		map.addControl(new GeolocateControl({trackUserLocation: true}), 'bottom-right');
		map.addControl(new ScaleControl(), 'bottom-left');
		map.on('style.load', () => { state.styled = true; addPlaces(); });
		map.on('click', choose);
		map.on('mousemove', (e) => { map.getCanvas().style.cursor = at(e.point).length ? 'pointer' : ''; });
	} else {
		restyle();
		map.fitBounds(bounds, {padding: 30, animate: false});
	}
	try {
		state.places = await get(regionPath('places.json'));
		addPlaces();
		map.once('idle', () => { document.body.dataset.places = 'drawn'; }); // for render.mjs
	} catch {
		note('The places could not be loaded; the map is there.');
		setTimeout(note, 5000, '');
	}
}

function at(point) {
	const layers = ['chosen-place', 'notices', 'places', 'places-nameless', 'routes'].filter((id) => map.getLayer(id));
	const box = [[point.x - 6, point.y - 6], [point.x + 6, point.y + 6]];
	return layers.length ? map.queryRenderedFeatures(box, {layers}) : [];
}

function choose(event) {
	const [feature] = at(event.point);
	if (feature) show(feature.properties.id);
	else closeSheet();
}

function closeSheet() {
	$('sheet').hidden = true;
	mark('');
}

function mark(id) {
	state.chosen = id;
	if (!map?.getLayer('chosen-place')) return;
	map.setFilter('chosen-route', ['all', ['==', ['get', 'kind'], 'route'], ['==', ['get', 'id'], id]]);
	map.setFilter('chosen-place', ['all', ['!=', ['get', 'kind'], 'route'], ['==', ['get', 'id'], id]]);
}

const best = (texts = {}) => {
	for (const l of [...navigator.languages, ...(state.region.languages ?? [])]) {
		const found = texts[l] ?? texts[l.split('-')[0]];
		if (found) return found;
	}
	return texts.und ?? Object.values(texts)[0] ?? '';
};

const link = (href, text) => /^(https?:|tel:|mailto:)/.test(href) ? element('a', {href, target: '_blank', rel: 'noopener noreferrer'}, text) : text;

async function show(id) {
	const sheet = $('sheet');
	const listed = state.places?.features.find((f) => f.properties.id === id);
	let record;
	try {
		record = await get(regionPath('places/' + id.split('/').map(encodeURIComponent).join('/')));
	} catch {
		return;
	}
	const rows = [];
	const row = (name, value) => { if (value) rows.push(element('dt', {}, name), element('dd', {}, value)); };
	const d = record.details ?? {}, c = record.contact ?? {}, a = record.address ?? {};
	row('Open', record.opening_hours);
	row('Address', [[a.street, a.number].filter(Boolean).join(' '), [a.postcode, a.place].filter(Boolean).join(' ')].filter(Boolean).join(', '));
	row('Phone', c.phone && link(`tel:${c.phone.replace(/[^+\d]/g, '')}`, c.phone));
	row('Mail', c.email && link(`mailto:${c.email}`, c.email));
	row('Web', c.website && link(c.website, c.website.replace(/^https?:\/\/(www\.)?/, '').replace(/\/$/, '')));
	row('Distance', d.distance && `${d.distance} km`);
	row('Ascent', d.ascent && `${d.ascent} m`);
	for (const key of ['ref', 'network', 'operator', 'surface', 'capacity', 'fee', 'wheelchair', 'cuisine', 'internet_access', 'ele']) row(key.replace('_', ' '), d[key]);
	row('Valid', record.valid && `${record.valid.from ?? '…'} – ${record.valid.until ?? '…'}`);
	sheet.replaceChildren(
		element('button', {class: 'close', 'aria-label': 'Close', onclick: closeSheet}, '✕'),
		element('h1', {}, best(record.names) || listed?.properties.label || id),
		element('p', {class: 'what'}, listed?.properties.label ?? record.category),
		...(record.descriptions ? [element('p', {}, best(record.descriptions))] : []),
		...(rows.length ? [element('dl', {}, ...rows)] : []),
		element('p', {class: 'source'}, [record.provenance?.attribution ?? record.provenance?.provider, record.provenance?.licence].filter(Boolean).join(' · ')),
	);
	sheet.hidden = false;
	mark(id);
}

// fold makes texts alike that people type alike.
const fold = (s) => s.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '').replace(/đ/g, 'd').replace(/ł/g, 'l').replace(/ø/g, 'o').replace(/ß/g, 'ss');

function find() {
	const words = fold($('query').value).split(/\s+/).filter(Boolean);
	const list = $('found');
	list.replaceChildren();
	if (words.length && state.places) {
		const hits = [];
		for (const f of state.places.features) {
			const p = f.properties, text = fold(`${p.name ?? ''} ${p.label} ${p.ref ?? ''}`);
			if (words.every((w) => text.includes(w))) hits.push([fold(p.name ?? '').startsWith(words[0]) ? 0 : p.name ? 1 : 2, f]);
			if (hits.length > 2000) break;
		}
		hits.sort((x, y) => x[0] - y[0]);
		for (const [, f] of hits.slice(0, 30)) {
			list.append(element('li', {}, element('button', {type: 'button', onclick: () => go(f)},
				element('span', {}, f.properties.name ?? f.properties.label, element('small', {}, [f.properties.label, f.properties.ref].filter(Boolean).join(' · '))))));
		}
		if (!hits.length) list.append(element('li', {}, element('small', {}, 'Nothing found.')));
	}
	list.hidden = !list.children.length;
}

function go(feature) {
	$('found').hidden = true;
	$('query').blur();
	const bounds = new LngLatBounds();
	const walk = (c) => typeof c[0] === 'number' ? bounds.extend([c[0], c[1]]) : c.forEach(walk);
	walk(feature.geometry.coordinates);
	map.fitBounds(bounds, {padding: {top: 120, bottom: innerWidth < 600 ? innerHeight * 0.55 : 60, left: innerWidth < 600 ? 40 : 460, right: 60}, maxZoom: 16});
	show(feature.properties.id);
}

function setTheme(dark) {
	state.dark = dark;
	document.documentElement.classList.toggle('dark', dark);
}

$('find').addEventListener('submit', (e) => { e.preventDefault(); $('found').querySelector('button')?.click(); });
$('query').addEventListener('input', find);
$('query').addEventListener('focus', find);
$('region').addEventListener('change', () => open(state.regions.find((r) => r.id === $('region').value)));
$('theme').addEventListener('click', () => { setTheme(!state.dark); if (state.region) restyle(); });
addEventListener('keydown', (e) => { if (e.key === 'Escape') { closeSheet(); $('found').hidden = true; } });

setTheme(state.dark);
try {
	state.regions = (await get('/v1/regions.json')).regions ?? [];
	if (!state.regions.length) note('Nothing is published here yet. Import a file and publish it: pannierd import, pannierd publish.');
	for (const r of state.regions) $('region').append(element('option', {value: r.id}, r.name));
	const wanted = new URLSearchParams(location.search).get('region');
	const first = state.regions.find((r) => r.id === wanted) ?? state.regions[0];
	if (first) {
		$('region').value = first.id;
		await open(first);
	}
} catch (e) {
	note(`The server does not answer: ${e.message}`);
}
