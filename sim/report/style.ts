// What the report's page looks like, besides what all pages share.

export const STYLE = `
:root { --a: #c0392b; --b: #1f6fb2; --c: #2e8b57; --trip: #c8102e; --pick: #c77700; --msg: #1f6fb2; --warnc: #b8860b; --op: #7a3fa0; --okc: #1d7a46; --sag: #8a98a8; }
@media (prefers-color-scheme: dark) { :root { --a: #ff8a7a; --b: #6db3f2; --c: #6fd6a0; --trip: #ff6b7d; --pick: #ffb84d; --msg: #6db3f2; --warnc: #f0cf5a; --op: #c79bf0; --okc: #6fd6a0; --sag: #76869a; } }
@media print { :root { --a: #c0392b; --b: #1f6fb2; --c: #2e8b57; --trip: #c8102e; --pick: #c77700; --msg: #1f6fb2; --warnc: #b8860b; --op: #7a3fa0; --okc: #1d7a46; --sag: #8a98a8; } }
.facts { display: flex; flex-wrap: wrap; gap: 6px 28px; margin: .6rem 0 0; }
.facts div { min-width: 90px; } .facts dt { color: var(--soft); font-size: .8rem; } .facts dd { margin: 0; font-weight: 600; }
.two { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 5fr); gap: 8px 28px; align-items: start; }
@media (max-width: 900px) { .two { grid-template-columns: minmax(0, 1fr); } }
.expect td:nth-child(2) { min-width: 50%; width: 55%; }
.expect td:first-child { font-weight: 700; white-space: nowrap; }
.bar-of-buttons { display: flex; flex-wrap: wrap; gap: 6px; margin: 0 0 10px; align-items: center; }
.bar-of-buttons button { max-width: 340px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.sticky { position: sticky; top: 0; z-index: 3; background: var(--paper); padding: 8px 0; margin-bottom: 4px; border-bottom: 1px solid var(--line); }
figure { margin: 0; } figcaption { margin: 0 0 6px; font-weight: 600; }
.drawing { background: #fff; border-radius: 6px; padding: 8px; } .drawing svg { display: block; margin: 0 auto; max-height: 760px; min-width: 560px; }
.large .drawing svg { max-height: none; min-width: 2200px; }
#moment { flex: 1 1 200px; accent-color: var(--accent); }
.chart { position: relative; padding-left: 128px; margin: 4px 0; }
.chart .names, .chart .scale { position: absolute; left: 0; top: 0; width: 122px; font-size: .8rem; text-align: right; }
.names span { display: block; height: 30px; line-height: 30px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; padding-right: 6px; }
.scale span { position: absolute; right: 6px; transform: translateY(-50%); color: var(--soft); white-space: nowrap; }
td.n { white-space: nowrap; }
svg.time { display: block; width: 100%; overflow: hidden; cursor: grab; touch-action: pan-y; background: var(--paper); }
.lane { fill: var(--paper); } .lane.odd { fill: var(--fill); }
.axis line { stroke: var(--line); } .axis text { fill: var(--soft); font-size: 11px; text-anchor: middle; }
.levels line { stroke: var(--line); } .levels .limit { stroke: var(--warnc); stroke-dasharray: 4 3; }
.now { stroke: var(--accent); stroke-width: 1.5; stroke-dasharray: 2 3; }
.plot path { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; }
.plot .a { stroke: var(--a); } .plot .b { stroke: var(--b); stroke-dasharray: 7 2; } .plot .c { stroke: var(--c); stroke-dasharray: 3 2; }
.plot .out { fill: var(--trip); fill-opacity: .18; stroke: none; } .plot .out.edge { fill: none; stroke: var(--trip); }
.mark { --hue: var(--ink); cursor: default; }
.mark path, .mark rect, .mark circle { fill: var(--hue); stroke: var(--paper); stroke-width: 1; }
.mark .hollow { fill: var(--paper); stroke: var(--hue); stroke-width: 2; } .mark .stroke { fill: none; stroke: var(--hue); stroke-width: 2.5; }
.mark.pickup { --hue: var(--pick); } .mark.trip, .mark.open, .mark.alarm { --hue: var(--trip); } .mark.close { --hue: var(--okc); }
.mark.warning { --hue: var(--warnc); } .mark.told { --hue: var(--msg); } .mark.clear { --hue: var(--okc); } .mark.operation { --hue: var(--op); }
.bar.picked-up { fill: var(--pick); background: var(--pick); } .bar.open { fill: var(--trip); background: var(--trip); opacity: .35; }
.bar.sag { fill: var(--sag); background: var(--sag); } .mark.heard path, .mark.heard circle { fill: var(--paper); stroke: var(--hue); stroke-width: 2; } .bar.down { fill: var(--soft); background: var(--soft); opacity: .35; }
.arrow { stroke-width: 1.1; opacity: .55; pointer-events: none; } .arrow.warning { stroke: var(--warnc); } .arrow.told { stroke: var(--msg); }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: .82rem; color: var(--soft); max-width: none; margin: 6px 0 0; }
.legend span { display: inline-flex; align-items: center; gap: 5px; }
.legend i { display: inline-block; width: 22px; height: 6px; } .legend i.phase { height: 0; border-top: 2px solid var(--a); }
.legend i.b { border-top: 2px dashed var(--b); } .legend i.c { border-top: 2px dotted var(--c); } .legend i.limit { height: 0; border-top: 1px dashed var(--warnc); }
#tip { position: fixed; z-index: 9; max-width: min(420px, 90vw); padding: 5px 9px; border-radius: 6px; background: var(--ink); color: var(--paper); font-size: .82rem; pointer-events: none; }
.short { max-height: 300px; } .short table { width: 100%; } .short thead th { position: sticky; top: 0; background: var(--paper); }
caption { text-align: left; padding-bottom: 4px; }
#events { width: 100%; } #events td:nth-child(2) { white-space: nowrap; } #events td:last-child { overflow-wrap: anywhere; }
#events thead th { position: sticky; top: 0; background: var(--paper); } .tall { max-height: 560px; }
tr[data-kind=trip] td, tr[data-kind=open] td { color: var(--trip); } tr[data-kind=scenario] td { font-weight: 600; }
.kinds label { white-space: nowrap; } .kinds { display: flex; flex-wrap: wrap; gap: 4px 14px; margin: 0 0 8px; font-size: .86rem; align-items: center; }
.kinds input[type=search] { background: var(--fill); border: 1px solid var(--line); border-radius: 6px; padding: 3px 8px; }
@media (max-width: 640px) { .chart { padding-left: 84px; } .chart .names, .chart .scale { width: 80px; font-size: .7rem; } .sticky { position: static; } }
@media print { .sticky { position: static; } figure[hidden] { display: block; } .drawing svg { max-height: 520px; } .short, .tall { max-height: none; } #tip { display: none; } }
`
