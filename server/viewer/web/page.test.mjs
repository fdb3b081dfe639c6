// Tests of what the page's scripts decide without a document: node --test
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {fold, leads} from './dom.js';
import {search} from './find.js';
import {prepare} from './places.js';
import {best} from './sheet.js';

const place = (category, name, coordinates = [9.5, 47.1], more = {}) => ({type: 'Feature', geometry: {type: 'Point', coordinates}, properties: {id: name + coordinates, kind: 'poi', category, label: 'Kind', ...(name && {name}), ...more}});

test('only addresses of pages, phones and mail boxes lead somewhere', () => {
	for (const good of ['https://example.org/', 'http://example.org', 'HTTPS://EXAMPLE.ORG', 'tel:+423123', 'mailto:office@example.org']) assert.equal(leads(good), true, good);
	for (const bad of ['javascript:alert(1)', ' javascript:alert(1)', 'java\nscript:alert(1)', 'JaVaScRiPt:alert(1)', 'data:text/html,x', 'vbscript:x', 'file:///etc/passwd', 'blob:https://example.org/1', 'www.example.org', '//example.org', '']) assert.equal(leads(bad), false, bad);
});

test('texts are alike that people type alike', () => {
	assert.equal(fold('Škocjan Đurđevac Łódź Straße Ærø'), 'skocjan durdevac lodz strasse aero');
});

test('stops that were mapped twice are drawn once', () => {
	const kept = prepare({features: [
		place('transport.station', 'Vaduz', [9.5, 47.1]), place('transport.station', 'Vaduz', [9.501, 47.1005]), place('transport.station', 'Vaduz', [9.6, 47.1]),
		place('transport.station', 'Schaan', [9.5, 47.1]), place('transport.bus_station', 'Vaduz', [9.5, 47.1]), place('transport.station', '', [9.5, 47.1]), place('transport.station', '', [9.5, 47.1]),
		place('food.cafe', 'Vaduz'), place('food.cafe', 'Vaduz'),
	]}).features;
	assert.deepEqual(kept.map((f) => f.properties.name ?? '-'), ['Vaduz', 'Vaduz', 'Schaan', 'Vaduz', '-', '-', 'Vaduz', 'Vaduz']);
});

test('each kind of place has its first zoom', () => {
	const zooms = prepare({features: ['notice.closure', 'nature.peak', 'water.drinking', 'food.restaurant', 'service.bank', 'transport.bus_stop', 'made.up'].map((c) => place(c, c))}).features;
	assert.deepEqual(zooms.map((f) => f.properties.from), [11, 12, 13, 14, 15, 16, 15]);
});

test('what begins with the words asked for is found first', () => {
	const {features} = prepare({features: [
		place('food.cafe', 'Café beim Schloss'), place('sight.castle', 'Schloss Vaduz', [9.5, 47.1], {also: 'Vaduz Castle'}), place('water.drinking', '', [9.5, 47.1], {label: 'Schlossbrunnen'}), place('route.bicycle', 'Rheinroute', [9.5, 47.1], {ref: '2'}),
	]});
	assert.deepEqual(search(features, 'SCHLOSS').map((f) => f.properties.name ?? '-'), ['Schloss Vaduz', '-', 'Café beim Schloss']);
	assert.deepEqual(search(features, 'castle vad').map((f) => f.properties.name), ['Schloss Vaduz']);
	assert.deepEqual(search(features, 'route 2').map((f) => f.properties.name), ['Rheinroute']);
	assert.deepEqual(search(features, '  '), []);
	assert.deepEqual(search(features, '(.*'), []);
});

test('texts are read in the language of the rider, else of the region', () => {
	const texts = {de: 'Burg', fr: 'Château', und: 'Schloss'};
	assert.equal(best(texts, ['de'], ['fr-CH', 'de']), 'Château');
	assert.equal(best(texts, ['de'], ['en']), 'Burg');
	assert.equal(best(texts, ['sl'], ['en']), 'Schloss');
	assert.equal(best({hu: 'Vár'}, ['de'], ['en']), 'Vár');
	assert.equal(best(undefined, ['de'], ['en']), '');
});
