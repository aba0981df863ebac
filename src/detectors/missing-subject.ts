import { z } from 'zod'
import type { CourseInfo } from '../catalogue/catalogue.ts'
import type { Class } from '../catalogue/index.ts'
import { defineClassJudge, endParam, studied, type Affected } from './shared/class-fault.ts'
import { planOf } from './shared/plan.ts'

interface Facts extends Affected {
  missing: string[]
  required: string[]
}

const params = z.strictObject({
  required: z.record(z.string().min(1), z.array(z.string().min(1)).min(1)).default({
    law: ['law', 'laws', 'legal', 'legislation', '法律', '法规', '法治', '普法'],
    'work-safety': ['work safety', 'workplace safety', 'occupational safety', 'safe production', 'safety at work', '安全生产', '生产安全', '作业安全'],
    fire: ['fire', '消防', '防火', '火灾'],
    'drugs-and-aids': ['drugs', 'drug', 'narcotics', 'aids', 'hiv', '禁毒', '毒品', '艾滋', '防艾', '禁防'],
    'womens-and-childrens-rights': [
      'women', "women's", 'woman', 'children', "children's", '妇女', '女性', '儿童', '妇幼', '未成年人',
    ],
  }).describe(
    'What each class has to teach: a name, and spellings any one of which in the `subject` or title of a course, or in the title of a chapter, says that it is taught. Latin letters are compared as whole words, in any case.',
  ),
  end: endParam,
})

/** A class is taught without one of the subjects that every class has to teach. */
export const missingSubject = defineClassJudge<typeof params, Facts>({
  name: 'missing-subject',
  summary: 'There is study in a class none of whose courses teaches a subject that is required.',
  params,
  facts: { missing: 'subjects that none of its courses teaches', required: 'subjects that are required' },
  needsCatalogue: ['class', 'subjects'],
  judge(klass, _, { required }, catalogue) {
    const { courses, isWhole } = planOf(klass, catalogue)
    const missing = missingOf(klass, courses, required)
    if (missing.length === 0) return undefined
    // A title can only speak for a course: what it is about is said by `subject`.
    if (!isWhole) return { unjudged: 'a course of the class is unknown, or its chapters are' }
    if (courses.some((c) => c.subject === undefined)) return { unjudged: 'a course of the class has no subject' }
    return { fault: { kind: 'missing', facts: { missing, required: Object.keys(required) } } }
  },
  explain({ missing, required, learners }) {
    const { en, zh } = studied(learners)
    return {
      en: `no course of the class teaches ${missing.join(', ')}, ${missing.length} of ${required.length} required subjects; ${en} in it`,
      zh: `班级课程缺少 ${required.length} 项必修内容中的 ${missing.length} 项：${missing.map((name) => NAMES_ZH[name] ?? name).join('、')}；${zh}在该班学习`,
    }
  },
})

const NAMES_ZH: Readonly<Record<string, string>> = {
  law: '法律法规', 'work-safety': '安全生产', fire: '消防安全', 'drugs-and-aids': '禁毒防艾', 'womens-and-childrens-rights': '妇女儿童权益保护',
}

type Required = z.output<typeof params>['required']

// Neither a class of a catalogue nor the params of a rule ever change.
const known = new WeakMap<Class, WeakMap<Required, string[]>>()

function missingOf(klass: Class, courses: readonly CourseInfo[], required: Required): string[] {
  let of = known.get(klass)
  if (of === undefined) known.set(klass, (of = new WeakMap()))
  let missing = of.get(required)
  if (missing === undefined) {
    const taught = courses.map(words)
    const isTaught = (spelling: string): boolean => taught.some((text) => text.includes(sought(spelling)))
    of.set(required, (missing = Object.entries(required).filter(([, spellings]) => !spellings.some(isTaught)).map(([name]) => name)))
  }
  return missing
}

/** All that says what a course teaches. */
function words({ subject = [], title = '', chapters }: CourseInfo): string {
  return [subject, title, chapters.map((c) => c.title ?? '')].flat().map(wordsOf).join('\n')
}

/** Latin words each between spaces, so that `law` is not found in `lawn`; Chinese, which has no spaces, as it stands. */
function wordsOf(text: string): string {
  const spaced = text.normalize('NFKC').toLowerCase().replaceAll('’', "'").replace(/[^\p{L}\p{N}']+/gu, ' ')
  return ` ${spaced.replace(/[\p{Script=Latin}']+/gu, ' $& ').replace(/ +/g, ' ').trim()} `
}

/** What to look for in such a text. */
function sought(spelling: string): string {
  const text = wordsOf(spelling)
  return /\p{Script=Han}/u.test(text) ? text.trim() : text
}
