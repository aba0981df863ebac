import type { KeyObject } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command, Option } from 'commander'
import { InvigilError } from '../base/errors.ts'
import { makeFolder, replaceDurably } from '../io/durable-file.ts'
import { fileError } from '../io/file-error.ts'
import { readText } from '../io/texts.ts'
import { makeEvidence, packEvidence, type Made } from '../pipeline/evidence/make.ts'
import { writePage } from '../pipeline/evidence/page.ts'
import { newKeys, privateKeyOf } from '../pipeline/evidence/seal.ts'
import { storyOf } from '../pipeline/evidence/story.ts'
import { addFeedOptions, expectPublished, openFeed, withProgress, type FeedOptions } from './evidence-feed.ts'
import { VERSION } from './version.ts'

const EXAMPLES = `
Examples:
  invigil evidence --new-key signer.pem        # once: signer.pem, to be kept, and signer.pub.pem, to be given to whom it concerns
  invigil evidence 3f2a90c41b7d --input telemetry.ndjson.gz --catalogue catalogue.yaml --output 3f2a.zip --key signer.pem
  invigil evidence 3f2a90c41b7d --archive /srv/archive --output 3f2a.zip --html 3f2a.html
  invigil verify 3f2a.zip --trust signer.pub.pem

The bundle holds personal data: the records of all learners that the warning
depends on. Give the same log, rules, catalogue, models and options as in the
run that raised the warning.
`

interface Options extends FeedOptions {
  output?: string
  html?: string
  key?: string
  newKey?: string
  pseudonymise?: string
}

/** A secret that can be guessed hides nobody. */
const LEAST_SECRET = 16

/** `invigil evidence`: one warning with all that it depends on, in one file. */
export function evidenceCommand(): Command {
  return addFeedOptions(new Command('evidence').description('write all that one warning depends on into one file, from which it comes out again anywhere')
    .argument('[warning...]', 'its `id`, or at least the first 8 digits of it; several are taken from one reading of the log'))
    .option('--output <file>', 'the bundle, a zip; of several warnings, a folder for their bundles')
    .option('--html <file>', 'a page about it, in English and Chinese, that needs nothing else; of several, a folder')
    .addOption(new Option('--key <file>', 'a private key (ed25519, PEM) to sign the bundle with; without it, it is unsigned'))
    .option('--new-key <file>', 'make a private key, and its public one beside it (`.pub.pem`), and nothing else')
    .option('--pseudonymise <file>', `give pseudonyms to all whom the warning does not name, made with the secret in the file (at least ${LEAST_SECRET} bytes)`)
    .addHelpText('after', EXAMPLES)
    .action(evidence)
}

async function evidence(warnings: string[], options: Options, command: Command): Promise<void> {
  if (options.newKey !== undefined) return makeKeys(options.newKey)
  if (warnings.length === 0) throw new InvigilError('usage', 'name a warning by the `id` that it has in warnings.ndjson')
  const { output, html } = options
  if (output === undefined && html === undefined) throw new InvigilError('usage', 'name the file to write with `--output FILE.zip`, or a page with `--html FILE.html`')
  const read = [...(options.input ?? []), options.key, options.pseudonymise, options.catalogue, options.warnings, ...(options.geo ?? [])].flatMap((f) => (f === undefined ? [] : [placeOf(f)]))
  const many = warnings.length > 1
  for (const file of [output, html]) if (file !== undefined && (read.includes(placeOf(file)) || (!many && output !== undefined && html !== undefined && placeOf(output) === placeOf(html)))) throw new InvigilError('usage', `\`${file}\` would be written over; name another file`)
  const key = options.key === undefined ? undefined : privateKeyOf(await readText(options.key), options.key)
  const secret = options.pseudonymise === undefined ? undefined : await readSecret(options.pseudonymise)
  const feed = await openFeed(options, command)
  const made = await withProgress((progress) => makeEvidence(feed, warnings, { version: VERSION, secret, progress }))
  for (const problem of feed.problems) process.stderr.write(`invigil: ${problem}\n`)
  for (const { evidence: e } of made) await expectPublished(e, options)
  if (many) for (const dir of [output, html]) if (dir !== undefined) await makeFolder(dir)
  for (const one of made) {
    const place = (of: string | undefined, ending: string): string | undefined => (of === undefined || !many ? of : join(of, `${one.evidence.about.warning}${ending}`))
    await write(one, { output: place(output, '.zip'), html: place(html, '.html') }, key)
  }
}

/** Where a file lies, however it is named. */
function placeOf(file: string): string {
  return existsSync(file) ? realpathSync(file) : resolve(file)
}

async function write({ evidence, keptNames }: Made, { output, html }: { output?: string; html?: string }, key: KeyObject | undefined): Promise<void> {
  const { about, events, others } = evidence
  if (keptNames) process.stderr.write(`invigil: with pseudonyms the warning \`${about.warning}\` would come out otherwise, since ids decide what comes first at one instant: everybody keeps their name\n`)
  const bundle = packEvidence(evidence, key)
  if (output !== undefined) {
    await replaceDurably(output, bundle)
    const hidden = about.learners.filter((l) => l.pseudonym).length
    const what = `${count(about.revisions, 'revision')}, ${count(events.length + others.length, 'event')} of ${count(about.learners.length, 'learner')}${hidden > 0 ? ` (${hidden} under pseudonyms)` : ''}`
    process.stdout.write(`${output}: warning ${about.warning} of ${about.rule}, ${what}, ${key ? 'signed' : 'unsigned'}\n`)
  }
  if (html === undefined) return
  await replaceDurably(html, Buffer.from(writePage(await storyOf(evidence), { bundle, file: output, key })))
  process.stdout.write(`${html}: a page about warning ${about.warning}\n`)
}

function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`
}

async function makeKeys(file: string): Promise<void> {
  const publicFile = file.endsWith('.pem') ? `${file.slice(0, -4)}.pub.pem` : `${file}.pub.pem`
  for (const path of [file, publicFile]) if (existsSync(path)) throw new InvigilError('usage', `\`${path}\` is there already, and a key that was used must not be lost; name another file`)
  const { privateKey, publicKey } = newKeys()
  try {
    await writeFile(file, privateKey, { mode: 0o600, flag: 'wx' })
    await writeFile(publicFile, publicKey, { flag: 'wx' })
  } catch (e) {
    throw fileError(file, e as NodeJS.ErrnoException)
  }
  process.stdout.write(`${file}: the private key; keep it to yourself\n${publicFile}: the public key; give it to those who are to verify bundles\n`)
}

async function readSecret(file: string): Promise<Uint8Array> {
  const secret = await readFile(file).catch((e: NodeJS.ErrnoException) => {
    throw e.code === 'ENOENT' ? new InvigilError('not-found', `there is no file \`${file}\`; \`openssl rand -hex 32 > ${file}\` makes one`) : fileError(file, e)
  })
  if (secret.length < LEAST_SECRET) throw new InvigilError('usage', `the secret in \`${file}\` is of ${secret.length} bytes, and could be guessed; \`openssl rand -hex 32 > ${file}\` makes a better one`)
  return secret
}
