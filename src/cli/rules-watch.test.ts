import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync, symlinkSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { pino } from 'pino'
import { Contexts } from '../pipeline/kafka/contexts.ts'
import { openContext } from '../pipeline/context.ts'
import { SMALL_GEO } from '../testing/cli.ts'
import { parseExposition } from '../testing/exposition.ts'
import { clientOf, makeTopicsFor } from '../testing/kafka.ts'
import { temporary } from '../testing/runs.ts'
import { useKafka } from '../testing/services.ts'
import { publishCommand } from './rules-publish.ts'
import { VERSION } from './version.ts'

const brokers = useKafka()
const dir = temporary()
const prefix = `${randomUUID()}.`
const topic = `${prefix}contexts`
afterAll(async () => (await clientOf(brokers())).withAdmin((admin) => admin.deleteTopics({ topics: [topic] })))

const mounted = join(dir, 'rules')
const rule = (id: string, more: object = {}) => ({
  rule: id, title: 'Two accounts', description: 'Somebody uses two accounts.', detector: 'two-accounts', severity: 'low', response: 'review', scope: `platform != "${id}"`, ...more,
})
let versions = 0
/** Puts rules there as a mounted configuration is changed: by a link. */
function mount(text: string): void {
  mkdirSync(join(mounted, `..v${++versions}`), { recursive: true })
  writeFileSync(join(mounted, `..v${versions}`, 'a.yaml'), text)
  symlinkSync(`..v${versions}`, join(mounted, '..next'))
  renameSync(join(mounted, '..next'), join(mounted, '..data'))
}

test('rules are published as they change; what is wrong is refused, and the page of readiness says so until it is mended', async () => {
  await makeTopicsFor(await clientOf(brokers()), { [topic]: 1 })
  mount(JSON.stringify([rule('a'), rule('b', { onEdit: 'reset' })]))
  symlinkSync(join('..data', 'a.yaml'), join(mounted, 'a.yaml'))
  writeFileSync(join(dir, 'invigil.yaml'), JSON.stringify({ group: topic, kafka: { brokers: brokers(), prefix }, rules: ['rules'], geo: SMALL_GEO.slice(1) }))
  const stop = new AbortController()
  let out = ''
  let look = () => {}
  const write = (text: string) => {
    out += text
    look()
  }
  const watching = publishCommand({ environment: {}, write, stop: stop.signal }).parseAsync(['--config', join(dir, 'invigil.yaml'), '--watch', '--http', '127.0.0.1:0'], { from: 'user' })
  /** Waits until it says something more, and returns all that is new. */
  let told = 0
  const says = async (text: string) => {
    await Promise.race([watching, new Promise<void>((done) => {
      look = () => {
        if (out.includes(text, told)) done()
      }
      look()
    })])
    const more = out.slice(told)
    expect(more).toContain(text)
    told = out.length
    return more
  }
  const address = /http:\/\/[\d.:]+/.exec(await says('/metrics\n'))?.[0] as string
  const page = async (path: string) => {
    const response = await fetch(`${address}${path}`)
    return `${response.status} ${await response.text()}`
  }
  const metric = async (name: string, labels = {}) => parseExposition((await page('/metrics')).slice(4)).samples.find((s) => s.name === `invigil_${name}` && JSON.stringify(s.labels) === JSON.stringify(labels))?.value
  const contexts = await Contexts.open(await clientOf(brokers(), { prefix }), { group: topic, context: await openContext({ rules: [mounted], geo: SMALL_GEO.slice(1), version: VERSION }), log: pino({ level: 'silent' }), onlyReads: true })
  const first = contexts.current() as string
  expect(out).toContain(`context ${first}\n`)
  expect(await page('/readyz')).toBe('200 {"ready":true}\n')

  const changed = new Promise<string>((done) => contexts.onCurrent(done))
  mount(JSON.stringify([rule('b', { onEdit: 'reset', severity: 'high' }), rule('c')]))
  expect(await says('before')).toMatch(/^added {4}c\nremoved {2}a\nchanged {2}b \(its state begins anew\)\npublished 2 rules, in force from the next mark on\ncontext/)
  const second = await changed
  expect([(await contexts.setupOf(second)).rules.map((r) => r.id), await metric('context_info', { context: second })]).toEqual([['b', 'c'], 1])

  mount('- rule: [')
  expect(await says('refused, and the rules before stay in force: ')).toContain('a.yaml:1')
  expect(await page('/readyz')).toMatch(/^503 .*"rules":"the rules as they lie in their directories are refused/)
  expect([await metric('rules_refused'), await metric('rules_reloads_total', { reload: 'refused' }), contexts.current()]).toEqual([1, 1, second])
  mount(JSON.stringify([rule('b', { onEdit: 'reset', severity: 'high' }), rule('c')]))
  await says('the rules that are in force are there again\n')
  expect([await page('/readyz'), await metric('rules_refused'), await metric('rules_reloads_total', { reload: 'published' })]).toEqual(['200 {"ready":true}\n', 0, 1])
  rmSync(mounted, { recursive: true })
  await says(`refused, and the rules before stay in force: there is no rules directory \`${mounted}\`\n`)
  expect(contexts.current()).toBe(second)

  stop.abort()
  await watching
  await contexts.close()
})

test('a page without watching, and an address that is none, are refused', async () => {
  const command = (...args: string[]) => publishCommand({ environment: {} }).exitOverride().configureOutput({ writeErr: () => undefined }).parseAsync(args, { from: 'user' })
  await expect(command('--http', '127.0.0.1:1')).rejects.toMatchObject({ code: 'usage', message: '`--http` is of use only with `--watch`' })
  await expect(command('--watch', '--http', 'nowhere')).rejects.toThrow('not an address to listen on')
})
