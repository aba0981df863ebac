import { html, type Content, type Markup } from './html.ts'

/** A part of a page under its heading; nothing where it has no content. */
export function section(en: string, zh: string, content: Content): Content {
  if (content === undefined || (Array.isArray(content) && content.length === 0)) return []
  return html`<section><h2>${en} · <span lang="zh">${zh}</span></h2>${content}</section>
`
}

/** Names and values; one without a value is left out. */
export function pairs(rows: readonly (readonly [en: string, zh: string, value: Content])[]): Markup {
  return html`<dl>${rows.map(([en, zh, value]) => (value === undefined ? [] : html`<div><dt>${en} · <span lang="zh">${zh}</span></dt><dd>${value}</dd></div>`))}</dl>`
}

/** A table that scrolls by itself where it is too wide; nothing where it has no rows. */
export function table(heads: readonly string[], rows: readonly (readonly Content[])[]): Content {
  if (rows.length === 0) return []
  return html`<div class="wide" tabindex="0"><table><thead><tr>${heads.map((h) => html`<th scope="col">${h}</th>`)}</tr></thead><tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>
`)}</tbody></table></div>`
}
