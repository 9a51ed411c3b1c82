// The page's own script: zoom in time, tips, the diagram's moments, which voltage is shown, which events are listed. It adds
// nothing that the page does not say without it.

export const SCRIPT = `
'use strict';
(() => {
  const all = (what, within = document) => [...within.querySelectorAll(what)];
  const one = what => document.querySelector(what);
  const page = one('#run'), end = Number(page.dataset.end);
  let from = Number(page.dataset.from), to = Number(page.dataset.to), now = 0;
  const NS = 'http://www.w3.org/2000/svg';
  const percent = t => Math.max(-1000, Math.min(1100, 100 * (t - from) / (to - from))).toFixed(3) + '%';
  const timed = all('[data-t]').map(el => ({ el, t: Number(el.dataset.t), u: Number(el.dataset.u) }));
  function ticks() {
    const rough = (to - from) / 7, size = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map(n => n * size).find(n => n >= rough) || rough, made = [];
    for (let n = Math.ceil(from / step); n * step <= to; n++) made.push(n * step);
    return made;
  }
  const digits = () => to - from < 100 ? 4 : to - from < 10000 ? 2 : to - from < 100000 ? 1 : 0;
  function draw() {
    for (const { el, t, u } of timed) {
      if (el.tagName === 'line') { el.setAttribute('x1', percent(t)); el.setAttribute('x2', percent(u)); continue; }
      el.setAttribute('x', percent(t));
      if (el.tagName === 'rect') el.setAttribute('width', Math.max(.05, parseFloat(percent(u)) - parseFloat(percent(t))).toFixed(3) + '%');
    }
    for (const plot of all('.plot')) plot.setAttribute('viewBox', from + ' 0 ' + (to - from) + ' ' + plot.dataset.top);
    for (const axis of all('.axis')) {
      const height = Number(axis.closest('svg').getAttribute('height'));
      axis.replaceChildren(...ticks().flatMap(t => {
        const line = document.createElementNS(NS, 'line'), text = document.createElementNS(NS, 'text');
        for (const [key, value] of [['x1', percent(t)], ['x2', percent(t)], ['y1', 0], ['y2', height - 18]]) line.setAttribute(key, value);
        text.setAttribute('x', percent(t)); text.setAttribute('y', height - 4);
        text.textContent = (t / 1000).toFixed(digits()) + ' s';
        return [line, text];
      }));
    }
    for (const line of all('.now')) { line.setAttribute('x1', percent(now)); line.setAttribute('x2', percent(now)); }
    for (const button of all('[data-from]')) {
      button.setAttribute('aria-pressed', String(Number(button.dataset.from) === from && Number(button.dataset.to) === to));
    }
  }
  function zoom(a, b) {
    const width = Math.max(1, Math.min(b - a, end));
    from = Math.max(0, Math.min(a, end - width)); to = from + width;
    draw();
  }
  const by = (factor, at = .5) => { const t = from + at * (to - from); zoom(t - at * (to - from) * factor, t + (1 - at) * (to - from) * factor); };
  for (const button of all('button[data-from]')) button.onclick = () => zoom(Number(button.dataset.from), Number(button.dataset.to));
  for (const button of all('button[data-zoom]')) button.onclick = () => by(Number(button.dataset.zoom));
  for (const button of all('button[data-shift]')) button.onclick = () => { const d = Number(button.dataset.shift) * (to - from); zoom(from + d, to + d); };
  for (const chart of all('svg.time')) {
    const at = e => { const box = chart.getBoundingClientRect(); return (e.clientX - box.left) / box.width; };
    chart.addEventListener('wheel', e => { if (!e.ctrlKey && !e.metaKey) return; e.preventDefault(); by(e.deltaY > 0 ? 1.25 : .8, at(e)); }, { passive: false });
    let grip;
    chart.addEventListener('pointerdown', e => { if (e.pointerType === 'mouse') grip = { x: at(e), from, to }; });
    window.addEventListener('pointermove', e => { if (!grip) return; const d = (grip.x - at(e)) * (grip.to - grip.from); zoom(grip.from + d, grip.to + d); });
    window.addEventListener('pointerup', () => { grip = undefined; });
  }
  const tip = one('#tip');
  document.addEventListener('pointerover', e => {
    const el = e.target.closest && e.target.closest('[data-tip]');
    tip.hidden = !el;
    if (!el) return;
    const t = el.dataset.t === undefined || el.tagName === 'rect' ? '' : (Number(el.dataset.t) / 1000).toFixed(3) + ' s  ';
    tip.textContent = t + el.dataset.tip;
    const box = el.getBoundingClientRect(), width = tip.offsetWidth;
    const x = el.tagName === 'rect' ? e.clientX : box.left + box.width / 2;
    tip.style.left = Math.max(4, Math.min(x - width / 2, document.documentElement.clientWidth - width - 4)) + 'px';
    tip.style.top = Math.max(4, box.top - tip.offsetHeight - 8) + 'px';
  });
  const slider = one('#moment'), figures = all('figure[data-at]');
  function moment(index) {
    figures.forEach((figure, n) => { figure.hidden = n !== index; });
    slider.value = index; now = Number(figures[index].dataset.at);
    slider.setAttribute('aria-valuetext', figures[index].querySelector('figcaption').textContent);
    draw();
  }
  if (slider) {
    slider.oninput = () => moment(Number(slider.value));
    for (const button of all('button[data-step]')) {
      button.onclick = () => moment(Math.max(0, Math.min(figures.length - 1, Number(slider.value) + Number(button.dataset.step))));
    }
    const large = one('#large');
    large.onclick = () => large.setAttribute('aria-pressed', String(page.classList.toggle('large')));
    moment(Number(slider.value));
  }
  for (const radio of all('input[name=ied]')) radio.onchange = () => {
    for (const lines of all('.plot [data-ied]')) lines.style.display = lines.dataset.ied === radio.value ? '' : 'none';
    one('#shown-ied').textContent = radio.value;
  };
  const boxes = all('input[data-kind]'), words = one('#words'), rows = all('#events tbody tr');
  function list() {
    const kinds = new Set(boxes.filter(box => box.checked).map(box => box.dataset.kind)), sought = words.value.toLowerCase();
    let shown = 0;
    for (const row of rows) {
      row.hidden = !kinds.has(row.dataset.kind) || !row.textContent.toLowerCase().includes(sought);
      if (!row.hidden) shown++;
    }
    one('#shown').textContent = shown;
  }
  for (const box of boxes) box.onchange = list;
  if (words) { words.oninput = list; list(); }
  draw();
})();
`
