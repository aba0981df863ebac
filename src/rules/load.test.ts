import { expect, test } from 'vitest'
import { InvigilError, formatProblem } from '../base/errors.ts'
import { sampleDetectors, sampleRegulation, sampleRules } from '../testing/sample-rules.ts'
import { loadRules, type Bundle, type RuleSource } from './load.ts'

const regulations = { path: 'rules/regulations/testland.yaml', text: sampleRegulation }

/** Sources of one file each, the first with the regulation. */
function sources(...texts: string[]): RuleSource[] {
  return texts.map((text, i) => ({ dir: `d${i}`, files: [...(i === 0 ? [regulations] : []), { path: `d${i}/a.yaml`, text }] }))
}

function load(...texts: string[]): Bundle {
  return loadRules(sources(...texts), { detectors: sampleDetectors })
}

function problems(from: RuleSource[]): string[] {
  try {
    loadRules(from, { detectors: sampleDetectors })
  } catch (e) {
    if (e instanceof InvigilError && e.code === 'bad-rules') return e.problems.map(formatProblem)
    throw e
  }
  return []
}

const plain = `- rule: plain
  title: Plain
  description: As short as can be.
  detector: many-plays
  severity: low
  response: review
`

test('a bundle holds the rules in order of id, with defaults', () => {
  const { rules, described, regulations: known, hash, texts } = load(sampleRules)
  expect(rules.map((r) => r.id)).toEqual(['address', 'often'])
  expect(rules[1]).toMatchObject({
    params: { most: 2, within: 600_000, count: 'all', ignore: [] }, severity: 'low', response: 'prompt', basis: [{ regulation: 'testland', article: 'study-1' }],
    prompt: { en: 'You played {plays} times.' }, scope: undefined, unless: undefined,
  })
  expect(rules[0]).toMatchObject({ prompt: undefined, exempt: undefined })
  expect(described[1]?.input.falsePositives).toEqual(['a restless learner'])
  expect([...known.keys()]).toEqual(['testland'])
  expect(hash).toMatch(/^[0-9a-f]{64}$/)
  // What a bundle was made from makes it again.
  expect(loadRules(texts, { detectors: sampleDetectors }).hash).toBe(hash)
})

test('scope and unless are compiled, and their failures counted', () => {
  const bundle = load(`${plain}  scope: class.startsWith("a")\n  unless: facts.plays < 3\n`)
  const seen = { platform: 'p', class: 'a1', course: undefined, learner: 'L', ip: undefined } as never
  expect(bundle.rules[0]?.scope?.(seen)).toBe(true)
  expect(bundle.rules[0]?.scope?.({ ...(seen as object), class: undefined } as never)).toBe(false)
  expect(bundle.rules[0]?.scope?.({ ...(seen as object), class: undefined } as never)).toBe(false)
  expect(bundle.faults.list()).toEqual([{ rule: 'plain', part: 'scope', message: 'found no matching overload for `null.startsWith(string)`', count: 2 }])
})

const version = (text: string) => load(text).rules[0]?.version

test.each([
  ['a comment', `# hello\n${plain}`],
  ['a title', plain.replace('title: Plain', 'title: Other')],
  ['a default written out', `${plain}  params: { within: 10m }\n`],
  ['another spelling of a duration', `${plain}  params: { within: 600s }\n`],
  ['tests', `${plain}  tests: [{ it: x, given: "", expect: [] }]\n`],
  ['what helps reviewers', `${plain}  next: ask\n  falsePositives: [x]\n`],
])('%s does not change the version', (_, text) => {
  expect(version(text)).toBe(version(plain))
})

test.each([
  ['params', `${plain}  params: { most: 2 }\n`],
  ['severity', plain.replace('low', 'high')],
  ['response', plain.replace('response: review', 'response: warn')],
  ['basis', `${plain}  basis: [testland/study-1]\n`],
  ['scope', `${plain}  scope: platform != "x"\n`],
  ['unless', `${plain}  unless: revision > 5\n`],
  ['prompt', `${plain}  prompt: { en: x }\n`],
  ['exempt', `${plain}  exempt: [{ platform: p, from: 2026-01-01, until: 2026-01-02, why: x, by: y }]\n`],
])('%s changes the version and the hash', (_, text) => {
  expect(version(text)).not.toBe(version(plain))
  expect(load(text).hash).not.toBe(load(plain).hash)
})

test('an overlay merges maps, replaces lists and takes away what it sets to nothing', () => {
  const over = `- rule: often
  severity: medium
  params: { within: 5m, ignore: [c9] }
  exempt:
    - { platform: p2, from: 2026-01-01, until: 2026-12-31, why: trial, by: office }
  prompt: { zh: }
  next:
`
  const { described } = load(sampleRules, over)
  const { input, rule } = described[1] as (typeof described)[number]
  expect(rule).toMatchObject({ severity: 'medium', params: { most: 2, within: 300_000, ignore: ['c9'] }, prompt: { en: 'You played {plays} times.' } })
  expect(rule.prompt?.zh).toBe(undefined)
  expect(input.exempt.map((e) => e.why)).toEqual(['trial'])
  expect(input.next).toBe(undefined)
  const appended = load(sampleRules, `${over}  override: { exempt: append }\n`)
  expect(appended.described[1]?.input.exempt.map((e) => e.why)).toEqual(['demo account', 'trial'])
  const twice = load(sampleRules, over, '- rule: often\n  params: { most: 9 }\n')
  expect(twice.rules[1]).toMatchObject({ severity: 'medium', params: { most: 9, within: 300_000 } })
})

