import { partOf, whereOf } from '../../base/tree.ts'
import type { Notice } from './notice.ts'
import type { Linted } from './subject.ts'

/** Items of a list that YAML joins, since one is indented otherwise than the one before. */
export function checkTexts({ layers }: Linted): Notice[] {
  return layers.flatMap(({ own }) => {
    const list = partOf(own, ['falsePositives'])
    return (list?.kind === 'list' ? list.items : []).flatMap((item): Notice[] => {
      const written = item.source.text.slice(item.start, item.end)
      if (!/^[^"'>|].*\n *- /s.test(written)) return []
      return [{ kind: 'no-effect', message: 'this item goes on with the next one', mend: 'indent each `-` alike', ...whereOf(item) }]
    })
  })
}
