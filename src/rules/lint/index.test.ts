import { expect, test } from 'vitest'
import { formatProblem } from '../../base/errors.ts'
import { catalogueSchema } from '../../catalogue/catalogue.ts'
import { Catalogue } from '../../catalogue/index.ts'
import { detectors } from '../../detectors/index.ts'
import { listModels } from '../../io/models.ts'
import { readRuleSources } from '../../io/texts.ts'
import { SHIPPED_MODELS } from '../../pipeline/models.ts'
import { RULES } from '../../testing/root.ts'
import { loadRules } from '../load.ts'
import { lintRules } from './index.ts'
import { NOTICES } from './notice.ts'

const head = (id: string, detector: string) => `- rule: ${id}\n  title: A title\n  description: A description.\n  detector: ${detector}\n  severity: low\n  response: review\n`
const plain = head('plain', 'parallel-chapters')

/** What is said of rules files laid over each other, with line and column where the last one's file is meant. */
function lint(texts: readonly string[], catalogue?: Parameters<typeof catalogueSchema.parse>[0]): string[] {
  const sources = texts.map((text, i) => ({ dir: `d${i}`, files: [{ path: `${i}.yaml`, text }] }))
  const options = { today: '2026-06-01', catalogue: catalogue === undefined ? undefined : new Catalogue(catalogueSchema.parse(catalogue)) }
  return lintRules(loadRules(sources, { detectors }), options).map((n) => `${n.kind} ${formatProblem(n)}`)
}

const exempt = (entry: string) => `${plain}  exempt: [{ ${entry}, from: 2026-01-01, why: x, by: y }]\n`

