import { expect, test } from 'vitest'
import { classCatalogue, judged, studies } from '../testing/class-study.ts'
import { missingSubject } from './missing-subject.ts'

type Course = NonNullable<ReturnType<typeof classCatalogue>['courses']>[number]

const chapters = [{ id: 'c1' }]
const ALL = ['law', 'work-safety', 'fire', 'drugs-and-aids', 'womens-and-childrens-rights']

function missing(courses: Omit<Course, 'id' | 'chapters'>[], params = {}): unknown {
  const catalogue = { ...classCatalogue({ courses: courses.map((_, i) => `k${i}`) }), courses: courses.map((c, i) => ({ chapters, ...c, id: `k${i}` })) }
  const { warnings, unjudged } = judged(missingSubject, catalogue, [studies('08:00:00', 'L1'), studies('08:20:00', 'L2')], params)
  return unjudged.length > 0 ? unjudged : warnings[0]?.facts.missing
}

test.each<[string, string | string[], string[]]>([
  ['each as its own subject', ['Law', 'Work safety', 'Fire', 'Drugs and AIDS', "Women's and children's rights"], []],
  ['in Chinese', ['法律法规', '安全生产', '消防知识', '禁毒防艾', '妇女儿童权益保护'], []],
  ['in one line of both', '公共课：法律law、安全生产、消防、艾滋病防治、妇幼权益', []],
  ['in other letter case and width', ['ＬＡＷ', 'WORK SAFETY', 'Fire-fighting', 'HIV/AIDS', 'Women’s rights'], []],
  ['words that only contain them', ['Lawn care', 'Firewood', 'Womenswear', 'Drugstore', 'Patchwork safety'], ALL],
  ['some', ['Law', '消防'], ['work-safety', 'drugs-and-aids', 'womens-and-childrens-rights']],
])('%s', (_, subject, expected) => {
  expect(missing([{ subject }]) ?? []).toEqual(expected)
})

test('other subjects may be required', () => {
  expect(missing([{ subject: 'First aid' }], { required: { 'first-aid': ['first aid'], hygiene: ['hygiene', '卫生'] } })).toEqual(['hygiene'])
})

test('a title speaks for a course, and its absence against nobody', () => {
  const rest = { subject: ['Work safety', 'Fire', 'AIDS', 'Children'] }
  expect(missing([rest, { title: 'Law for workers' }])).toBeUndefined()
  expect(missing([rest, { title: 'Electrician' }])).toEqual(['p1: a course of the class has no subject (1)'])
  expect(missing([rest, { title: 'Electrician', subject: 'Electrician' }])).toEqual(['law'])
})

test('in Chinese the warning names the subjects in Chinese', () => {
  const [warning] = judged(missingSubject, { ...classCatalogue(), courses: [{ id: 'law', subject: 'Law', chapters }] }, [studies('08:00:00', 'L1')]).warnings
  expect(warning?.summary).toEqual({
    en: 'no course of the class teaches work-safety, fire, drugs-and-aids, womens-and-childrens-rights, 4 of 5 required subjects; 1 learner studied in it',
    zh: '班级课程缺少 5 项必修内容中的 4 项：安全生产、消防安全、禁毒防艾、妇女儿童权益保护；已有 1 名学员在该班学习',
  })
})
