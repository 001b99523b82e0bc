(() => {
'use strict';
const $ = (s, in_ = document) => in_.querySelector(s);
const $$ = (s, in_ = document) => [...in_.querySelectorAll(s)];
const root = document.documentElement;
const found = $('#found');

// What follows needs the graph; without one, nothing happens.
let light = () => {}, draw = light, follow = light, show = light, roam = light;
let followed = '', pointed = '', whole = [0, 0, 1, 1];

// Light and dark.
const dark = matchMedia('(prefers-color-scheme: dark)');
$('#theme').addEventListener('click', () => {
  const now = root.dataset.theme || (dark.matches ? 'dark' : 'light');
  root.dataset.theme = now === 'dark' ? 'light' : 'dark';
});

// Search: what does not have the words is dimmed in the graph and hidden elsewhere.
const search = $('#search');
const view = $('#view');
const svg = view && $('svg', view);
const nodes = svg ? $$('.node', svg) : [];
const byID = new Map(nodes.map(n => [n.dataset.node, n]));
const words = n => (n.dataset.node + ' ' + n.textContent).toLowerCase();
const texts = new Map(nodes.map(n => [n, words(n)]));
const others = $$('.card, .finding, .canaries > li, .list tbody tr, .grid tbody tr');
const otherTexts = new Map(others.map(o => [o, ((o.dataset.party || '') + ' ' + (o.matches('.grid tr') ? $('th', o).textContent : o.textContent)).toLowerCase()]));

function find() {
  const wanted = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const has = text => wanted.every(w => text.includes(w));
  let hits = 0;
  for (const n of nodes) {
    const hit = wanted.length > 0 && has(texts.get(n));
    n.classList.toggle('hit', hit);
    if (hit) hits++;
  }
  for (const o of others) o.classList.toggle('filtered', wanted.length > 0 && !has(otherTexts.get(o)));
  found.textContent = wanted.length ? hits + (hits === 1 ? ' service matches' : ' services match') : '';
  light();
}
search.addEventListener('input', find);
search.addEventListener('keydown', e => {
  if (e.key === 'Enter') {
    const first = nodes.find(n => n.classList.contains('hit'));
    if (first) { follow(first.dataset.node); show(first); roam(first); }
  } else if (e.key === 'Escape') {
    search.value = '';
    find();
  }
});
document.addEventListener('keydown', e => {
  if (e.key === '/' && !e.ctrlKey && !e.metaKey && !e.altKey && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
    e.preventDefault();
    search.focus();
  }
});

// The matrix marks the row and the column under the pointer.
const grid = $('.grid');
if (grid) {
  let marked = [];
  grid.addEventListener('mouseover', e => {
    const cell = e.target.closest('td, th');
    for (const m of marked) m.classList.remove('at');
    marked = [];
    if (!cell || cell.cellIndex === 0) return;
    marked = [cell.parentElement.cells[0], grid.tHead.rows[0].cells[cell.cellIndex]];
    for (const m of marked) m.classList.add('at');
  });
}

// In print, all of it is there.
const opened = [];
addEventListener('beforeprint', () => {
  for (const d of $$('details:not([open])')) { d.open = true; opened.push(d); }
  if (svg) svg.setAttribute('viewBox', whole.join(' '));
});
addEventListener('afterprint', () => {
  while (opened.length) opened.pop().open = false;
  if (svg) draw();
});

if (!svg) return;

// Following one service: its edges, and whoever is at their other end.
const lines = new Map($$('.line', svg).map(l => [l.dataset.line, l]));
const slots = new Map($$('.slot', svg).map(s => [s.dataset.slot, s]));
const begins = new Map(), into = new Map(), arrive = new Map();
const push = (m, k, v) => m.has(k) ? m.get(k).push(v) : m.set(k, [v]);
for (const l of lines.values()) {
  if (l.dataset.from !== undefined) push(begins, l.dataset.from, l);
  push(into, l.dataset.slot, l);
}
for (const s of slots.values()) push(arrive, s.dataset.to, s);

function touched(id) {
  const lit = new Set([byID.get(id)]);
  for (let l of begins.get(id) || []) {
    const slot = slots.get(l.dataset.slot);
    lit.add(slot).add(byID.get(slot.dataset.to));
    for (; l; l = lines.get(l.dataset.next)) lit.add(l);
  }
  for (const slot of arrive.get(id) || []) {
    lit.add(slot);
    for (const l of into.get(slot.dataset.slot) || []) {
      lit.add(l);
      if (l.dataset.from !== undefined) lit.add(byID.get(l.dataset.from));
    }
  }
  return lit;
}

let lit = new Set();
light = () => {
  for (const e of lit) e.classList.remove('lit');
  lit = new Set();
  const id = followed || pointed; // who is followed stays, whatever the pointer passes
  const searching = search.value.trim() !== '';
  if (id) lit = touched(id);
  else if (searching) lit = new Set(nodes.filter(n => n.classList.contains('hit')));
  for (const e of lit) e.classList.add('lit');
  svg.classList.toggle('following', id !== '');
  svg.classList.toggle('searched', !id && searching);
};

const panel = $('#panel'), body = $('#panel-body');
const cards = new Map($$('[data-card]').map(c => [c.dataset.card, c]));
follow = id => {
  for (const n of nodes) {
    n.classList.toggle('followed', n.dataset.node === id);
    if (n.dataset.node === id) n.setAttribute('aria-pressed', 'true'); else n.removeAttribute('aria-pressed');
  }
  followed = byID.has(id) ? id : '';
  pointed = '';
  body.replaceChildren();
  const card = cards.get(followed);
  if (card) {
    for (const child of card.children) body.append(child.cloneNode(true));
    for (const f of $$('.filtered', body)) f.classList.remove('filtered');
  }
  panel.hidden = !card;
  panel.parentElement.classList.toggle('beside', Boolean(card));
  panel.scrollTop = 0;
  light();
};
const unfollow = () => {
  const last = byID.get(followed);
  follow('');
  if (last && (panel.contains(document.activeElement) || document.activeElement === document.body)) last.focus();
};
$('#panel-close').addEventListener('click', unfollow);
document.addEventListener('keydown', e => { if (e.key === 'Escape' && followed && e.target !== search) unfollow(); });
document.addEventListener('click', e => {
  const link = e.target.closest('[data-follow]');
  if (!link) return;
  e.preventDefault();
  const node = byID.get(link.dataset.follow);
  if (!node) { // folded into a badge: all that is known of it stands on its card
    cards.get(link.dataset.follow)?.scrollIntoView();
    return;
  }
  follow(link.dataset.follow);
  show(node);
  roam(node);
  node.focus({preventScroll: true});
  $('#graph').scrollIntoView({block: 'nearest'});
});

// Pan and zoom move the view box.
const box = svg.viewBox.baseVal;
whole = [box.x, box.y, box.width, box.height];
let now = whole.slice();
// Fitted to the view, a large graph could not be read: it begins at its top left
// then, no smaller than this many units a pixel, and is moved from there.
const legible = 1.6;
const size = () => {
  const units = Math.max(1, Math.min(whole[2] / view.clientWidth, legible));
  view.style.height = Math.min(innerHeight * .72, Math.max(288, whole[3] / units)) + 'px';
};
const begin = () => {
  const fitted = Math.max(whole[2] / view.clientWidth, whole[3] / view.clientHeight);
  if (fitted <= legible) { now = whole.slice(); return; }
  const w = view.clientWidth * legible, h = view.clientHeight * legible;
  now = [whole[0] - Math.max(0, w - whole[2]) / 2, whole[1] - Math.max(0, h - whole[3]) / 2, w, h];
};
view.classList.add('live');
size();
begin();
addEventListener('resize', size);
draw = () => svg.setAttribute('viewBox', now.map(v => Math.round(v * 100) / 100).join(' '));
const scale = () => Math.max(now[2] / view.clientWidth, now[3] / view.clientHeight); // units a pixel
function zoom(by, cx, cy) {
  const least = 80 / whole[2], most = 4;
  const factor = Math.min(Math.max(now[2] * by, whole[2] * least), whole[2] * most) / now[2];
  now = [cx - (cx - now[0]) * factor, cy - (cy - now[1]) * factor, now[2] * factor, now[3] * factor];
  draw();
}
draw();
const middle = () => [now[0] + now[2] / 2, now[1] + now[3] / 2];
const pan = (dx, dy) => { now[0] += dx; now[1] += dy; draw(); };
const fit = () => { now = whole.slice(); draw(); };
function at(e) {
  const p = new DOMPoint(e.clientX, e.clientY).matrixTransform(svg.getScreenCTM().inverse());
  return [p.x, p.y];
}
$('#zoom-in').addEventListener('click', () => zoom(1 / 1.4, ...middle()));
$('#zoom-out').addEventListener('click', () => zoom(1.4, ...middle()));
$('#zoom-fit').addEventListener('click', fit);
view.addEventListener('wheel', e => {
  e.preventDefault();
  const lines = e.deltaMode === 1 ? 16 : 1;
  zoom(Math.exp(Math.min(Math.max(e.deltaY * lines, -120), 120) / 400), ...at(e));
}, {passive: false});

const pointers = new Map();
let moved = 0, spread = 0;
view.addEventListener('pointerdown', e => {
  if (e.button !== 0) return;
  pointers.set(e.pointerId, e);
  moved = 0;
  spread = 0;
});
addEventListener('pointermove', e => {
  const before = pointers.get(e.pointerId);
  if (!before) return;
  pointers.set(e.pointerId, e);
  const [p, q] = [...pointers.values()];
  if (q) {
    const gap = Math.hypot(p.clientX - q.clientX, p.clientY - q.clientY);
    if (spread > 0 && gap > 0) zoom(spread / gap, ...at({clientX: (p.clientX + q.clientX) / 2, clientY: (p.clientY + q.clientY) / 2}));
    spread = gap;
    moved = 99;
    return;
  }
  const dx = e.clientX - before.clientX, dy = e.clientY - before.clientY;
  moved += Math.abs(dx) + Math.abs(dy);
  if (moved > 4) {
    view.classList.add('dragged');
    pan(-dx * scale(), -dy * scale());
  }
});
for (const end of ['pointerup', 'pointercancel']) addEventListener(end, e => {
  pointers.delete(e.pointerId);
  view.classList.remove('dragged');
});

// Brings a node into view, at a size at which it can be read.
show = node => {
  const [x, y] = node.getAttribute('transform').match(/-?\d+/g).map(Number);
  const b = node.getBBox();
  const cx = x + b.width / 2, cy = y + b.height / 2;
  if (scale() > 1.4) {
    const w = view.clientWidth * 1.1, h = view.clientHeight * 1.1;
    now = [cx - w / 2, cy - h / 2, w, h];
  } else if (cx - b.width / 2 < now[0] || cx + b.width / 2 > now[0] + now[2] || cy < now[1] + 20 || cy > now[1] + now[3] - 20) {
    now = [cx - now[2] / 2, cy - now[3] / 2, now[2], now[3]];
  }
  draw();
};

// The services are one stop of the Tab key; arrows go from one to the next.
roam = node => { for (const n of nodes) n.tabIndex = n === node ? 0 : -1; };
if (nodes.length) roam(nodes[0]);
const places = new Map(nodes.map(n => {
  const [x, y] = n.getAttribute('transform').match(/-?\d+/g).map(Number);
  return [n, [x, y]];
}));
const ways = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
function neighbour(node, [dx, dy]) {
  const [x, y] = places.get(node);
  let best = null, least = Infinity;
  for (const [n, [nx, ny]] of places) {
    const along = (nx - x) * dx + (ny - y) * dy, aside = Math.abs((nx - x) * dy) + Math.abs((ny - y) * dx);
    if (along <= 0) continue;
    const far = along + 3 * aside;
    if (far < least) { least = far; best = n; }
  }
  return best;
}
view.addEventListener('keydown', e => {
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  const node = e.target.closest('.node');
  const way = ways[e.key];
  if (node && way) {
    const next = neighbour(node, way);
    if (next) { roam(next); next.focus({preventScroll: true}); }
  } else if (node && (e.key === 'Enter' || e.key === ' ')) {
    follow(followed === node.dataset.node ? '' : node.dataset.node);
  } else if (way) {
    pan(way[0] * now[2] / 8, way[1] * now[3] / 8);
  } else if (e.key === '+' || e.key === '=') {
    zoom(1 / 1.4, ...middle());
  } else if (e.key === '-') {
    zoom(1.4, ...middle());
  } else if (e.key === '0') {
    fit();
  } else {
    return;
  }
  e.preventDefault();
});
svg.addEventListener('click', e => {
  if (moved > 4) return;
  const node = e.target.closest('.node');
  follow(node && node.dataset.node !== followed ? node.dataset.node : '');
  if (node) roam(node);
});
svg.addEventListener('pointerover', e => {
  const node = e.target.closest('.node');
  const id = node ? node.dataset.node : '';
  if (id !== pointed && pointers.size === 0) { pointed = id; light(); }
});
svg.addEventListener('pointerleave', () => { pointed = ''; light(); });
// On the view: an svg that listens for the focus can have it itself.
view.addEventListener('focusin', e => {
  const node = e.target.closest('.node');
  if (node && node.matches(':focus-visible')) { pointed = node.dataset.node; light(); show(node); }
});
view.addEventListener('focusout', () => { pointed = ''; light(); });
})();
