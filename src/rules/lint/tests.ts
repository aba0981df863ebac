import { partOf, whereAt, whereOf, type Tree } from '../../base/tree.ts'
import { readsOf, type Rule } from '../../engine/rule.ts'
import type { Event } from '../../telemetry/event.ts'
import { parseGiven } from '../given.ts'
import type { TestInput } from '../schema.ts'
import { unknownFact } from './conditions.ts'
import type { Notice } from './notice.ts'
import type { Linted } from './subject.ts'

/** Tests that pass whatever the rule does, or never. */
export function checkTests(rule: Linted): Notice[] {
  return rule.layers.flatMap(({ own, tested }) => {
    const names = new Set<string>()
    return tested.tests.flatMap((test, i): Notice[] => {
      const again: Notice[] = names.has(test.it) ? [{ kind: 'vacuous-test', message: `two tests are called \`${test.it}\``, mend: 'say what is different', ...whereAt(own, ['tests', i, 'it']) }] : []
      names.add(test.it)
      return [...again, ...strangeFacts(rule, own, i), ...vacuous(test, i, tested.rule, own)]
    })
  })
}

function vacuous(test: TestInput, i: number, rule: Rule, own: Tree): Notice[] {
  const empty = test.expect.findIndex((e) => Object.keys(e).length === 0)
  if (empty >= 0) {
    return [{ kind: 'vacuous-test', message: '`{}` fits every warning', mend: 'say what it must hold, such as `{ subject: { id: L1 } }`', ...whereAt(own, ['tests', i, 'expect', empty]) }]
  }
  if (test.expect.length > 0) return []
  const events = parseGiven(test.given, test).steps.flatMap((s) => (s.kind === 'event' ? [s.event] : []))
  const where = partOf(own, ['tests', i, 'given']) ? whereAt(own, ['tests', i, 'given']) : whereAt(own, ['tests', i])
  if (events.length === 0) return [{ kind: 'vacuous-test', message: 'nothing happens in this test, so that it cannot fail', mend: 'write events into `given`', ...where }]
  const why = unseen(rule, events)
  return why === undefined ? [] : [{ kind: 'vacuous-test', message: `the rule sees no event of this test (${why}), so that it cannot fail`, mend: 'write events that it sees', ...where }]
}

/** Why the rule sees none of the events. */
function unseen(rule: Rule, events: readonly Event[]): string | undefined {
  // Which sightings come of events is for the engine to say.
  const { detector, scope } = rule
  if (detector.stage !== 'learner') return undefined
  const watched = events.filter((e) => readsOf(rule).actions.includes(e.action))
  if (watched.length === 0) return `\`${detector.name}\` watches none of ${[...new Set(events.map((e) => `\`${e.action}\``))].join(', ')}`
  return scope !== undefined && !watched.some((e) => scope(e)) ? '`scope` is false for each' : undefined
}

/** Facts that are expected and that the detector does not state. */
function strangeFacts(rule: Linted, own: Tree, i: number): Notice[] {
  const expect = partOf(own, ['tests', i, 'expect'])
  const items = expect?.kind === 'list' ? expect.items : []
  return items.flatMap((item) => {
    const facts = partOf(item, ['facts'])
    return facts?.kind === 'map' ? [...facts.entries].flatMap(([name, { key }]) => unknownFact(name, rule, whereOf(key))) : []
  })
}
