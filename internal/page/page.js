'use strict';
// Everything is on the page without this; it sorts, filters, and shows what a
// box is at once instead of after a while.
(() => {
  const make = (name, attributes = {}, text = '') => {
    const e = document.createElement(name);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    e.textContent = text;
    return e;
  };

  for (const table of document.querySelectorAll('table.sortable')) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = make('button', { type: 'button' }, head.textContent);
      head.replaceChildren(button);
      const numeric = head.classList.contains('number');
      const key = (row) => {
        const cell = row.cells[column];
        return numeric ? Number(cell.dataset.v ?? cell.textContent.replaceAll(',', '')) : cell.textContent;
      };
      button.addEventListener('click', () => {
        const was = head.getAttribute('aria-sort');
        const descending = was === 'ascending' || (was === null && numeric);
        heads.forEach((h) => h.removeAttribute('aria-sort'));
        head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
        const sign = descending ? -1 : 1;
        const rows = [...body.rows].map((row) => [key(row), row]);
        rows.sort(([a], [b]) => sign * (numeric ? a - b : a < b ? -1 : a > b ? 1 : 0));
        body.append(...rows.map(([, row]) => row));
      });
    });
    if (body.rows.length > 12) {
      const label = make('label', { class: 'filter' }, 'Filter ');
      const input = make('input', { type: 'search', autocomplete: 'off', spellcheck: 'false' });
      label.append(input);
      table.parentElement.before(label);
      input.addEventListener('input', () => {
        const wanted = input.value.toLowerCase();
        for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
      });
    }
  }

  const map = document.querySelector('.frame');
  if (!map) return;
  const tip = make('div', { class: 'tip', role: 'tooltip', id: 'tip', hidden: '' });
  document.body.append(tip);
  const shows = (target) => target instanceof Element ? target.closest('[data-tip], [title]') : null;
  const show = (of, x, y) => {
    if (of.title) { of.dataset.tip = of.title; of.removeAttribute('title'); }
    tip.textContent = of.dataset.tip;
    tip.hidden = false;
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - width - 8))}px`;
    tip.style.top = `${Math.max(4, y + 18 + height > innerHeight ? y - height - 10 : y + 18)}px`;
  };
  const hide = () => { tip.hidden = true; };
  map.addEventListener('pointermove', (e) => { const of = shows(e.target); of ? show(of, e.clientX, e.clientY) : hide(); });
  map.addEventListener('pointerleave', hide);
  map.addEventListener('focusout', hide);
  map.addEventListener('focusin', (e) => {
    const of = e.target.matches(':focus-visible') ? shows(e.target) : null;
    if (!of) return;
    const r = of.getBoundingClientRect();
    show(of, r.left + Math.min(r.width / 2, 120), r.top + Math.min(r.height / 2, 60));
  });

  // The boxes of the repository that is zoomed to can be reached with the
  // keyboard; those of all others would be in the way.
  const zoomed = () => {
    hide();
    for (const box of map.querySelectorAll('.box[tabindex]')) box.removeAttribute('tabindex');
    const tile = map.querySelector('.tile:target');
    if (!tile) return;
    for (const box of tile.querySelectorAll('.box')) box.setAttribute('tabindex', '0');
    tile.querySelector('.back').focus({ preventScroll: true });
  };
  let last = null; // the link that was followed, to go back to
  addEventListener('hashchange', () => {
    zoomed();
    if (location.hash === '#map' && last) last.focus({ preventScroll: true });
    last = map.querySelector('.tile:target .open');
  });
  addEventListener('keydown', (e) => {
    if (e.key !== 'Escape') return;
    hide();
    if (map.querySelector('.tile:target')) location.hash = '#map';
  });
  zoomed();
})();
