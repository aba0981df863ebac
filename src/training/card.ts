import { reaches, type Evaluation, type Row, type Target } from './evaluation.ts'

/** Pictures of a card, beside it: what draws them is in `plots.ts`. */
export const PICTURES = { roc: 'roc.svg', calibration: 'calibration.svg', scores: 'scores.svg', jitter: 'jitter.svg' } as const

/** A model card (Mitchell et al., 2019) in Markdown. `docs` leads from its folder to `docs/`. The same evaluation gives the same bytes. */
export function card(e: Evaluation, docs = '../../docs'): string {
  const missed = e.rows.filter((r) => !r.met).length
  const [first, others] = [e.rows.filter((r) => r.headline), e.rows.filter((r) => !r.headline)]
  return `${[
    `# The model \`${e.model.name}\``,
    `**Every number here was measured on simulated learners. Numbers on simulated learners look better than life: nobody has measured this model on real ones.** Of ${e.rows.length} targets ${e.rows.length - missed} are met and ${missed} missed.`,
    '## First, the hardest rows', 'Kinds of cheaters that the model was not trained on, and alarms so rare that one honest learner in a thousand is warned of. All on simulated learners.', results(first),
    '## What it is for',
    'The detector `brushing-model` asks it how likely a program, and not a person, plays a learner\'s lessons. Its warnings open a review: a person looks at the evidence and decides.',
    '## What it is not for',
    list([
      'It withholds no hours and accuses nobody by itself; only rules that state a fact do that.',
      'It says nothing of who somebody is, of how well they learn, or of cheating that no program takes part in.',
      'It is not for platforms other than of online lessons with a player, nor for learners of whom less than the rule\'s least minutes were seen.',
      'Its probability holds for as many cheaters as it was calibrated with; where fewer cheat, more of its warnings are false.',
    ]),
    '## Data', 'All of it is simulated: by seed, so that it can be made again, and each part apart from the others, with learners, courses and parameters of its own.',
    table(['part', 'seeds', 'honest learners', 'cheating learners', 'judgements', 'constants vary by'], e.data.map((p) => [p.name, p.seeds.join(', '), count(p.honest), count(p.cheating), count(p.rows), `±${percent(p.spread[0])} to ${percent(p.spread[1])}`])),
    '## Features', `${e.model.features} numbers about how a learner plays; none says who, where or on which device. [What each means](${docs}/features.md).`,
    '## Training', `${e.model.network} ${count(e.model.parameters)} parameters; the SHA-256 of its weights begins with \`${e.model.hash}\`.`, list(e.model.training),
    '## Calibration and thresholds', `${e.calibration.method} Expected calibration error: ${number(e.calibration.error)}.`,
    table(['false alarms', 'probability from which on it warns'], e.thresholds.map((t) => [percent(t.falseAlarms), number(t.probability, 6)])),
    picture('What the model promises and what happens', PICTURES.calibration),
    table(['promised', 'happened', 'judgements'], e.calibration.bins.map((b) => [number(b.predicted), number(b.observed), count(b.rows)])),
    '## Results', 'Learners, courses and parameters never trained on, all simulated. Beside the model, what simpler judges reach on the same learners.', results(others),
    '### Simpler judges', table(['judge', 'what it is', 'AUC', 'recall at 1 %', 'recall at 0.1 %'], e.baselines.map((b) => [b.name, b.about, number(b.auc), number(b.recall1), number(b.recall01)])),
    picture('Cheaters caught at few false alarms', PICTURES.roc),
    '### Kinds of cheaters left out of training', 'For each, a model trained without it.', recalls(e.leftOut),
    '### Kinds of cheaters known', recalls(e.archetypes), picture('How high honest learners and cheaters score', PICTURES.scores),
    '### Honest learners who are easily accused', table(['who', 'learners', 'false alarms', 'of the rate of all'], e.slices.map((s) => [s.slice, count(s.learners), percent(s.falseAlarms), `${number(s.ratio, 2)} times`])),
    '### Jitter', 'Recall where each interval of a program is lengthened or shortened at random by up to so much.', jitter(e.jitter), picture('Cheaters caught against jitter', PICTURES.jitter),
    '### Reasons', 'How often the true cause is among the first three reasons of a warning.', table(['archetype', 'warnings', 'cause named'], e.reasons.map((r) => [r.archetype, count(r.warnings), number(r.named)])),
    '### Group study', 'Found by the detectors of shared addresses and of steps in common, not by this model.', table(['kind', 'groups', 'pair precision', 'pair recall'], e.groups.map((g) => [g.kind, count(g.groups), number(g.precision), number(g.recall)])),
    '## Limits', list(['Simulated learners behave as their makers thought that learners behave; real ones will surprise it.', ...e.limits]),
    '## How to repeat', `\`\`\`\n${e.repeat.join('\n')}\n\`\`\``,
  ].join('\n\n')}\n`
}

function results(rows: readonly Row[]): string {
  const judges = [...new Set(rows.flatMap((r) => Object.keys(r.beside)))]
  return table(['test', 'target', 'measured', 'result', ...judges, 'of', 'note'], rows.map((r) => [
    r.test, target(r.target), r.measured === undefined ? 'not measured' : judged(r.target, r.measured), r.met ? 'met' : '**missed**',
    ...judges.map((j) => (r.beside[j] === undefined ? '' : number(r.beside[j]))), r.of === undefined ? '' : count(r.of), r.note ?? '',
  ]))
}

/** With as many places as it takes that what just misses its target does not look as if it met it. */
function judged(target: Target, measured: number): string {
  let places = 4
  while (places < 15 && reaches(target, Number(measured.toFixed(places))) !== reaches(target, measured)) places++
  return number(measured, places)
}

function recalls(of: Evaluation['leftOut']): string {
  return table(['archetype', 'learners', 'AUC', 'recall at 1 %', 'recall at 0.1 %'], of.map((a) => [a.archetype, count(a.learners), number(a.auc), number(a.recall1), number(a.recall01)]))
}

function jitter(points: Evaluation['jitter']): string {
  const steps = [...new Set(points.map((p) => p.jitter))].sort((a, b) => a - b)
  return table(['archetype', ...steps.map((s) => `±${percent(s)}`)], [...new Set(points.map((p) => p.archetype))].map((archetype) => [
    archetype, ...steps.map((s) => points.find((p) => p.archetype === archetype && p.jitter === s)).map((p) => (p === undefined ? '' : number(p.recall))),
  ]))
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return 'Not measured.'
  const line = (cells: readonly string[]): string => `| ${cells.map((c) => c.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

const list = (items: readonly string[]): string => items.map((i) => `- ${i}`).join('\n')
const picture = (about: string, file: string): string => `![${about} (simulated learners)](${file})`
const target = (t: Target): string => ('least' in t ? `≥ ${t.least}` : `≤ ${t.most}`)
const number = (n: number, places = 4): string => String(Number(n.toFixed(places)))
const percent = (share: number): string => `${Number((100 * share).toFixed(2))} %`
const count = (n: number): string => n.toLocaleString('en-US')
