// How the places of a region lie on its map: drawn from their own list, each from
// the zoom on at which riders look for its kind, and below the names of towns and
// the shields of routes.

// The first zoom of categories, else of their group, else 15.
const zooms = {
	11: ['notice'],
	12: ['lodging.alpine_hut', 'nature.pass', 'nature.peak', 'lodging.wilderness_hut', 'lodging.camp_site', 'transport.station', 'transport.airport', 'transport.ferry', 'sight.castle', 'cycling.park'],
	13: ['cycling.shop', 'cycling.repair', 'cycling.rental', 'cycling.charging', 'cycling.tubes', 'water.drinking', 'water.spring', 'info.office', 'lodging.hostel', 'transport.cable_car',
		'transport.bus_station', 'sight.viewpoint', 'sight.tower', 'sight.lighthouse', 'nature.waterfall', 'nature.cave', 'nature.beach', 'culture.museum', 'culture.monastery', 'health.hospital',
		'leisure.bathing_place', 'rest.shelter', 'living.village', 'producer'],
	14: ['cycling', 'water', 'rest', 'food', 'lodging', 'nature', 'sight', 'culture', 'shop.supermarket', 'shop.convenience', 'shop.bakery', 'shop.farm', 'shop.outdoor', 'health.pharmacy', 'service.town_hall', 'leisure.bath'],
	16: ['emergency.defibrillator', 'cycling.parking', 'transport.bus_stop', 'transport.tram_stop', 'transport.parking', 'transport.car_charging', 'transport.taxi', 'info.guidepost', 'info.board', 'info.map', 'culture.shrine', 'sight.memorial',
		'sight.artwork', 'nature.tree', 'nature.rock', 'service.post_box', 'service.recycling', 'service.atm', 'living', 'leisure.garden', 'food.vending', 'education.kindergarten', 'water.fountain'],
};
const first = new Map(Object.entries(zooms).flatMap(([zoom, names]) => names.map((name) => [name, Number(zoom)])));

// stops that people map twice, as a point and as an area.
const stops = /^transport\.(station|bus_station|bus_stop|tram_stop|cable_car|ferry)$/;

const near = ([x, y], [u, v]) => Math.hypot((x - u) * Math.cos(y * Math.PI / 180), y - v) < 0.0025; // some 250 m

// prepare gives each place its zoom, and leaves out what lies there twice.
export function prepare(places) {
	const seen = new Map();
	places.features = places.features.filter(({properties: p, geometry}) => {
		p.from = first.get(p.category) ?? first.get(p.category.split('.')[0]) ?? 15;
		if (!stops.test(p.category) || !p.name) return true;
		const key = p.category + p.name, others = seen.get(key) ?? [];
		if (others.some((at) => near(at, geometry.coordinates))) return false;
		seen.set(key, [...others, geometry.coordinates]);
		return true;
	});
	return places;
}

const colours = (dark) => dark ? {text: '#e6e8ea', halo: '#14181cd9', chosen: '#ffd166', strong: '#ffffff', strongHalo: '#14181c'} : {text: '#3a352d', halo: '#ffffffe6', chosen: '#ff9e00', strong: '#1f1b16', strongHalo: '#ffffff'};

const icon = ['coalesce', ['image', ['get', 'category']], ['image', ['slice', ['get', 'category'], 0, ['index-of', '.', ['get', 'category']]]], ['image', 'other.place']];
const isRoute = ['==', ['get', 'kind'], 'route'];
const name = ['coalesce', ['get', 'name'], ''];
const nameOf = (zoom) => ['case', ['<=', ['get', 'from'], zoom], name, ''];

const layers = (dark) => {
	const c = colours(dark);
	return [
		{id: 'routes', type: 'line', filter: isRoute, layout: {'line-join': 'round', 'line-cap': 'round'}, paint: {'line-opacity': 0, 'line-width': 14}}, // to be clicked
		{id: 'chosen-route', type: 'line', filter: ['==', ['get', 'id'], ''],
			layout: {'line-join': 'round', 'line-cap': 'round'},
			paint: {'line-color': c.chosen, 'line-opacity': 0.85, 'line-width': ['interpolate', ['linear'], ['zoom'], 8, 4, 14, 7]}},
		{id: 'places', type: 'symbol', minzoom: 11, filter: ['all', ['!', isRoute], ['!=', ['get', 'kind'], 'notice'], ['>=', ['zoom'], ['get', 'from']]],
			layout: {
				'icon-image': icon, 'icon-size': ['interpolate', ['linear'], ['zoom'], 12, 0.65, 14, 0.75, 16, 0.9, 18, 1], 'icon-padding': ['interpolate', ['linear'], ['zoom'], 12, 8, 16, 3], 'symbol-sort-key': ['get', 'from'],
				'text-field': ['step', ['zoom'], '', 12.5, nameOf(12), 14, nameOf(13), 15.5, nameOf(14), 16.5, name],
				'text-font': ['Noto Sans Regular'], 'text-size': 11, 'text-anchor': 'top', 'text-offset': [0, 1], 'text-optional': true, 'text-max-width': 8, 'text-padding': 3,
			},
			paint: {'text-color': c.text, 'text-halo-color': c.halo, 'text-halo-width': 1.4}},
		{id: 'notices', type: 'symbol', filter: ['==', ['get', 'kind'], 'notice'], layout: {'icon-image': icon, 'icon-allow-overlap': true}},
		{id: 'chosen-place', type: 'symbol', filter: ['==', ['get', 'id'], ''], // above its neighbours, which may have kept it away
			layout: {
				'icon-image': icon, 'icon-size': 1.5, 'icon-allow-overlap': true, 'icon-ignore-placement': true,
				'text-field': name, 'text-font': ['Noto Sans Bold'], 'text-size': 13, 'text-anchor': 'top', 'text-offset': [0, 1.3], 'text-max-width': 9, 'text-allow-overlap': true,
			},
			paint: {'text-color': c.strong, 'text-halo-color': c.strongHalo, 'text-halo-width': 2}},
	];
};

// below says before which layer of the map each is drawn; the others come last.
const below = {routes: 'route-shields', 'chosen-route': 'route-shields', places: 'route-shields'};

// draw adds places to a map that has a style. Stops that the list has are not drawn
// from the tiles as well.
export function draw(map, places, dark) {
	map.addSource('places', {type: 'geojson', data: places, promoteId: 'id'});
	for (const layer of layers(dark)) map.addLayer({source: 'places', ...layer}, map.getLayer(below[layer.id]) ? below[layer.id] : undefined);
	if (!places.features.some(({properties}) => stops.test(properties.category))) return;
	for (const id of ['stops', 'stations']) {
		if (map.getLayer(id)) map.setLayoutProperty(id, 'visibility', 'none');
	}
}

// mark shows which place or route is meant; '' for none.
export function mark(map, id) {
	if (!map.getLayer('chosen-place')) return;
	map.setFilter('chosen-route', ['all', isRoute, ['==', ['get', 'id'], id]]);
	map.setFilter('chosen-place', ['all', ['!', isRoute], ['==', ['get', 'id'], id]]);
}

// at returns what lies near a point of the screen, the topmost first.
export function at(map, {x, y}) {
	const there = ['chosen-place', 'notices', 'places', 'routes'].filter((id) => map.getLayer(id));
	return there.length ? map.queryRenderedFeatures([[x - 6, y - 6], [x + 6, y + 6]], {layers: there}) : [];
}
