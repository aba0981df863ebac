import { InvigilError } from '../../base/errors.ts'
import { loadCatalogue } from '../../catalogue/load.ts'
import { readText } from '../../io/texts.ts'
import type { Bundle } from '../../rules/load.ts'
import { document, errorFindings, findingLine, findingsOf, type Format } from './findings.ts'

export interface CheckOptions {
  catalogue?: string
  format: Format
  strict?: boolean
}

/** `invigil rules check`: throws what keeps the rules from being used; tells what is doubtful. `today`: `2026-03-02`. */
export async function checkRules(load: () => Promise<Bundle>, { catalogue, format, strict }: CheckOptions, today: string, write: (text: string) => void): Promise<void> {
  let bundle: Bundle
  try {
    bundle = await load()
  } catch (e) {
    if (format !== 'text' && e instanceof InvigilError && e.code === 'bad-rules') write(document(errorFindings(e.problems), format, undefined))
    throw e
  }
  const known = catalogue === undefined ? undefined : loadCatalogue(await readText(catalogue), catalogue)
  const findings = findingsOf(bundle, today, known)
  const errors = findings.filter((f) => f.level === 'error')
  const warnings = findings.filter((f) => f.level === 'warning').length
  const count = warnings === 1 ? '1 warning' : `${warnings} warnings`
  if (format !== 'text') write(document(findings, format, bundle))
  else if (errors.length > 0) write(findings.filter((f) => f.level !== 'error').map(findingLine).join(''))
  else {
    const good = bundle.rules.length === 1 ? '1 rule is good' : `${bundle.rules.length} rules are good`
    write(`${findings.map(findingLine).join('')}${good}${warnings > 0 ? ` but for ${count}` : ''}, hash ${bundle.hash}\n`)
  }
  if (errors.length > 0) throw new InvigilError('bad-rules', `${errors.length} problem${errors.length === 1 ? '' : 's'} in the tests of the rules`, { problems: errors })
  if (strict && warnings > 0) throw new InvigilError('bad-rules', `${count}, and \`--strict\` lets none pass`)
}
