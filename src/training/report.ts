import { binsByWidth, calibrationError } from './bins.ts'
import { PICTURES } from './card.ts'
import { thresholdAt } from './curve.ts'
import { measuredRow, type Evaluation, type Model, type Part, type Row } from './evaluation.ts'
import type { Measured } from './evaluate.ts'
import type { GroupScore } from './groups.ts'
import { calibrationPlot, jitterPlot, rocPlot, scoresPlot } from './plots.ts'

const BINS = 10
const SLICES = ['mobile', 'passive', 'night', 'slow']
const MOST_LOST = 0.1

/** What the card tells of a model: each target of detection with what was measured. */
export function evaluationOf(m: Measured, groups: GroupScore, about: { model: Model; data: Part[] }): Evaluation {
  const leftOut = m.leftOut.map((l) => ({ ...l, learners: m.archetypes.find((a) => a.archetype === l.archetype)?.learners ?? 0 }))
  const warned = m.reasons.reduce((n, r) => n + r.warned, 0)
  return {
    model: about.model, data: about.data,
    calibration: {
      method: 'Isotonic regression of the logit on learners of their own, weighed as if 2 % of all learners cheated; a probability is that of a program among such learners.',
      error: calibrationError(m.predicted), bins: binsByWidth(m.predicted, BINS),
    },
    thresholds: [0.01, 0.001].map((falseAlarms) => ({ falseAlarms, probability: thresholdAt(m.scores.find((s) => s.honest)?.scores ?? [], falseAlarms) })),
    rows: rowsOf(m, groups, warned),
    baselines: m.baselines.map((b) => ({ name: b.name, about: ABOUT[b.name] ?? '', auc: b.auc, recall1: b.at1, recall01: b.at01 })),
    leftOut: leftOut.map((l) => ({ archetype: l.archetype, learners: l.learners, auc: l.auc, recall1: l.recall, recall01: l.rare })),
    archetypes: m.archetypes.map((a) => ({ archetype: a.archetype, learners: a.learners, auc: a.auc, recall1: a.at1, recall01: a.at01 })),
    slices: m.slices, jitter: m.jitter,
    reasons: m.reasons.map((r) => ({ archetype: r.archetype, warnings: r.warned, named: r.share })),
    groups: [{ kind: 'group, farm and teacher', groups: groups.together, precision: groups.right / groups.pairs, recall: groups.found / groups.together }],
    limits: [
      ...m.unlisted.map((u) => `Of the kind \`${u.kind}\`, which nothing was trained on and no list has, it catches ${percent(u.at1)} at 1 % false alarms and ${percent(u.at01)} at 0.1 %.`),
      'A learner whose platform sends neither inputs nor the sound, and asks for no face, looks alike whether a person or a program sits there.',
      `Of ${groups.shared.learners} honest learners behind addresses that many share, rules for groups name ${groups.shared.named}; of ${groups.alone.learners} others ${groups.alone.named}.`,
    ],
    repeat: ['npm ci', 'npm run train', 'npm run evaluate'],
  }
}

const ABOUT: Readonly<Record<string, string>> = {
  'logistic regression': 'one weight a feature, trained on the same rows',
  'robust z-score sum': 'how far from honest learners a row is on the whole, without training',
  'isolation forest': 'rows that random cuts set apart from honest ones (Liu, Ting and Zhou, 2008)',
}

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`

function rowsOf(m: Measured, groups: GroupScore, warned: number): Row[] {
  const beside = (of: 'auc' | 'at1' | 'at01') => Object.fromEntries(m.baselines.map((b) => [b.name, b[of]]))
  const [first, last] = [Math.min(...m.jitter.map((j) => j.jitter)), m.jitter]
  const lost = Math.max(...last.map((j) => (last.find((o) => o.archetype === j.archetype && o.jitter === first)?.recall ?? 0) - j.recall))
  const recalls = m.leftOut.map((l) => l.recall)
  const sitting = (archetype: string) => m.sittings.find((s) => s.archetype === archetype)
  const slices = m.slices.filter((s) => SLICES.includes(s.slice))
  return [
    measuredRow('known kinds: recall at 0.1 % false alarms', { least: 0.92 }, m.known.at01, { headline: true, beside: beside('at01') }),
    measuredRow('a kind left out of training: mean recall at 1 %', { least: 0.85 }, recalls.reduce((a, b) => a + b, 0) / recalls.length, { headline: true }),
    measuredRow('a kind left out of training: the worst', { least: 0.6 }, Math.min(...recalls), { headline: true, note: m.leftOut.find((l) => l.recall === Math.min(...recalls))?.archetype }),
    measuredRow('known kinds: AUC', { least: 0.995 }, m.known.auc, { beside: beside('auc') }),
    measuredRow('known kinds: recall at 1 % false alarms', { least: 0.97 }, m.known.at1, { beside: beside('at1') }),
    ...['mimic', 'watcher'].flatMap((archetype) => [
      measuredRow(`\`${archetype}\`: recall of one sitting at 1 %`, { least: 0.75 }, sitting(archetype)?.one),
      measuredRow(`\`${archetype}\`: recall over five sittings at 1 %`, { least: 0.95 }, sitting(archetype)?.five),
    ]),
    measuredRow('jitter from 0 to 50 %: most that any kind loses', { most: MOST_LOST }, lost),
    measuredRow('precision of warnings where 2 % cheat', { least: 0.95 }, m.warned.precision, { note: `recall ${percent(m.warned.recall)}, false alarms ${(100 * m.warned.falseAlarms).toFixed(2)} %` }),
    ...slices.map((s) => measuredRow(`honest and ${s.slice}: false alarms over those of all, at 1 %`, { most: 1.5 }, s.ratio, { of: s.learners })),
    measuredRow('honest, with slips of some that no simulated learner has: warned of', { most: 0.005 }, m.slips.falseAlarms, { of: m.slips.honest, note: 'a page left open, a login sent twice, a start at midnight, a timer like no other, …' }),
    measuredRow('expected calibration error', { most: 0.03 }, calibrationError(m.predicted)),
    measuredRow('reasons: the true cause is among the first three', { least: 0.9 }, m.reasons.reduce((n, r) => n + (r.warned === 0 ? 0 : r.warned * r.share), 0) / warned, { of: warned }),
    measuredRow('group study: pair precision', { least: 0.98 }, groups.right / groups.pairs, { of: groups.pairs, note: 'by the rules for groups' }),
    measuredRow('group study: pair recall', { least: 0.85 }, groups.found / groups.together, { of: groups.together, note: 'by the rules for groups' }),
  ]
}

/** The pictures of the card, by the names of their files. */
export async function picturesOf(m: Measured, threshold: number): Promise<Map<string, string>> {
  return new Map([
    [PICTURES.roc, await rocPlot([{ name: 'the model', points: m.roc }, ...m.baselines.map((b) => ({ name: b.name, points: b.roc }))])],
    [PICTURES.calibration, await calibrationPlot(binsByWidth(m.predicted, BINS))],
    [PICTURES.scores, await scoresPlot(m.scores, threshold)],
    [PICTURES.jitter, await jitterPlot(m.jitter)],
  ])
}
