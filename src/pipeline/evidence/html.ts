import { printable } from '../../base/printable.ts'

/** Text that is markup already. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Content = Markup | string | number | undefined | readonly Content[]

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** INVARIANT (escape): whatever is put into a template is text, unless it came out of one. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(parts.map((part, i) => `${part}${i < values.length ? render(values[i]) : ''}`).join(''))
}

function render(value: Content): string {
  if (value === undefined) return ''
  if (value instanceof Markup) return value.text
  if (typeof value === 'object') return value.map(render).join('')
  return printable(String(value)).replace(/[&<>"']/g, (c) => ESCAPES[c] as string)
}
