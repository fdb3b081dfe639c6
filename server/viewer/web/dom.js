// Small things about the document.

export const $ = (id) => document.getElementById(id);

// element makes a node with text, never with markup: names come from anybody.
export function element(tag, attributes = {}, ...content) {
	const e = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (name.startsWith('on')) e.addEventListener(name.slice(2), value);
		else e.setAttribute(name, value);
	}
	e.append(...content);
	return e;
}

// drawing makes a node of a picture (SVG).
export function drawing(tag, attributes = {}, ...content) {
	const e = document.createElementNS('http://www.w3.org/2000/svg', tag);
	for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
	e.append(...content);
	return e;
}

// leads reports whether an address is that of a page, a phone or a mail box: nothing
// else is worth a click, and some addresses are programs.
export function leads(href) {
	try {
		return ['http:', 'https:', 'tel:', 'mailto:'].includes(new URL(href).protocol);
	} catch {
		return false; // no address at all
	}
}

// link makes a text lead somewhere, if the address does.
export const link = (href, text) => leads(href) ? element('a', {href, target: '_blank', rel: 'noopener noreferrer'}, text) : text;

// fold makes texts alike that people type alike.
export const fold = (s) => s.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '').replace(/đ/g, 'd').replace(/ł/g, 'l').replace(/ø/g, 'o').replace(/ß/g, 'ss').replace(/æ/g, 'ae');

// get fetches what the server has at a path; what is not urgent leaves the way to
// the map.
export async function get(path, priority = 'auto') {
	const answer = await fetch(path, {priority});
	if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
	return answer.json();
}

// kept remembers a choice, where the browser lets pages do so.
export const kept = {
	get(name) {
		try {
			return localStorage.getItem(name);
		} catch {
			return null;
		}
	},
	set(name, value) {
		try {
			localStorage.setItem(name, value);
		} catch { /* then not */ }
	},
};
