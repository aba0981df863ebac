/** How a page of evidence looks: on a screen of any width, in the dark, and on paper. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --line: #d1d9e0; --ground: #fff; --band: #f6f8fa; --named: #0550ae; --bar: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --ground: #0d1117; --band: #151b23; --named: #79c0ff; --bar: #ff7b72; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 62rem; color: var(--ink); background: var(--ground); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; overflow-wrap: anywhere; }
h1 { margin: .25rem 0 .5rem; font-size: 1.6rem; line-height: 1.25; }
h2 { margin: 2rem 0 .5rem; padding-bottom: .25rem; font-size: 1.1rem; border-bottom: 1px solid var(--line); }
p { margin: .4rem 0; }
.kind, .legend, dt { color: var(--soft); }
.lead { font-size: 1.1rem; }
.note { padding: .5rem .75rem; border-left: 4px solid var(--bar); background: var(--band); }
dl { margin: 0; }
dl > div { display: grid; grid-template-columns: minmax(9rem, 14rem) 1fr; gap: .25rem 1rem; padding: .25rem 0; border-bottom: 1px solid var(--line); }
dd { margin: 0; }
blockquote { margin: .25rem 0 .75rem; padding: .1rem 1rem; border-left: 4px solid var(--line); }
code, pre { font: .875em/1.5 ui-monospace, "SFMono-Regular", "DejaVu Sans Mono", Menlo, monospace; }
pre { padding: .75rem 1rem; overflow-x: auto; background: var(--band); overflow-wrap: normal; }
.wide { overflow-x: auto; overflow-wrap: normal; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { padding: .35rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
td { font-variant-numeric: tabular-nums; min-width: 5rem; }
td:first-child { white-space: nowrap; }
.events td:nth-child(4) { min-width: 20rem; }
.pair { display: inline-block; margin-right: .6rem; overflow-wrap: anywhere; }
.pair code { color: var(--soft); }
.lane { margin: .35rem 0; }
.lane bdi { display: block; font-size: .85rem; color: var(--soft); }
.track { position: relative; height: 1.5rem; background: var(--band); border: 1px solid var(--line); print-color-adjust: exact; overflow: hidden; }
.track i { position: absolute; top: 0; bottom: 0; width: 2px; margin-left: -1px; background: var(--soft); opacity: .45; }
.track i.named { background: var(--named); opacity: 1; }
.track i.bar { margin-left: 0; top: auto; height: 40%; background: var(--bar); opacity: .75; }
.axis { display: flex; justify-content: space-between; gap: 1rem; font-size: .8rem; color: var(--soft); }
.legend { font-size: .8rem; }
.mark { display: inline-block; width: .25rem; height: .9rem; margin: 0 .15rem 0 .75rem; vertical-align: -.1rem; background: var(--soft); opacity: .6; print-color-adjust: exact; }
.mark.named { background: var(--named); opacity: 1; margin-left: 0; }
.mark.bar { width: 1rem; height: .5rem; background: var(--bar); opacity: .75; }
@media (max-width: 36rem) { dl > div { grid-template-columns: 1fr; gap: 0; } h1 { font-size: 1.35rem; } }
@media print { body { max-width: none; padding: 0; } h2 { break-after: avoid; } tr { break-inside: avoid; } }
`
