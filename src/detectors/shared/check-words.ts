import type { Sentence } from '../../engine/detector.ts'
import { spellSeconds, spellSecondsZh } from './wording.ts'

/** What may be wrong with face checks. */
export type CheckKind = 'missed' | 'failed' | 'none' | 'fixed'

/** What `face-check` states: how often, over how many seconds, against which limit (seconds for `missed` and `none`, else a number). */
export type CheckFacts = { kind: CheckKind; count: number; seconds: number; limit: number }

/** Says what is wrong with a learner's face checks. */
export function explainChecks(f: CheckFacts): Sentence {
  const [limit, limitZh] = [spellSeconds(f.limit), spellSecondsZh(f.limit)]
  switch (f.kind) {
    case 'missed':
      return {
        en: `${f.count === 1 ? 'a face check was' : `${f.count} face checks were`} not answered within ${limit}`,
        zh: `${f.count} 次人脸核验未在 ${limitZh}内完成`,
      }
    case 'failed':
      return { en: `${f.count} face checks in a row failed (limit: fewer than ${f.limit})`, zh: `连续 ${f.count} 次人脸核验未通过（达到 ${f.limit} 次即预警）` }
    case 'none':
      return {
        en: `${spellSeconds(f.seconds)} were watched without any face check (limit ${limit})`,
        zh: `观看 ${spellSecondsZh(f.seconds)}，期间没有任何人脸核验（限制 ${limitZh}）`,
      }
    case 'fixed':
    default:
      return {
        en: `the platform asked for ${f.count} face checks at a fixed interval of ${spellSeconds(f.seconds)}, so that they can be foreseen (limit: ${f.limit} equal intervals)`,
        zh: `平台以 ${spellSecondsZh(f.seconds)}的固定间隔发起了 ${f.count} 次人脸核验，可被预知（达到 ${f.limit} 个相等间隔即预警）`,
      }
  }
}