test('each layer keeps its tests and the rule as it was then', () => {
  const { tested } = load(sampleRules, '- rule: often\n  params: { most: 5 }\n', '- rule: often\n  params: { most: 6 }\n  tests: [{ it: x, given: "", expect: [] }]\n')
  const often = tested.filter((t) => t.rule.id === 'often')
  expect(often.map((t) => [t.where.file, t.rule.params.most, t.tests.length, t.untested])).toEqual([
    ['d0/a.yaml', 2, 2, false], ['d1/a.yaml', 5, 0, true], ['d2/a.yaml', 6, 1, false],
  ])
})

test('an overlay may bring rules and regulations of its own', () => {
  const own = { dir: 'd1', files: [
    { path: 'd1/regulations/home.yaml', text: 'id: home\ntitle: { en: a, zh: b }\narticles: [{ id: x-1, en: a, zh: b }]\n' },
    { path: 'd1/a.yaml', text: `${plain}  basis: [home/x-1]\n` },
  ] }
  const { rules } = loadRules([...sources(sampleRules), own], { detectors: sampleDetectors })
  expect(rules.map((r) => r.id)).toEqual(['address', 'often', 'plain'])
})

test('files are read in name order, and one of comments alone holds nothing', () => {
  const files = [{ path: 'd/b.yaml', text: plain.replace('rule: plain', 'rule: second') }, { path: 'd/c.yaml', text: '# later\n' }, { path: 'd/a.yaml', text: plain }]
  const bundle = loadRules([{ dir: 'd', files }], { detectors: sampleDetectors })
  expect(bundle.texts[0]?.files.map((f) => f.path)).toEqual(['d/a.yaml', 'd/b.yaml', 'd/c.yaml'])
  expect(bundle.tested.map((t) => t.where.file)).toEqual(['d/a.yaml', 'd/b.yaml'])
})

test('many mistakes of different kinds are reported at once', () => {
  const text = `- rule: one
  title: One
  descripton: A slip.
  description: All wrong.
  basis: [testland/study-9, tetsland/study-1]
  detector: many-plays
  severity: hihg
  response: review
  params: { mots: 3, within: soon, most: 0, count: chapter, ignore: c1 }
  scope: platfrm != "pilot"
  unless: |
    severity == "low" &&
      facts.plays = 3
  exempt:
    - { platform: p1, learner: [17], from: 2026-03-04, until: 2026-03-01, why: demo, by: audit }
    - { learner: [a], from: 2026-03-01, until: 2026-03-02, by: audit }
  tests:
    - it: has bad lines
      date: 2026-02-30
      given: |
        08:00:00 played L1 chapter=c1
      expect: []
    - it: has bad lines, too
      given: |
        08:00:00 played L1 chapter=c1
        08:00:10 playd  L1 chapter=c1 postion=3
      expect: []
      catalogue: { classes: [{ id: k, platfrom: p1 }] }
- rule: two
  title: Two
  description: Of an unknown kind.
  detector: busy-adress
  severity: low
  response: prompt
- rule: one
  title: Again
- title: Nameless
- just text
`
  expect(problems(sources(text))).toEqual([
    'd0/a.yaml:3:3: unknown key `descripton` (did you mean `description`?)',
    'd0/a.yaml:5:11: regulation `testland` has no article `study-9` (did you mean `study-1`?)',
    'd0/a.yaml:5:29: unknown regulation `tetsland` (did you mean `testland`?)',
    'd0/a.yaml:7:13: `severity` cannot be `hihg` (did you mean `high`?)',
    'd0/a.yaml:9:13: unknown key `params.mots` (did you mean `most`?)',
    'd0/a.yaml:9:30: `params.within`: not a duration; write it like `45s`, `10m` or `1h30m`',
    'd0/a.yaml:9:42: `params.most` must be at least 1',
    'd0/a.yaml:9:52: `params.count` cannot be `chapter` (did you mean `chapters`?)',
    'd0/a.yaml:9:69: `params.ignore` must be a list, not `c1`',
    'd0/a.yaml:10:10: `scope`: unknown variable: `platfrm` (did you mean `platform`?)',
    'd0/a.yaml:13:19: `unless`: unexpected character: `=` (equality is `==`)',
    'd0/a.yaml:15:33: `exempt[0].learner[0]` must be text, not `17` (write it in quotes)',
    'd0/a.yaml:15:44: `exempt[0].from`: `from` is after `until`',
    'd0/a.yaml:16:7: `exempt[1].why` is missing',
    'd0/a.yaml:16:7: `exempt[1].platform`: ids belong to their platform: name it',
    'd0/a.yaml:19:13: `tests[0].date`: not a date such as `2026-03-02`',
    'd0/a.yaml:26:18: given: unknown action `playd` (did you mean `played`?)',
    'd0/a.yaml:26:39: given: unknown field `postion` (did you mean `position`?)',
    'd0/a.yaml:28:30: `tests[1].catalogue.classes[0].platform` is missing',
    'd0/a.yaml:28:39: unknown key `tests[1].catalogue.classes[0].platfrom` (did you mean `platform`?)',
    'd0/a.yaml:32:13: unknown detector `busy-adress` (did you mean `busy-address`?)',
    'd0/a.yaml:34:13: `two` prompts without a text (add `prompt: { en: …, zh: … }`)',
    'd0/a.yaml:35:9: rule `one` is already in d0/a.yaml:1 (rename or merge one)',
    'd0/a.yaml:37:3: `rule` is missing (begin each item with `- rule: name`, `- lists:` or `- conditions:`)',
    'd0/a.yaml:38:3: not a rule (begin each rule with `- rule: name`)',
  ])
})

