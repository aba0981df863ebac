import { isMap, isSeq, parseDocument, stringify, type YAMLMap, type YAMLSeq } from 'yaml'
import { InvigilError } from '../base/errors.ts'

/** Whether a rules file has an entry for a rule; one that cannot be read has none. */
export function saysOf(text: string, rule: string): boolean {
  const contents = parseDocument(text).contents as unknown
  return isSeq(contents) && contents.items.some((i) => isMap(i) && i.get('rule') === rule)
}

/**
 * A rules file with one more test for a rule; the rest, comments too, stays as it is written. Where it says nothing of the rule, a change of it is
 * added that brings only the test. Throws `bad-rules` where the text is no rules file.
 */
export function appendTest(text: string, path: string, rule: string, test: Readonly<Record<string, unknown>>): string {
  if (parseDocument(text).contents === null && parseDocument(text).errors.length === 0) return (text === '' || text.endsWith('\n') ? text : `${text}\n`) + stringify([{ rule, tests: [test] }], STYLE)
  const document = parseDocument(text)
  if (document.errors.length > 0 || !isSeq(document.contents)) throw new InvigilError('bad-rules', `\`${path}\` is no rules file to which a test can be added`, { problems: [{ file: path, message: document.errors[0]?.message.split('\n', 1)[0] ?? 'it is not a list of rules', mend: 'mend it, or name a new file' }] })
  const items = document.contents as YAMLSeq
  const item = items.items.find((i): i is YAMLMap => isMap(i) && i.get('rule') === rule)
  if (item === undefined) items.add(document.createNode({ rule, tests: [test] }))
  else {
    const tests = item.get('tests', true)
    // The same dismissal twice is one test.
    if (isSeq(tests) && tests.items.some((t) => isMap(t) && t.get('given') === test.given)) return text
    if (isSeq(tests)) tests.add(document.createNode(test))
    else item.set('tests', document.createNode([test]))
  }
  return document.toString(STYLE)
}

const STYLE = { lineWidth: 0 } as const
