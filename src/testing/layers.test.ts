import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const src = fileURLToPath(new URL('..', import.meta.url))

/** From the bottom up: each may import what stands before it, and itself. */
const LAYERS = ['base', 'catalogue', 'warnings', 'telemetry', 'records', 'engine', 'models', 'detectors', 'rules', 'simulate', 'io', 'pipeline', 'serve', 'training', 'cli']
const PURE = ['base', 'catalogue', 'warnings', 'telemetry', 'records', 'engine', 'models/features', 'detectors']
const isPure = ({ path }: Source): boolean => PURE.some((folder) => path.startsWith(`${folder}/`))

/** What a pure folder may take from Node: functions of their arguments. */
const PURE_BUILTINS: Readonly<Record<string, readonly string[]>> = {
  'node:buffer': ['Buffer', 'isUtf8'],
  'node:crypto': ['createHash', 'hash'],
  'node:net': ['isIP', 'isIPv4', 'isIPv6', 'BlockList', 'SocketAddress'],
  'node:querystring': ['parse'],
  'node:util': ['isDeepStrictEqual'],
}
const PURE_PACKAGES = ['msgpackr', 're2js', 'yaml', 'zod']
const IMPURE = /\bDate\.now\b|\bMath\.random\b|\bnew Date\(\)|\bperformance\b|\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b|\bprocess\.|\bconsole\.|\bfetch\(|\brandomUUID\b|\bcrypto\./

interface Import {
  names: readonly string[]
  from: string
}

interface Source {
  /** Relative to src, with slashes. */
  path: string
  layer: string
  text: string
  imports: readonly Import[]
}

function read(path: string): Source {
  const text = withoutComments(readFileSync(join(src, path), 'utf8'))
  const imports = [...text.matchAll(/^(?:import|export)\s+(?:type\s+)?([^'"]*?)\s*from\s+['"]([^'"]+)['"]/gm)].map(([, names = '', from = '']) => ({
    names: names.replace(/[{}]/g, '').split(',').map((n) => n.trim().replace(/^type /, '').replace(/ as .*/, '')).filter((n) => n !== ''), from,
  }))
  for (const [, from = ''] of text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]/gm)) imports.push({ names: ['*'], from })
  return { path: path.split(sep).join('/'), layer: path.split(sep)[0] as string, text, imports }
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'))
const sources = files.filter((f) => !f.endsWith('.test.ts') && !f.startsWith(`testing${sep}`)).map(read)

/** Folder below src that an import leads to; undefined for a package. */
function target(source: Source, { from }: Import): string | undefined {
  if (!from.startsWith('.')) return undefined
  return relative(src, join(dirname(join(src, source.path)), from)).split(sep)[0]
}

test('every folder of src is a layer, and every layer but those still to come has files', () => {
  expect([...new Set(sources.map((s) => s.layer))].filter((l) => !LAYERS.includes(l))).toEqual([])
  expect(sources.length).toBeGreaterThan(50)
})

test('imports lead downward only', () => {
  const upward = sources.flatMap((s) =>
    s.imports.flatMap((i) => {
      const to = target(s, i)
      return to !== undefined && !(LAYERS.indexOf(to) >= 0 && LAYERS.indexOf(to) <= LAYERS.indexOf(s.layer)) ? [`${s.path} imports ${i.from}`] : []
    }),
  )
  expect(upward).toEqual([])
})

test('nothing imports the training of models: it needs what only a checkout has', () => {
  expect(sources.filter((s) => s.layer !== 'training').flatMap((s) => s.imports.filter((i) => target(s, i) === 'training').map((i) => `${s.path} imports ${i.from}`))).toEqual([])
})

test('what is shipped imports no test code', () => {
  expect(sources.flatMap((s) => s.imports.filter((i) => target(s, i) === 'testing' || i.from.endsWith('.test.ts') || i.from === 'vitest').map((i) => `${s.path} imports ${i.from}`))).toEqual([])
})

test('pure folders take from Node and packages only what computes', () => {
  const impure = sources.filter(isPure).flatMap((s) =>
    s.imports.flatMap(({ names, from }) => {
      if (from.startsWith('.') || PURE_PACKAGES.includes(from)) return []
      return names.filter((n) => !PURE_BUILTINS[from]?.includes(n)).map((n) => `${s.path} imports ${n} from ${from}`)
    }),
  )
  expect(impure).toEqual([])
})

test('pure folders read no clock, no chance and no surroundings', () => {
  const impure = sources.filter(isPure).flatMap((s) => s.text.split('\n').flatMap((line) => (IMPURE.test(line) ? [`${s.path}: ${line.trim()}`] : [])))
  expect(impure).toEqual([])
})

test('the looking itself works', () => {
  const all = sources.flatMap((s) => s.imports.map((i) => target(s, i)))
  expect(all.filter((t) => t === 'base').length).toBeGreaterThan(50)
  expect(withoutComments('a // Date.now\n/* Math.random */ b\n"https://x"')).toBe('a \n b\n"https://x"')
  expect(['Date.now()', 'new Date()', 'await fetch(x)', 'setTimeout(f)'].every((t) => IMPURE.test(t))).toBe(true)
  expect(['new Date(ms)', 'Date.UTC(2000)', 'preprocess.x'].some((t) => IMPURE.test(t))).toBe(false)
})
