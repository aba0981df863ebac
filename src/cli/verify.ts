import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { InvigilError } from '../base/errors.ts'
import { fileError } from '../io/file-error.ts'
import { readText } from '../io/texts.ts'
import { publicKeyOf } from '../pipeline/evidence/seal.ts'
import { verifyBundle, type Verdict } from '../pipeline/evidence/verify.ts'
import { printable } from './text.ts'
import { VERSION } from './version.ts'

const EXAMPLES = `
Exit codes: 0 the same warning comes out, byte for byte, and nothing differs;
1 something differs; 2 the command or a file that it names is to be mended.

The digests and the signature can be checked without Invigil, too: see
README.txt in the bundle.
`

/** `invigil verify`: judges a bundle of evidence again. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('judge the events of a bundle again and say whether the same warning comes out')
    .argument('<bundle>', 'what `invigil evidence` wrote')
    .option('--trust <file>', 'the public key (PEM) that the bundle must be signed with')
    .option('--json', 'print the verdict as JSON')
    .addHelpText('after', EXAMPLES)
    .action(verify)
}

async function verify(file: string, { trust, json }: { trust?: string; json?: boolean }): Promise<void> {
  const key = trust === undefined ? undefined : publicKeyOf(await readText(trust))
  if (trust !== undefined && key === undefined) throw new InvigilError('usage', `\`${trust}\` holds no public key for ed25519 as PEM; the signer's is \`public-key.pem\` in a bundle, or \`openssl pkey -in KEY -pubout\` makes it of a private one`)
  const verdict = await verifyBundle(await readBytes(file), { version: VERSION, trust: key })
  process.stdout.write(json ? `${JSON.stringify(verdict)}\n` : textOf(verdict))
  if (!verdict.verified) process.exitCode = 1
}

/** The bytes of a file that the user named. */
export async function readBytes(file: string): Promise<Uint8Array> {
  return readFile(file).catch((e: NodeJS.ErrnoException) => {
    throw e.code === 'ENOENT' ? new InvigilError('not-found', `there is no file \`${file}\``) : fileError(file, e)
  })
}

function textOf(v: Verdict): string {
  const what = v.warning === undefined ? [] : [`warning ${v.warning} of ${v.rule}: ${count(v.revisions, 'revision')} from ${count(v.events, 'event')} of ${count(v.learners, 'learner')}`]
  const said = v.verified
    ? ['verified: the same warning comes out, byte for byte, and no file was altered']
    : [`not verified: ${count(v.differences.length, 'difference')}`, ...v.differences.map((d) => `  ${d.part}: ${d.message}`)]
  return [...what, ...said, SIGNATURES[v.signature.state](v.signature.key ?? '')].map((line) => `${printable(line)}\n`).join('')
}

const SIGNATURES = {
  none: () => 'unsigned: nothing says who made the bundle',
  invalid: () => 'the signature is not valid',
  valid: (key) => `signed with the key ${key}, which is as good as what you know of it (\`--trust\`)`,
  trusted: (key) => `signed with the key that is trusted, ${key}`,
} as const satisfies Record<Verdict['signature']['state'], (key: string) => string>

function count(n: number | undefined, word: string): string {
  return `${n ?? 0} ${word}${n === 1 ? '' : 's'}`
}
