import { expect, test } from 'vitest'
import { missingWords, reasonWords } from './words.ts'

test('what records say was missing, in both languages and of nobody in particular', () => {
  expect(missingWords('… events of this learner came too late to be judged; some of its playback has no positions')).toEqual({
    en: 'some events came too late to be judged; some playback has no positions', zh: '部分事件到达过晚，无法判定；部分播放没有进度位置',
  })
  expect(missingWords('position')).toEqual({ en: 'position', zh: 'position' })
})

test('a reason is a sentence in both languages', () => {
  const part = { en: 'warnings (3 high)', zh: '高级预警 3 起' }
  expect(reasonWords({ metric: 'warnings', value: 2, atLeast: 1.5, usual: 0 }, { part, whole: '1.5' })).toEqual({
    en: 'warnings (3 high) in 1.5 class hours played: 2.00 a class hour, at least 1.50 a class hour with 97.5\u00a0% confidence; usual on this platform: 0.00 a class hour',
    zh: '已播放 1.5 学时，期间有高级预警 3 起：每学时 2.00 起，至少每学时 1.50 起（置信度 97.5\u00a0%）；该平台通常为每学时 0.00 起',
  })
  expect(reasonWords({ metric: 'unproven', value: 0.5, atLeast: 0.3, usual: undefined }, { part: '5.0', whole: '10.0' }).zh).toBe('可判定的申报学时共 10.0 学时，其中 5.0 学时无据：50.0\u00a0%，至少 30.0\u00a0%（置信度 97.5\u00a0%）；可比对象过少')
})
