import type { TopLevelSpec } from 'vega-lite'

/** Told apart by colour-blind readers (Okabe and Ito, 2008), and by their dashes. */
export const BLUE = '#0072B2'
export const VERMILION = '#D55E00'
export const CURVES = [
  { colour: BLUE, dash: [1, 0] },
  { colour: '#E69F00', dash: [8, 3] },
  { colour: '#009E73', dash: [3, 3] },
  { colour: '#CC79A7', dash: [8, 3, 2, 3] },
] as const
export const GREY = '#767676'
/** How wide every picture is, in pixels. */
export const WIDTH = 700
const FONT = 'Helvetica, Arial, sans-serif'

const CONFIG: TopLevelSpec['config'] = {
  font: FONT,
  background: 'white',
  view: { stroke: '#cccccc' },
  axis: { labelFontSize: 12, titleFontSize: 13, titleFontWeight: 'normal', titlePadding: 8, gridColor: '#ebebeb', labelColor: '#333333', titleColor: '#333333' },
  legend: { labelFontSize: 12, titleFontSize: 12, symbolStrokeWidth: 2.5, symbolSize: 400, labelLimit: 300 },
  header: { labelFontSize: 12, labelFontWeight: 'bold', labelPadding: 4 },
  title: { anchor: 'start', frame: 'bounds', fontSize: 16, subtitleFontSize: 12, subtitleColor: '#555555', offset: 12 },
}

/**
 * How wide a text is in Helvetica, nearly; Chinese is as wide as it is high. Vega measures by a canvas where the package `canvas` happens to be installed and else takes
 * 0.8 of the height for each letter, half as much again as they are; it takes a measure of one's own (its types do not know it).
 */
function textWidth(item: { fontSize?: number; fontWeight?: string | number }, text: string): number {
  let width = 0
  for (const letter of text) width += /[\u2e80-\u9fff\uac00-\ud7a3\uff00-\uff60]/.test(letter) ? 1 : /[ijlI.,:;|!'()[\]ft /-]/.test(letter) ? 0.29 : /[mwMW%±]/.test(letter) ? 0.83 : /[A-Z]/.test(letter) ? 0.69 : 0.545
  return width * (item.fontSize ?? 11) * (item.fontWeight === 'bold' ? 1.06 : 1)
}

/** SVG text of a picture. The same data give the same bytes: no picture uses clip paths or gradients, whose ids are counted over a process. */
export async function draw(spec: TopLevelSpec): Promise<string> {
  // A third of a second, which no command that draws nothing should take.
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')])
  ;(vega as unknown as { textMetrics: { width: typeof textWidth } }).textMetrics.width = textWidth
  const view = new vega.View(vega.parse(compile({ padding: 12, ...spec, config: CONFIG }).spec), { renderer: 'none' })
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}
