import { expect, test } from 'vitest'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { at, drive, ruleOf } from '../testing/drive.ts'
import { classCatalogue, judged, studies } from '../testing/class-study.ts'
import { unregisteredClass } from './unregistered-class.ts'

const inClass = (id: string, time: string, learner: string) => studies(time, learner, 'c1', { class: id })

test('each class that is not in the catalogue is one warning, of the class and of nobody', () => {
  const events = [
    studies('08:00:00', 'L1'), inClass('k8', '08:10:00', 'L2'), inClass('k9', '08:20:00', 'L3'), inClass('k9', '08:30:00', 'L4'), inClass('k9', '2026-03-03T08:30:00', 'L4'),
    studies('2026-03-20T08:00:00', 'L1'),
  ]
  const { warnings, unjudged } = judged(unregisteredClass, classCatalogue(), events)
  expect(warnings.map((w) => [w.subject, w.class, w.episode, w.learners, w.institutions, w.facts.learners, w.end])).toEqual([
    [{ kind: 'class', platform: 'p1', id: 'k8' }, 'k8', 'ended', [], [], 1, '2026-03-02T08:10:00.000Z'],
    [{ kind: 'class', platform: 'p1', id: 'k9' }, 'k9', 'ended', [], [], 2, '2026-03-03T08:30:00.000Z'],
  ])
  expect(unjudged).toEqual([])
})

test('where no class of the telemetry is in the catalogue nothing is told, until one is', () => {
  const strange = ['a', 'b', 'c'].map((id, i) => inClass(id, `08:0${i}:00`, `L${i}`))
  const reason = 'p1: no class of the platform was seen that the catalogue has (1)'
  expect(judged(unregisteredClass, classCatalogue(), strange)).toEqual({ warnings: [], unjudged: [reason] })
  const { warnings } = judged(unregisteredClass, classCatalogue(), [...strange, studies('09:00:00', 'L9')])
  expect(warnings.map((w) => [w.subject.id, w.begin, w.raised])).toEqual(['a', 'b', 'c'].map((id, i) => [id, `2026-03-02T08:0${i}:00.000Z`, '2026-03-02T09:00:00.000Z']))
})

test("a platform of whose classes the catalogue knows none, and another platform's classes", () => {
  const events = [studies('08:00:00', 'L1'), ...['k1', 'k7'].map((id) => studies('08:10:00', 'M1', 'c1', { class: id, platform: 'p2' }))]
  expect(judged(unregisteredClass, classCatalogue(), events)).toEqual({ warnings: [], unjudged: [] })
})

test('platforms that name no class have those of the roster, which are registered', () => {
  const events = [at('08:00:00', 'played', 'L1', 'c1', { position: 0 }), at('08:00:00', 'played', 'L2', 'c1', { position: 0 })]
  expect(judged(unregisteredClass, classCatalogue({ learners: ['L1'] }), events).warnings).toEqual([])
})

test('practice that is attended is study, too', () => {
  const events = [studies('08:00:00', 'L1'), at('08:10:00', 'attended', 'L2', 'p1', { class: 'k9' })]
  expect(judged(unregisteredClass, classCatalogue(), events).warnings).toMatchObject([{ subject: { id: 'k9' } }])
})

test('a class that was registered since is in order', () => {
  const d = drive(unregisteredClass, {}, { catalogue: classCatalogue() }).feed(studies('08:00:00', 'L1'), inClass('k9', '08:10:00', 'L2')).mark('09:00:00')
  const file = classCatalogue()
  const more = { ...file, classes: [...(file.classes ?? []), { id: 'k9', platform: 'p1' }] }
  d.machine.renew({ rules: [ruleOf(unregisteredClass)], catalogue: new Catalogue(catalogueSchema.parse(more)), context: 'more' })
  const revisions = d.feed(inClass('k9', '10:00:00', 'L3'), inClass('k9', '10:10:00', 'L4')).mark('11:00:00').warnings()
  expect(revisions.map((w) => [w.episode, w.facts.learners, w.raised])).toEqual([['ongoing', 1, '2026-03-02T08:10:00.000Z'], ['ended', 1, '2026-03-02T10:00:00.000Z']])
})

test('more classes than can be followed are not evaluable', () => {
  const events = Array.from({ length: 502 }, (_, i) => inClass(`x${i}`, '08:10:00', `L${String(i).padStart(3, '0')}`))
  const { warnings, unjudged } = judged(unregisteredClass, classCatalogue(), [studies('08:00:00', 'A'), ...events])
  expect(warnings).toHaveLength(500)
  expect(unjudged).toEqual(['p1: more than 500 classes at once are not in the catalogue (1)'])
})
