import { z } from 'zod'
import { defineClassJudge, endParam, studied, type Affected } from './shared/class-fault.ts'

const params = z.strictObject({ end: endParam })

/** There is study in a class that is not connected to the supervision platform. */
export const unconnectedClass = defineClassJudge<typeof params, Affected>({
  name: 'unconnected-class',
  summary: 'There is study in a class that is not connected to the supervision platform.',
  params,
  facts: {},
  needsCatalogue: ['class', 'connected'],
  judge({ connected }) {
    if (connected === undefined) return { unjudged: 'the catalogue does not say whether the class is connected' }
    return connected ? undefined : { fault: { kind: 'unconnected', facts: {} } }
  },
  explain({ learners }) {
    const { en, zh } = studied(learners)
    return { en: `${en} in the class while it is not connected to the supervision platform (0 allowed)`, zh: `班级尚未接入监管平台，${zh}在该班学习（限值 0 名）` }
  },
})
