import type { Problem } from '../base/errors.ts'
import { NOTICES, type NoticeKind } from './lint/notice.ts'

/** What a check of rules found: an `error` keeps the rules from being used, the others do not. */
export interface Finding extends Problem {
  level: 'error' | 'warning' | 'note'
  kind: NoticeKind | 'bad-rules' | 'untested-change'
}

const KINDS: Readonly<Record<Finding['kind'], string>> = {
  'bad-rules': 'Rules that cannot be loaded.', 'untested-change': 'A change of parameters without a test of its own.', ...NOTICES,
}

/**
 * Findings in SARIF 2.1.0, so that a code host shows each at its line. `uriOf` turns a file's path into a URI reference, relative to the
 * root of what is checked where it lies in there.
 */
export function toSarif(findings: readonly Finding[], version: string, uriOf: (file: string) => string): object {
  const ids = Object.keys(KINDS) as Finding['kind'][]
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{
      tool: { driver: { name: 'invigil', version, rules: ids.map((id) => ({ id, shortDescription: { text: KINDS[id] } })) } },
      columnKind: 'utf16CodeUnits',
      results: findings.map((f) => ({
        ruleId: f.kind, ruleIndex: ids.indexOf(f.kind), level: f.level, message: { text: f.mend === undefined ? f.message : `${f.message} (${f.mend})` },
        ...(f.file === undefined ? {} : { locations: [locationOf({ ...f, file: f.file }, uriOf)] }),
      })),
    }],
  }
}

function locationOf({ file, line, column }: { file: string; line?: number; column?: number }, uriOf: (file: string) => string): object {
  const region = line === undefined ? undefined : { startLine: line, ...(column === undefined ? {} : { startColumn: column }) }
  return { physicalLocation: { artifactLocation: { uri: uriOf(file) }, ...(region === undefined ? {} : { region }) } }
}