test.each([
  ['good rules', `${plain}  params: { overlap: 1m }\n  scope: platform != "pilot"\n  unless: facts.seconds < 60 && severity == "low"\n`, []],
  ['a scope that is never true', `${plain}  scope: platform == "a" && platform == "b"\n`,
    ['never-fires 0.yaml:7:10: `scope` is never true, so that the rule sees nothing (mend the condition; `mode: off` takes a rule out of use)']],
  ['a scope that is always true', `${plain}  scope: ip == null || ip != null\n`, ['no-effect 0.yaml:7:10: `scope` is always true (take it out, or mend it)']],
  ['an unless that is always true', `${plain}  unless: response == "review"\n`, ['never-fires 0.yaml:7:11: `unless` is always true, so that no warning is ever sent (mend the condition)']],
  ['an unless that is never true', `${plain}  unless: response == "warn"\n`, ['no-effect 0.yaml:7:11: `unless` is never true, so that it holds nothing back (mend the condition, or take it out)']],
  ['a fact that there is not', `${plain}  unless: severity == "low" && facts.secnds < 60\n`, ['unknown-fact 0.yaml:7:32: `parallel-chapters` states no fact `secnds` (did you mean `seconds`?)']],
  ['a word that there is not', `${plain}  unless: severity == "lwo" || facts.seconds < 60\n`, ['unknown-fact 0.yaml:7:23: `severity` is never `lwo` (did you mean `low`?)']],
  ['another unit', `${plain}  params: { overlap: 30ms, quiet: 365d }\n`, [
    'implausible-value 0.yaml:7:22: `params.overlap` is `30ms`, which is hardly meant (did you mean `30s`?)',
    'implausible-value 0.yaml:7:35: `params.quiet` is `365d`, which is hardly meant (did you mean `365s`?)',
  ]],
  ['the next unit', `${head('f', 'face-check')}  params: { none: 20s, answer: 1h }\n`, [
    'implausible-value 0.yaml:7:19: `params.none` is `20s`, which is hardly meant (did you mean `20m`?)',
    'implausible-value 0.yaml:7:32: `params.answer` is `1h`, which is hardly meant (did you mean `1m`?)',
  ]],
  ['a share that is none, and a day of more than a day', `${head('o', 'over-credit')}  params: { excess: 10, daily: 40h }\n`, [
    'implausible-value 0.yaml:7:21: `params.excess` is `10`, which is hardly meant (write 0 to 1; the default is `0.1`)',
    'implausible-value 0.yaml:7:32: `params.daily` is `40h`, which is hardly meant (write 1h to 1d; the default is `8h`)',
  ]],
  ['faster than light', `${head('i', 'impossible-travel')}  params: { speed: 2000000000 }\n`,
    ['implausible-value 0.yaml:7:20: `params.speed` is `2000000000`, which is hardly meant (write 100 to 5000; the default is `800`)']],
  ['longer than anybody is remembered', `${head('d', 'shared-device')}  params: { window: 3d }\n`,
    ['no-effect 0.yaml:7:21: `params.window` is `3d`, and `shared-device` remembers nobody who is silent for more than 2d (write at most `2d`)']],
  ['numbers in each other\'s way', `${head('b', 'brushing-rhythm')}  params: { answer: 1s, personal: 5 }\n`, [
    'contradiction 0.yaml:7:3: `params.answerSure`: the shorter time has no effect, since it is more than `answer` (write no more than `answer`)',
    'contradiction 0.yaml:7:35: `params.personal`: more signs of the own making than `families` and `habits` ask for (write no more than the larger of them)',
  ]],
  ['a share that nothing can pass', `${head('l', 'late-telemetry')}  params: { share: 1 }\n`,
    ['contradiction 0.yaml:7:20: `params.share`: no more than all events can be late, so that it never warns (write a share below 1)']],
  ['a pause that is always longer', `${head('t', 'two-platforms')}  params: { gap: 10m }\n`,
    ['contradiction 0.yaml:7:18: `params.gap`: sightings come every 10 minutes, so that nobody seems to watch without a break (write more than `10m`)']],
  ['an exemption that is over', exempt('platform: p1, learner: [a], until: 2026-05-31'),
    ['dead-exemption 0.yaml:7:49: this exemption ended on 2026-05-31 (take it out, or have it decided anew)']],
  ['an exemption for ever', exempt('platform: p1, learner: [a], until: 2099-12-31'),
    ['wide-exemption 0.yaml:7:49: this exemption holds for 74 years (end it with the class or the reason, and have it decided anew)']],
  ['an exemption until today', exempt('platform: p1, learner: [a], until: 2026-06-01'), []],
  ['a pattern', exempt('platform: p1, learner: [a, "t-*"], until: 2026-12-31'), ['dead-exemption 0.yaml:7:41: `t-*` is no pattern here, but an id (write the ids out)']],
  ['an address of warnings without one', exempt('ip: 203.0.113.0/24, until: 2026-12-31'),
    ['dead-exemption 0.yaml:7:18: warnings of `parallel-chapters` name no address, so that `ip` covers none of them (name learners or a class)']],
  ['every address', exempt('ip: 0.0.0.0/0, until: 2026-12-31').replace('parallel-chapters', 'shared-ip'),
    ['wide-exemption 0.yaml:7:18: `0.0.0.0/0` is every address (name the block of the office or network that is meant)']],
  ['a block of whole countries', exempt('ip: "2000::/3", until: 2026-12-31').replace('parallel-chapters', 'shared-ip'),
    ['wide-exemption 0.yaml:7:18: `2000::/3` is a block of whole countries (name the block of the office or network that is meant)']],
  ['a whole platform', exempt('platform: p1, until: 2026-12-31'),
    ['wide-exemption 0.yaml:7:24: everybody on `p1` is exempt (name learners or a class; `scope` leaves a whole platform out)']],
  ['a placeholder that nothing fills', `${plain}  prompt: { en: "You play {chaptrs} for {seconds}" }\n`, ['unknown-fact 0.yaml:7:27: no warning fills `{chaptrs}` (did you mean `chapters`?)']],
  ['half a placeholder', `${plain}  prompt: { en: "You play {chapters" }\n`, ['unknown-fact 0.yaml:7:27: `{` without its other half (write placeholders like `{chapters}`)']],
  ['an English sentence in Chinese', `${plain}  prompt: { en: "{summary}", zh: "{summary}。" }\n`,
    ['unknown-fact 0.yaml:7:35: `{summary}` is an English sentence, and this prompt is `zh` (say it in words of its own)']],
  ['two items that are one', `${plain}  falsePositives:\n    - one\n     - another\n    - a third\n      of two lines\n`, ['no-effect 0.yaml:8:7: this item goes on with the next one (indent each `-` alike)']],
  ['a test without events', `${plain}  tests: [{ it: is quiet, given: "", expect: [] }]\n`,
    ['vacuous-test 0.yaml:7:34: nothing happens in this test, so that it cannot fail (write events into `given`)']],
  ['a test of events that it does not watch', `${plain}  tests: [{ it: is quiet, given: "08:00:00 logged-in L1", expect: [] }]\n`, [
    'vacuous-test 0.yaml:7:34: the rule sees no event of this test (`parallel-chapters` watches none of `logged-in`), so that it cannot fail (write events that it sees)',
  ]],
  ['a test out of scope', `${plain}  scope: platform == "p2"\n  tests: [{ it: is quiet, given: "08:00:00 played L1 chapter=c1", expect: [] }]\n`,
    ['vacuous-test 0.yaml:8:34: the rule sees no event of this test (`scope` is false for each), so that it cannot fail (write events that it sees)']],
  ['a test that takes anything', `${plain}  tests: [{ it: warns, given: "08:00:00 played L1 chapter=c1", expect: [{}] }]\n`,
    ['vacuous-test 0.yaml:7:73: `{}` fits every warning (say what it must hold, such as `{ subject: { id: L1 } }`)']],
  ['a fact in a test that there is not', `${plain}  tests: [{ it: warns, given: "08:00:00 played L1 chapter=c1", expect: [{ facts: { secs: 1 } }] }]\n`,
    [expect.stringMatching(/^unknown-fact 0\.yaml:7:84: `parallel-chapters` states no fact `secs` /)]],
  ['an expectation that no warning has', `${plain}  tests: [{ it: warns, given: "08:00:00 played L1 chapter=c1", expect: [{ severty: low, learners: [{ ident: a }], begin: 8, facts: 1, severity: lwo }] }]\n`, [
    'bad-test 0.yaml:7:75: no warning has `expect[0].severty` (did you mean `severity`?)',
    'bad-test 0.yaml:7:102: no warning has `expect[0].learners[0].ident` (one of `platform`, `id`)',
    'bad-test 0.yaml:7:122: `expect[0].begin` is text in every warning (write it in quotes)',
    'bad-test 0.yaml:7:132: `expect[0].facts` is a map in every warning',
    'bad-test 0.yaml:7:145: `expect[0].severity` is never `lwo` (did you mean `low`?)',
  ]],
  ['a place of no address, a course of no catalogue', `${plain}  tests: [{ it: warns, places: { 1.2.3: {} }, catalogue: { classes: [{ id: k, platform: p, courses: [c] }] }, given: "08:00:00 played L1 chapter=c1", expect: [] }]\n`, [
    'bad-test 0.yaml:7:34: `places`: `1.2.3` is not an address (write it like `203.0.113.7`)', 'bad-test 0.yaml:7:102: no course `c` (declare it under `courses`)',
  ]],
  ['the same rule twice', `${plain}${head('again', 'parallel-chapters').replace('low', 'high')}  params: { overlap: 30s }\n`,
    ['same-rule 0.yaml:1:9: `plain` finds the same as `again` (0.yaml:7:3): detector, params and scope are alike (take one out, or change what it looks for)']],
] as [string, string, string[]][])('%s', (_, text, expected) => {
  expect(lint([text])).toEqual(expected)
})

