// Finding places and routes by name, kind or number among those that were loaded.
import {$, element, fold} from './dom.js';

const shown = 30;

// search returns the features that have all the words, those that begin with the
// first of them first.
export function search(features, query) {
	const words = fold(query).split(/\s+/).filter(Boolean);
	if (!words.length) return [];
	const hits = [];
	for (const f of features) {
		const p = f.properties;
		p.text ??= fold([p.name, p.also, p.label, p.ref].filter(Boolean).join(' '));
		if (words.every((w) => p.text.includes(w))) hits.push([p.text.startsWith(words[0]) ? 0 : p.name ? 1 : 2, p.from, f]);
		if (hits.length > 2000) break;
	}
	return hits.sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, shown).map(([, , f]) => f);
}

// listen shows what is found while somebody types; go is called with what is
// chosen, by hand or by the arrow keys.
export function listen(features, go) {
	const list = $('found'), query = $('query');
	const close = () => { list.hidden = true; };
	const show = () => {
		const asked = query.value.trim(), hits = features() ? search(features(), asked) : [];
		list.replaceChildren(...hits.map((f) => {
			const p = f.properties;
			return element('li', {}, element('button', {type: 'button', onclick: () => { close(); go(f); }},
				element('span', {}, p.name ?? p.label, element('small', {}, [p.also, p.label, p.ref].filter(Boolean).join(' · ')))));
		}));
		if (asked && !hits.length) list.append(element('li', {class: 'none'}, features() ? 'Nothing found.' : 'The places are still on their way.'));
		list.hidden = !list.children.length;
	};
	const step = (by) => {
		const all = [query, ...list.querySelectorAll('button')];
		all[(all.indexOf(document.activeElement) + by + all.length) % all.length].focus();
	};
	query.addEventListener('input', show);
	query.addEventListener('focus', show);
	$('find').addEventListener('submit', (e) => { e.preventDefault(); list.querySelector('button')?.click(); });
	$('find').addEventListener('keydown', (e) => {
		const by = {ArrowDown: 1, ArrowUp: -1}[e.key];
		if (!by || list.hidden || e.target === $('region')) return;
		e.preventDefault();
		step(by);
	});
	addEventListener('pointerdown', (e) => { if (!$('find').contains(e.target)) close(); });
	return close;
}
