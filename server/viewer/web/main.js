// The map page: choose a region, look around, find places and routes, read about
// them. It asks its own server only.
import {Map as MapView, NavigationControl, ScaleControl, GeolocateControl, LngLatBounds, setWorkerUrl} from 'maplibre-gl';
import {$, element, get, kept} from './dom.js';
import {listen} from './find.js';
import {at, draw, mark, prepare} from './places.js';
import {fill} from './sheet.js';

setWorkerUrl(new URL('/viewer/maplibre-gl-worker.mjs', location.href).href);

const state = {regions: [], region: null, places: null, styled: false, chosen: '', dark: (kept.get('theme') ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark'};
let map;

function note(...content) {
	$('note').replaceChildren(...content);
	$('note').hidden = !content.length;
}

function whisper(text) {
	note(text);
	setTimeout(note, 5000);
}

const regionPath = (rest) => `/v1/regions/${state.region.id}/${rest}`;
const read = `languages=${encodeURIComponent(navigator.languages.join())}`; // what the rider reads
const styleAddress = () => `${regionPath('style.json')}?theme=${state.dark ? 'dark' : 'light'}`;

// drawPlaces draws them as soon as both they and the style are there, whichever
// comes last.
function drawPlaces() {
	if (!state.places || !state.styled || map.getSource('places')) return;
	draw(map, state.places, state.dark);
	mark(map, state.chosen);
}

function restyle() {
	state.styled = false;
	map.setStyle(styleAddress(), {diff: false});
}

function begin(bounds) {
	map = new MapView({container: 'map', style: styleAddress(), bounds, hash: 'map', maxZoom: 19, attributionControl: {compact: false}, fitBoundsOptions: {padding: 30}});
	map.addControl(new NavigationControl({visualizePitch: true}), 'bottom-right');
	map.addControl(new GeolocateControl({trackUserLocation: true}), 'bottom-right');
	map.addControl(new ScaleControl(), 'bottom-left');
	map.on('style.load', () => { state.styled = true; drawPlaces(); });
	map.on('click', ({point}) => {
		const [feature] = at(map, point);
		if (feature) show(feature.properties.id);
		else closeSheet();
	});
	map.on('mousemove', ({point}) => { map.getCanvas().style.cursor = at(map, point).length ? 'pointer' : ''; });
}

async function open(region) {
	state.region = region;
	state.places = null;
	closeSheet();
	document.title = `${region.name} · Pannier`;
	const [w, s, e, n] = region.bounds.map((v) => v / 1e7);
	const bounds = new LngLatBounds([w, s], [e, n]);
	if (!map) {
		begin(bounds);
	} else {
		restyle();
		map.fitBounds(bounds, {padding: 30, animate: false});
	}
	try {
		const places = prepare(await get(regionPath(`places.json?${read}`), 'low'));
		if (state.region !== region) return; // somebody chose another meanwhile
		state.places = places;
		drawPlaces();
		map.once('idle', () => { document.body.dataset.places = 'drawn'; }); // for render.mjs
	} catch {
		if (state.region === region) whisper('The places could not be loaded; the map is there.');
	}
}

function closeSheet() {
	$('sheet').hidden = true;
	state.chosen = '';
	if (map) mark(map, '');
}

async function show(id, byKey) {
	const region = state.region;
	state.chosen = id;
	mark(map, id);
	let record;
	try {
		record = await get(`${regionPath('places/')}${id.split('/').map(encodeURIComponent).join('/')}?${read}`);
	} catch {
		whisper('What is known of this place could not be loaded.');
		return;
	}
	if (state.region !== region || state.chosen !== id) return;
	const listed = state.places?.features.find((f) => f.properties.id === id);
	fill($('sheet'), record, {label: listed?.properties.label, languages: region.languages, close: closeSheet});
	if (byKey) $('sheet').querySelector('h1').focus();
}

function go(feature) {
	const bounds = new LngLatBounds();
	const walk = (c) => typeof c[0] === 'number' ? bounds.extend([c[0], c[1]]) : c.forEach(walk);
	walk(feature.geometry.coordinates);
	const phone = innerWidth < 600;
	map.fitBounds(bounds, {padding: {top: 120, bottom: phone ? innerHeight * 0.55 : 60, left: phone ? 40 : 460, right: 60}, maxZoom: 16});
	show(feature.properties.id, true);
}

function setTheme(dark) {
	state.dark = dark;
	document.documentElement.classList.toggle('dark', dark);
}

const closeFound = listen(() => state.places?.features, go);
$('region').addEventListener('change', () => {
	const region = state.regions.find((r) => r.id === $('region').value);
	history.replaceState(null, '', `?region=${encodeURIComponent(region.id)}`);
	open(region);
});
$('theme').addEventListener('click', () => {
	setTheme(!state.dark);
	kept.set('theme', state.dark ? 'dark' : 'light');
	if (state.region) restyle();
});
addEventListener('keydown', (e) => {
	if (e.key === 'Escape') {
		if ($('sheet').contains(document.activeElement)) $('query').focus(); // where the rider came from
		closeSheet();
		closeFound();
	} else if (e.key === '/' && !/^(INPUT|SELECT)$/.test(document.activeElement?.tagName)) {
		e.preventDefault();
		$('query').focus();
	}
});

setTheme(state.dark);
try {
	state.regions = (await get('/v1/regions.json')).regions ?? [];
	for (const r of state.regions) $('region').append(element('option', {value: r.id}, r.name));
	const wanted = new URLSearchParams(location.search).get('region');
	const first = state.regions.find((r) => r.id === wanted) ?? state.regions[0];
	$('find').hidden = !first;
	if (first) {
		$('region').value = first.id;
		await open(first);
	} else {
		note(element('h1', {}, 'Nothing is published here yet'), element('p', {}, 'On the server, make a region, import a file of OpenStreetMap, and publish it:'),
			element('pre', {}, 'pannierd region create alps --name Alps --languages de,en\npannierd import alps alps.osm.pbf\npannierd publish alps -m "first"'),
			element('p', {}, 'Then load this page again.'));
	}
} catch (e) {
	note(`The server does not answer: ${e.message}`);
}