const own = (detector: string, params: string) => `${head('own', detector)}  params: { ${params} }\n`

test.each([
  ['a condition that is never met', own('match', `where: 'action == "heartbeat" && rate > 2.0 && rate < 1.0'`), ['never-fires 0.yaml:7:21: `params.where` is never true (mend the condition)']],
  ['a step that is never taken', own('sequence', `steps: ['action == "played"', 'learner == "a" && learner in ["b"]'], within: 1m`),
    ['never-fires 0.yaml:7:44: `params.steps[1]` is never true (mend the condition)']],
  ['a condition of nothing', own('threshold', `where: 'true', window: 1m, most: 3`), ['no-effect 0.yaml:7:21: `params.where` is always true (take it out, or mend it)']],
  ['an order of words', own('match', `where: 'action > "played"'`), ['unknown-fact 0.yaml:7:21: `action` is one of a few words, which have no order (compare with `==`, `!=` or `in`)']],
  ['good conditions', own('match', `where: 'rate > 2.0 && action == "heartbeat"'`), []],
  ['a list and a condition that nobody uses', `- lists: { demo: [a], left: [b] }\n  conditions: { office: 'learner in demo', here: 'ip != null' }\n${plain}  scope: '!office'\n`, [
    'no-effect 0.yaml:1:23: no condition names `left` (take it out, or use it)', 'no-effect 0.yaml:2:44: no condition names `here` (take it out, or use it)',
  ]],
] as [string, string, string[]][])("an analyst's own: %s", (_, text, expected) => {
  expect(lint([text])).toEqual(expected)
})

