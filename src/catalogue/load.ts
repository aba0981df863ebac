import { parseCidr } from '../base/address.ts'
import { InvigilError, formatProblem, type Problem } from '../base/errors.ts'
import { didYouMean, schemaProblems } from '../base/problems.ts'
import { isTimeZone, parseTime } from '../base/time.ts'
import { parseTree, partOf, valueOf, whereAt, whereOf, type Tree } from '../base/tree.ts'
import { catalogueSchema } from './catalogue.ts'
import { Catalogue, instant } from './index.ts'

/**
 * Reads a catalogue, written in YAML or JSON. Throws `bad-catalogue` with everything that is wrong with it: where, what and
 * how to mend it. `path` names the text in messages.
 */
export function loadCatalogue(text: string, path: string): Catalogue {
  const { tree, problems } = parseTree(path, text)
  if (!tree) throw badCatalogue(path, problems.length > 0 ? problems : [{ file: path, message: 'the catalogue is empty', mend: 'leave it out, or write `platforms`, `courses` and `classes`' }])
  const parsed = catalogueSchema.safeParse(valueOf(tree))
  if (!parsed.success) problems.push(...schemaProblems(parsed.error.issues, tree, catalogueSchema))
  problems.push(...crossCheck(tree))
  if (problems.length > 0 || !parsed.success) throw badCatalogue(path, problems)
  return new Catalogue(parsed.data)
}

function badCatalogue(path: string, problems: Problem[]): InvigilError {
  const sorted = problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
  const message = sorted.length === 1 ? formatProblem(sorted[0] as Problem) : `${sorted.length} problems in the catalogue \`${path}\``
  return new InvigilError('bad-catalogue', message, { problems: sorted })
}

/** What no schema can say of a catalogue: ids that are not declared, or declared twice. `platformsMayBeLeftOut`: that of a test. */
export function crossCheck(tree: Tree, { platformsMayBeLeftOut = false } = {}): Problem[] {
  return new CrossCheck(tree, platformsMayBeLeftOut && partOf(tree, ['platforms']) === undefined).problems
}

/** What no schema can say: that the parts fit together. Skips what is not of the right shape, which the schema reports. */
/** Each guess looks at all names there are. */
const MOST_GUESSED = 100

class CrossCheck {
  readonly problems: Problem[] = []
  /** Undefined: any there may be. */
  private readonly platforms: ReadonlySet<string> | undefined
  private readonly courses: ReadonlySet<string>
  private readonly networks: ReadonlySet<string>

  constructor(tree: Tree, anyPlatform: boolean) {
    this.platforms = anyPlatform ? undefined : this.distinct(items(tree, 'platforms'), 'platform')
    this.courses = this.distinct(items(tree, 'courses'), 'course')
    for (const course of items(tree, 'courses')) this.distinct(items(course, 'chapters'), 'chapter', ` in course \`${textAt(course, 'id') ?? ''}\``)
    const networks = partOf(tree, ['networks'])
    this.networks = new Set(networks?.kind === 'map' ? networks.entries.keys() : [])
    if (networks?.kind === 'map') for (const { value } of networks.entries.values()) this.checkCidrs(value)
    this.checkClasses(items(tree, 'classes'))
  }

  private checkClasses(classes: readonly Tree[]): void {
    const byPlatform = new Map<string, Tree[]>()
    for (const klass of classes) {
      const platform = textAt(klass, 'platform')
      if (platform !== undefined) {
        if (this.platforms) this.known(partOf(klass, ['platform']) as Tree, 'platform', this.platforms)
        const same = byPlatform.get(platform)
        if (same) same.push(klass)
        else byPlatform.set(platform, [klass])
      }
      this.checkClass(klass)
    }
    for (const [platform, same] of byPlatform) this.distinct(same, 'class', ` on platform \`${platform}\``)
  }

  private checkClass(klass: Tree): void {
    const of = ` in class \`${textAt(klass, 'id') ?? ''}\``
    for (const course of items(klass, 'courses')) this.known(course, 'course', this.courses)
    for (const network of items(partOf(klass, ['region']), 'networks')) this.known(network, 'network', this.networks)
    this.once(items(klass, 'courses'), 'course', of)
    this.once(items(klass, 'learners'), 'learner', of)
    this.once(items(klass, 'teachers'), 'teacher', of)
    const [opens, closes, zone] = [textAt(klass, 'opens'), textAt(klass, 'closes'), textAt(klass, 'timeZone')]
    if (!isWhen(opens) || !isWhen(closes) || (zone !== undefined && !isTimeZone(zone))) return
    if ((instant(opens, zone, 0) as number) < (instant(closes, zone, 1) as number)) return
    this.problems.push({ message: `closes (\`${closes}\`) before it opens (\`${opens}\`)${of}`, mend: 'swap the dates, or mend one', ...whereAt(klass, ['closes']) })
  }

  private checkCidrs(list: Tree): void {
    for (const cidr of list.kind === 'list' ? list.items : []) {
      const text = textOf(cidr)
      if (text === undefined || parseCidr(text)) continue
      this.problems.push({ message: `\`${text}\` is not a block of addresses`, mend: 'write it like `10.8.0.0/16`, `2001:da8::/32` or `192.0.2.7`', ...whereOf(cidr) })
    }
  }

  /** Reports an id that was declared before, and gives all. */
  private distinct(parts: readonly Tree[], what: string, of = ''): ReadonlySet<string> {
    return this.once(parts.map((p) => partOf(p, ['id'])), what, of)
  }

  private once(parts: readonly (Tree | undefined)[], what: string, of: string): ReadonlySet<string> {
    const first = new Map<string, Tree>()
    for (const part of parts) {
      const text = textOf(part)
      if (part === undefined || text === undefined) continue
      const before = first.get(text)
      if (!before) first.set(text, part)
      else this.problems.push({ message: `${what} \`${text}\` twice${of}`, mend: `take one away; the first is in line ${whereOf(before).line ?? 1}`, ...whereOf(part) })
    }
    return new Set(first.keys())
  }

  private known(part: Tree, what: string, known: ReadonlySet<string>): void {
    const text = textOf(part)
    if (text === undefined || known.has(text)) return
    // Of thousands of wrong names, as of a list that was left out, none is a slip of the pen.
    const likely = this.problems.length < MOST_GUESSED ? didYouMean(text, known) : undefined
    this.problems.push({ message: `no ${what} \`${text}\``, mend: likely ?? `declare it under \`${what}s\``, ...whereOf(part) })
  }
}

function items(tree: Tree | undefined, key: string): readonly Tree[] {
  const part = partOf(tree, [key])
  return part?.kind === 'list' ? part.items : []
}

function textAt(tree: Tree, key: string): string | undefined {
  return textOf(partOf(tree, [key]))
}

function textOf(tree: Tree | undefined): string | undefined {
  return tree?.kind === 'scalar' && typeof tree.value === 'string' ? tree.value : undefined
}

function isWhen(text: string | undefined): text is string {
  return text !== undefined && parseTime(text.length === 10 ? `${text}T00:00:00Z` : text) !== undefined
}
