import type { KeyObject } from 'node:crypto'
import { InvigilError } from '../../base/errors.ts'
import { packZip } from '../../io/zip.ts'
import { openContexts } from './contexts.ts'
import { evidenceOf, filesOf, type Evidence } from './evidence.ts'
import type { Feed } from './feed.ts'
import { findWarnings } from './find.ts'
import { gather } from './gather.ts'
import { judge } from './judge.ts'
import { pseudonymise } from './pseudonyms.ts'
import { README, README_FILE } from './readme.ts'
import { seal } from './seal.ts'

export interface MakeOptions {
  /** Of Invigil, here. */
  version: string
  /** What pseudonyms are made with; without it, everybody keeps the name that the platform gave. */
  secret?: Uint8Array
  progress?: (read: number, size: number) => void
}

/** Evidence that was found to give its warning again. */
export interface Made {
  evidence: Evidence
  /** Pseudonyms would have changed the warning: people keep their names. */
  keptNames: boolean
}

/**
 * Takes the evidence for warnings out of a log, which is read twice, and judges it as whoever gets it will. Throws `not-found` where the log
 * does not give one of them.
 */
export async function makeEvidence(feed: Feed, wanted: readonly string[], { version, secret, progress }: MakeOptions): Promise<Made[]> {
  const found = await findWarnings(feed, wanted, progress && ((read, size) => progress(read / 2, size)))
  const evidence = await gather(feed, found, version, progress && ((read, size) => progress((size + read) / 2, size)))
  const made: Made[] = []
  for (const e of evidence) {
    if (!(await comesOut(e))) throw new InvigilError('invariant', `the warning \`${e.about.warning}\` does not come out of its own evidence`)
    const hidden = secret === undefined ? e : pseudonymise(e, secret)
    made.push(hidden === e || (await comesOut(hidden)) ? { evidence: hidden, keptNames: false } : { evidence: e, keptNames: true })
  }
  return made
}

/** Judged as it will be read from its files. */
async function comesOut(made: Evidence): Promise<boolean> {
  const evidence = evidenceOf(filesOf(made))
  const revisions = judge(evidence, await openContexts(evidence)).map((w) => JSON.stringify(w))
  return revisions.length === evidence.revisions.length && revisions.every((line, i) => line === evidence.revisions[i])
}

/** The bundle of some evidence, as one file: the same evidence and key give the same bytes. */
export function packEvidence(evidence: Evidence, key?: KeyObject): Uint8Array {
  return packZip(seal(new Map([[README_FILE, Buffer.from(README)], ...filesOf(evidence)]), key))
}
