/** How the page of an audit looks: on a phone, on a screen, in the dark and on paper. No script: what is shown is chosen by radio buttons. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --line: #d1d9e0; --ground: #fff; --band: #f6f8fa; --bar: #cf222e; --on: #0550ae; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --ground: #0d1117; --band: #151b23; --bar: #ff7b72; --on: #79c0ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem 1rem 4rem; max-width: 70rem; color: var(--ink); background: var(--ground); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; overflow-wrap: anywhere; }
h1 { margin: .75rem 0 .5rem; font-size: 1.6rem; line-height: 1.25; }
h2 { margin: 2.25rem 0 .5rem; padding-bottom: .25rem; font-size: 1.15rem; border-bottom: 1px solid var(--line); }
h3 { margin: 1.25rem 0 .25rem; font-size: 1rem; }
p { margin: .4rem 0; }
.soft, dt { color: var(--soft); }
.lead { font-size: 1.1rem; }
.note { padding: .5rem .75rem; border-left: 4px solid var(--bar); background: var(--band); }
.calm { border-left-color: var(--on); }
.choice { position: absolute; opacity: 0; pointer-events: none; }
.bar { display: flex; gap: .25rem; justify-content: flex-end; }
.bar label { padding: .25rem .75rem; border: 1px solid var(--line); border-radius: .4rem; cursor: pointer; color: var(--soft); }
#l-both:checked ~ .bar [for=l-both], #l-en:checked ~ .bar [for=l-en], #l-zh:checked ~ .bar [for=l-zh] { color: var(--ground); background: var(--on); border-color: var(--on); }
#l-both:focus-visible ~ .bar [for=l-both], #l-en:focus-visible ~ .bar [for=l-en], #l-zh:focus-visible ~ .bar [for=l-zh] { outline: 3px solid var(--bar); }
#l-en:checked ~ main [lang=zh], #l-zh:checked ~ main [lang=en] { display: none; }
#l-both:checked ~ main span[lang=en] + span[lang=zh]::before { content: " · "; color: var(--soft); }
#l-both:checked ~ main :is(li, dd, .note, p.soft) > span[lang=zh] { display: block; }
#l-both:checked ~ main :is(li, dd, .note, p.soft) > span[lang=en] + span[lang=zh]::before { content: none; }
#l-both:checked ~ main div[lang=en] + div[lang=zh] { display: none; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .5rem; margin: 1rem 0; padding: 0; }
.figures div { padding: .6rem .75rem; background: var(--band); border-top: 3px solid var(--line); }
.figures b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.figures .proven { border-color: #0072B2; } .figures .disputed { border-color: #E69F00; } .figures .unproven { border-color: #D55E00; } .figures .notEvaluable { border-color: #767676; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1rem; }
figure { margin: 0; min-width: 0; }
figcaption { font-weight: 600; margin: .5rem 0; }
figure div { background: #fff; border: 1px solid var(--line); border-radius: .4rem; padding: .25rem; text-align: center; }
svg { max-width: 100%; height: auto; }
/* In between, a table that is too wide moves by itself. */
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { padding: .35rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; overflow-wrap: normal; word-break: keep-all; }
tbody th { font-weight: 600; }
tbody th, td:not(.n) { min-width: 7rem; }
#l-both:checked ~ main thead span { display: block; }
#l-both:checked ~ main thead span[lang=en] + span[lang=zh]::before { content: none; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
td.n { white-space: nowrap; }
.k { display: none; }
ol { padding-left: 1.5rem; }
ol li { margin: .5rem 0; }
ul { margin: .25rem 0; padding-left: 1.1rem; }
dl > div { display: grid; grid-template-columns: minmax(9rem, 16rem) 1fr; gap: .25rem 1rem; padding: .35rem 0; border-bottom: 1px solid var(--line); }
dd { margin: 0; }
@media screen and (max-width: 56rem) {
  h1 { font-size: 1.35rem; }
  dl > div { grid-template-columns: 1fr; gap: 0; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, tr, th, td { display: block; }
  tr { padding: .5rem 0; border-bottom: 1px solid var(--line); }
  th, td { border: 0; padding: .1rem 0; }
  td.n { white-space: normal; }
  tbody th, td:not(.n) { min-width: 0; }
  td { display: flex; justify-content: space-between; gap: 1rem; text-align: right; }
  td.empty { display: none; }
  .k { display: inline; color: var(--soft); text-align: left; }
}
@media print { body { max-width: none; padding: 0; } .bar { display: none; } h2 { break-after: avoid; } tr, li, figure { break-inside: avoid; } }
`
