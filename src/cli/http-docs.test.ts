import { existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MAIN, startShell } from '../testing/cli.ts'
import { ROOT, temporary } from '../testing/runs.ts'

const dir = temporary()

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

test('what docs/http.md says can be tried is tried, one after the other, and says what it says', async () => {
  const text = readFileSync(join(ROOT, 'docs', 'http.md'), 'utf8').replaceAll('127.0.0.1:8080', `127.0.0.1:${await freePort()}`)
  const steps = [...text.matchAll(/```sh\n([\s\S]*?)```(?:\n```json\n([\s\S]*?)```)?/g)].map(([, script = '', said]) => ({ script, said }))
  expect(steps.length).toBeGreaterThan(7)
  const cwd = mkdtempSync(join(dir, 'docs-'))
  mkdirSync(join(cwd, 'bin'))
  const prelude = `set -e\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\ninvigil() { exec_invigil "$@"; }\nexec_invigil() { "${process.execPath}" "${MAIN}" "$@"; }\n`
  // The server is to be told by its own number, not by that of a shell around it.
  const scripts = steps.map(({ script }, n) => `echo; echo '=== ${n}'\n${script.replace(/^invigil (.* &)$/m, `"${process.execPath}" "${MAIN}" $1`)}`)
  const { ended } = startShell(prelude + scripts.join('\n'), { cwd })
  const { out, err, code } = await ended
  expect(code, `${out}\n${err}`).toBe(0)
  const said = out.split(/^=== \d+\n/m).slice(1)
  for (const [n, step] of steps.entries()) expect(said[n]?.trim(), step.script).toBe(step.said?.trim() ?? '')
  expect(existsSync(join(cwd, 'warnings.csv'))).toBe(true)
  const [written, served] = ['openapi.json', 'served.json'].map((name) => JSON.parse(readFileSync(join(cwd, name), 'utf8')) as object)
  expect(served).toEqual(written)
}, 120_000)