test.each([
  ['broken yaml', sources(plain.replace('title: Plain', 'title: [Plain')), ['d0/a.yaml:2:15: yaml: flow sequence in block collection must be sufficiently indented and end with a ]']],
  ['a key twice', sources(`${plain}  title: Other\n`), ['d0/a.yaml:7:3: yaml: map keys must be unique']],
  ['no list', sources('rule: plain\n'), ['d0/a.yaml:1:1: a rules file is a list (begin each rule with `- rule: name`)']],
  ['nothing at all', [{ dir: 'd0', files: [] }], ['no rule in `d0`']],
  ['a bad name', sources(plain.replace('rule: plain', 'rule: Plain one')), ['d0/a.yaml:1:9: `rule`: only lower-case letters, digits and hyphens, a letter first']],
  ['an exemption that ends before it begins', sources(`${plain}  exempt: [{ platform: p, from: 2026-03-04, until: 2026-03-01, why: x, by: y }]\n`),
    ['d0/a.yaml:7:33: `exempt[0].from`: `from` is after `until`']],
  ['an overlay of an unknown rule', sources(plain, '- rule: plian\n  params: { most: 3 }\n'), ['d1/a.yaml:1:9: no rule `plian` in the directories before this one (did you mean `plain`?)']],
  ['a wrong param in an overlay', sources(plain, '- rule: plain\n  params: { most: few }\n'), ['d1/a.yaml:2:19: `params.most` must be a number, not `few`']],
  ['a mistake below an overlay, once', sources(`${plain}  scope: platfrm == "x"\n`, '- rule: plain\n  severity: high\n'),
    ['d0/a.yaml:7:10: `scope`: unknown variable: `platfrm` (did you mean `platform`?)']],
  ['an overlay with nothing below', sources('- rule: plain\n  params: { most: 3 }\n'), [
    'd0/a.yaml:1:9: `plain` changes a rule, and there is none below it (name the directory with that rule first, such as `--rules shipped`; a rule of its own needs a `title` and a `detector`)',
  ]],
  ['an override of nothing', sources(plain, '- rule: plain\n  override: { exmpt: append, exempt: add }\n  exempt: []\n'), [
    'd1/a.yaml:2:38: `override.exempt` cannot be `add` (one of `append`, `replace`)',
  ]],
  ['an override with a slip', sources(plain, '- rule: plain\n  override: { exmpt: append }\n  exempt: []\n'), [
    'd1/a.yaml:2:15: `override` names `exmpt`, which is no list here (did you mean `exempt`?)',
  ]],
  ['an override at the bottom', sources(`${plain}  override: { exempt: append }\n  exempt: []\n`), ['d0/a.yaml:7:3: `override` has nothing below to override']],
  ['a bad regulation', [{ dir: 'd', files: [{ path: 'd/regulations/r.yaml', text: 'id: r\ntitle: { en: a }\narticles: []\n' }, { path: 'd/a.yaml', text: plain }] }],
    ['d/regulations/r.yaml:2:1: `title.zh` is missing', 'd/regulations/r.yaml:3:11: `articles` must be at least 1 item long']],
  ['a regulation twice', [{ dir: 'd', files: [regulations, { ...regulations, path: 'd/regulations/u.yaml' }, { path: 'd/a.yaml', text: plain }] }],
    ['rules/regulations/testland.yaml: regulation `testland` is already in d/regulations/u.yaml']],
])('%s', (_, from, expected) => {
  expect(problems(from)).toEqual(expected)
})

test('a change of a rule whose file is broken is not blamed', () => {
  expect(problems(sources('- rule: plain\n  title: [', '- rule: plain\n  severity: high\n')).map((p) => p.split(':')[0])).toEqual(['d0/a.yaml'])
})
