import { z } from 'zod'
import { defineClassJudge, endParam, studied, type Affected } from './shared/class-fault.ts'

interface Facts extends Affected {
  status: string
  approved: string[]
}

const params = z.strictObject({
  approved: z.array(z.string().min(1)).min(1).default(['approved']).describe('Words of `status` in the catalogue that let a class open, in any letter case.'),
  end: endParam,
})

const plain = (word: string): string => word.trim().toLowerCase()

/** There is study in a class whose review has not come to its end. */
export const unapprovedClass = defineClassJudge<typeof params, Facts>({
  name: 'unapproved-class',
  summary: 'There is study in a class that has not been approved yet.',
  params,
  facts: { status: '`status` of the class in the catalogue', approved: 'words that let it open' },
  needsCatalogue: ['class', 'status'],
  judge({ status }, _, { approved }) {
    if (status === undefined) return { unjudged: 'the class has no status' }
    return approved.some((word) => plain(word) === plain(status)) ? undefined : { fault: { kind: 'unapproved', facts: { status, approved } } }
  },
  explain({ status, approved, learners }) {
    const { en, zh } = studied(learners)
    return {
      en: `${en} in the class while its status is \`${status}\` (lets it open: ${approved.join(', ')})`,
      zh: `班级状态为“${status}”（可开班状态：${approved.join('、')}），${zh}在该班学习`,
    }
  },
})
