// The frame of a page that needs nothing besides itself: no font, picture, style or script from elsewhere.

import { asMarkup, type Html, html, raw } from './html.ts'

export interface PageParts {
  readonly title: string
  readonly body: Html
  /** In addition to the common one. */
  readonly style?: string
  readonly script?: string
}

/** @returns a whole HTML document. The browser is told to load nothing, whatever the body holds */
export function page({ title, body, style = '', script }: PageParts): string {
  const made = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${raw(asMarkup(COMMON_STYLE + style))}</style>
</head>
<body>
${body}
${script === undefined ? undefined : html`<script>${raw(asMarkup(script))}</script>`}
</body>
</html>
`
  return made.markup
}

/** Colours that keep their contrast in both schemes, and what prints. */
const COMMON_STYLE = `
:root {
  --paper: #ffffff; --ground: #f4f6f8; --ink: #1c2430; --soft: #566070; --line: #d5dbe3; --fill: #eef2f6;
  --good: #0a6b3d; --good-fill: #dff3e7; --bad: #b00020; --bad-fill: #fde4e7; --warn: #8a5a00; --warn-fill: #fdf0d3;
  --accent: #0b5cad;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #1a2029; --ground: #11161d; --ink: #e6ebf2; --soft: #a3afbf; --line: #36404e; --fill: #232b36;
    --good: #6fd6a0; --good-fill: #143726; --bad: #ff8d98; --bad-fill: #46181f; --warn: #f0c060; --warn-fill: #40310d;
    --accent: #7db8f5;
  }
}
* { box-sizing: border-box; }
html { color-scheme: light dark; }
body { margin: 0 auto; max-width: 1240px; padding: 20px 24px 48px; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.12rem; margin: 0 0 .6rem; }
h3 { font-size: .95rem; margin: 1rem 0 .3rem; }
p { margin: .3rem 0; max-width: 85ch; }
section, header { background: var(--paper); border: 1px solid var(--line); border-radius: 8px; padding: 16px 20px; margin: 0 0 14px; }
.soft { color: var(--soft); }
.scroll { overflow: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 3px 12px 3px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--soft); }
td.n, th.n { text-align: right; }
code, pre { font: .85rem/1.45 ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace; }
pre { overflow: auto; margin: .4rem 0 0; padding: 10px 12px; background: var(--fill); border-radius: 6px; max-height: 480px; }
code { background: var(--fill); border-radius: 4px; padding: 1px 5px; overflow-wrap: anywhere; }
pre code { background: none; padding: 0; }
summary { cursor: pointer; color: var(--accent); }
button, select, input { font: inherit; font-size: .86rem; color: inherit; }
button, select { background: var(--fill); border: 1px solid var(--line); border-radius: 6px; padding: 3px 10px; cursor: pointer; }
button:hover { border-color: var(--accent); }
button[aria-pressed="true"] { background: var(--accent); border-color: var(--accent); color: var(--paper); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.verdict { display: inline-block; font-weight: 700; border-radius: 999px; padding: 2px 12px; font-size: .9rem; }
.ok { color: var(--good); } .verdict.ok { background: var(--good-fill); }
.bad { color: var(--bad); } .verdict.bad { background: var(--bad-fill); }
.warn { color: var(--warn); } .verdict.warn { background: var(--warn-fill); }
@media (max-width: 640px) { body { padding: 10px 8px 32px; } section, header { padding: 12px; } }
@media print {
  :root { --paper: #fff; --ground: #fff; --ink: #000; --soft: #444; --line: #bbb; --fill: #f3f3f3;
    --good: #0a6b3d; --good-fill: #fff; --bad: #b00020; --bad-fill: #fff; --warn: #8a5a00; --warn-fill: #fff; --accent: #0b5cad; }
  body { max-width: none; padding: 0; font-size: 12px; }
  section, header { border: 0; border-top: 1px solid #bbb; border-radius: 0; padding: 8px 0; }
  .noprint { display: none !important; }
  .scroll, pre { overflow: visible; max-height: none; }
  pre { white-space: pre-wrap; }
  h2 { break-after: avoid; } tr, svg { break-inside: avoid; }
}
`