test.each([
  ['nothing', '- rule: plain\n', ['no-effect 1.yaml:1:3: this changes nothing of `plain`: it says nothing (take it out, or write what is to change)']],
  ['the default in other words', '- rule: plain\n  params: { overlap: 30000ms }\n', ['no-effect 1.yaml:1:3: this changes nothing of `plain`: `params` is so already (take it out, or write what is to change)']],
  ['tests alone', '- rule: plain\n  tests: [{ it: sees, given: "08:00:00 played L1 chapter=c1", expect: [] }]\n', []],
  ['a title', '- rule: plain\n  title: Another\n', []],
  ['a wrong number', '- rule: plain\n  params: { overlap: 45h }\n', ['implausible-value 1.yaml:2:22: `params.overlap` is `45h`, which is hardly meant (did you mean `45s`?)']],
] as [string, string, string[]][])('an overlay of %s', (_, over, expected) => {
  expect(lint([plain, over])).toEqual(expected)
})

const catalogue = { platforms: [{ id: 'p1' }, { id: 'p2' }], classes: [{ id: 'k1', platform: 'p1', learners: ['a', 'b'] }] }

test.each([
  ['a rule that no platform can be judged by', head('t', 'two-platforms'),
    ['never-fires 0.yaml:4:13: `two-platforms` is evaluable on no platform of the catalogue: it has no `global` learner ids for the platform (add it to the catalogue, or leave the rule out)']],
  ['a platform that it does not have', `${plain}  scope: platform != "p3" && ip != null\n`, ['not-in-catalogue 0.yaml:7:22: the catalogue has no platform `p3` (did you mean `p1`?)']],
  ['a class that it does not have', exempt('platform: p1, class: k2, until: 2026-12-31'), ['not-in-catalogue 0.yaml:7:35: the catalogue has no class `k2` (did you mean `k1`?)']],
  ['every learner of a class', exempt('platform: p1, learner: [b, a], until: 2026-12-31'),
    ['wide-exemption 0.yaml:7:37: every learner of class `k1` is exempt (name the class, if that is meant)']],
  ['one platform of several', exempt('platform: p1, until: 2026-12-31'), []],
] as [string, string, string[]][])('with a catalogue: %s', (_, text, expected) => {
  expect(lint([text], catalogue)).toEqual(expected)
})

test('with a catalogue: the only platform', () => {
  expect(lint([exempt('platform: p1, until: 2026-12-31')], { platforms: [{ id: 'p1' }] })).toEqual([
    'wide-exemption 0.yaml:7:24: everybody on `p1`, the only platform in the catalogue, is exempt (name learners or a class)',
  ])
})

test('the shipped rules are doubted nowhere', async () => {
  const bundle = loadRules(await readRuleSources([RULES]), { detectors, models: await listModels(SHIPPED_MODELS) })
  expect(lintRules(bundle, { today: '2026-06-01' })).toEqual([])
})

test('every kind of notice has a sentence', () => {
  expect(Object.values(NOTICES).filter((t) => !/^[A-Z].*\.$/.test(t))).toEqual([])
})

test('a rule of one\'s own that takes the name of another is told', () => {
  const other = head('plain', 'two-accounts')
  expect(lint([plain, other])).toEqual(['replaced-rule 1.yaml:1:9: this replaces the rule `plain` below it (0.yaml:1:3), which no longer warns (give yours another name, unless that is meant)'])
})
