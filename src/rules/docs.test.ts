import { expect, test } from 'vitest'
import { sampleDetectors, sampleRegulation, sampleRules } from '../testing/sample-rules.ts'
import { writeReference } from './docs.ts'
import { loadRules } from './load.ts'

const files = [{ path: 'regulations/testland.yaml', text: sampleRegulation }, { path: 'a.yaml', text: `${sampleRules}  scope: platform != "a" || ip == null\n` }]
const reference = writeReference(loadRules([{ dir: 'd', files }], { detectors: sampleDetectors }), sampleDetectors)

test('a rule is shown with its ground, its response and its honest look-alikes', () => {
  expect(reference).toContain(`### \`often\`: Plays too often

Somebody plays again and again.

- Detector: [\`many-plays\`](#many-plays)
- Severity: low
- Response: prompt
- Parameters: \`most: 2\`

Legal ground:

- \`testland/study-1\`: One learner plays once. / 每人播放一次。

Honest behaviour that looks like this:

- a restless learner

What a reviewer does: Ask the learner.`)
  expect(reference).toContain('- Sees only: `platform != "a" || ip == null`')
})

test('a detector is shown with its parameters, from the schema alone', () => {
  expect(reference).toContain(`### many-plays

A learner plays more often than allowed.

- Stage: learner
- Actions: \`played\`
- Needs: \`chapter\`, \`session\` or \`device\`
- Remembers: for 1d of silence

| parameter | type | default | meaning |
|---|---|---|---|
| \`most\` | whole number ≥ 1, ≤ 100 | \`1\` | Plays that are allowed. |
| \`within\` | duration | \`10m\` | A longer pause begins anew. |
| \`count\` | \`all\`, \`chapters\` | \`all\` | What is counted: every play \\| every chapter. |
| \`ignore\` | list of text | \`[]\` | Chapters that do not count. |`)
  expect(reference).toContain('- Resources: `ip`\n- Needs: `ip`\n- Needs from the catalogue: `class`\n- Remembers: until the class closes')
})

test('regulations are shown in both languages', () => {
  expect(reference).toContain('### testland: The rules of Testland (测试国规定)\n\nA summary. 摘要。')
  expect(reference).toContain('| `testland/study-2` | One address has one learner. | 一址一人。 |')
})

test('the keys of a rule are shown with their defaults', () => {
  expect(reference).toContain('## Keys of a rule\n\n| key | type | default | meaning |\n|---|---|---|---|\n| `rule` | text | must be given | The id: stable, since warnings carry it. |')
  expect(reference).toContain('| `params` | map | `{}` | Parameters of the detector; those left out have their defaults. |')
})

test('an example is a test, shown with what comes of it', () => {
  expect(reference).toContain(`The rule \`often\` warns at the third play:

\`\`\`
# params: {"most":2}
08:00:00 played L1 chapter=c1 position=0   # the first
08:00:10 played L1 chapter=c2 position=0
08:00:20 played L1 chapter=c1 position=5
\`\`\`

- played 3 times (limit 2) (low)
- 播放了3次（上限2次）
- facts: \`{"plays":3,"seconds":20}\`

The rule \`often\` does not warn at the second:`)
  expect(reference).toContain('08:00:10 played L1 chapter=c2\n```\n\nNo warning.')
})

test('an example that is not what it says is no example', () => {
  const wrong = files.map((f) => ({ ...f, text: f.text.replace('facts: { plays: 3 }', 'facts: { plays: 4 }') }))
  expect(writeReference(loadRules([{ dir: 'd', files: wrong }], { detectors: sampleDetectors }), sampleDetectors)).toContain('**This test fails:** warning 1.facts.plays is 3, not 4')
})
