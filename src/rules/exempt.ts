import { BlockList, isIP } from 'node:net'
import { DAY, local, parseTime, type Ms } from '../base/time.ts'
import type { Catalogue } from '../catalogue/index.ts'
import type { Warning } from '../warnings/warning.ts'
import type { Exempt } from './schema.ts'

interface Entry {
  entry: Exempt
  learners: ReadonlySet<string> | undefined
  addresses: ((ip: string) => boolean) | undefined
  /** Days since 1970-01-01, both inclusive. */
  first: number
  last: number
}

/** Whom an entry must cover: a learner, or (where the warning names none) whatever its subject is. */
interface Who {
  platform: string
  id: string | undefined
}

/**
 * The reason of the exemption that covers a warning that began at `begin`. What an entry names must all fit; `from` and `until`
 * are days in the time zone of the warning's class (UTC where none is known). A warning of several learners is covered only if
 * each of them is: a demo account among honest names does not hide the others.
 */
export function compileExempt(entries: readonly Exempt[], catalogue: Catalogue): ((warning: Warning, begin: Ms) => string | undefined) | undefined {
  if (entries.length === 0) return undefined
  const all = entries.map(prepare)
  return (warning, begin) => {
    if (warning.learners.length === 0) return reasonOf(all, warning, begin, { platform: warning.subject.platform, id: undefined }, catalogue)
    const reasons = new Set<string>()
    for (const learner of warning.learners) {
      const reason = reasonOf(all, warning, begin, learner, catalogue)
      if (reason === undefined) return undefined
      reasons.add(reason)
    }
    return [...reasons].join('; ')
  }
}

function prepare(entry: Exempt): Entry {
  return {
    entry,
    learners: entry.learner && new Set(entry.learner),
    addresses: entry.ip === undefined ? undefined : matcher(entry.ip),
    first: dayNumber(entry.from),
    last: dayNumber(entry.until),
  }
}

function dayNumber(date: string): number {
  return (parseTime(`${date}T00:00:00Z`) as Ms) / DAY
}

function matcher(range: string): (ip: string) => boolean {
  const [address, bits] = range.split('/') as [string, string | undefined]
  const list = new BlockList()
  const version = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  if (bits === undefined) list.addAddress(address, version)
  else list.addSubnet(address, Number(bits), version)
  return (ip) => isIP(ip) !== 0 && list.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4')
}

function reasonOf(all: readonly Entry[], warning: Warning, begin: Ms, who: Who, catalogue: Catalogue): string | undefined {
  const { day } = local(begin, zoneOf(warning, who, catalogue))
  const found = all.find(
    ({ entry, learners, addresses, first, last }) =>
      day >= first && day <= last &&
      (entry.platform === undefined || entry.platform === who.platform) &&
      (learners === undefined || (who.id !== undefined && learners.has(who.id))) &&
      (entry.class === undefined || entry.class === warning.class) &&
      (addresses === undefined || addressesOf(warning).some(addresses)),
  )
  return found && `${found.entry.why} (${found.entry.by})`
}

function zoneOf(warning: Warning, who: Who, catalogue: Catalogue): string | undefined {
  if (warning.class !== undefined) return catalogue.class(who.platform, warning.class)?.timeZone
  if (who.id === undefined) return undefined
  return catalogue.classOf({ platform: who.platform, learner: who.id, class: undefined, course: warning.course })?.timeZone
}

/** The address that a warning is about: its subject, or the one that its facts name. */
function addressesOf(warning: Warning): string[] {
  const { ip } = warning.facts
  return warning.subject.kind === 'ip' ? [warning.subject.id] : typeof ip === 'string' ? [ip] : []
}
