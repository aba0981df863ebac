import { InvigilError } from '../../base/errors.ts'
import { formatTime } from '../../base/time.ts'
import type { Geo } from '../../io/geo.ts'
import { createEnricher } from '../../telemetry/enrich.ts'
import type { Event } from '../../telemetry/event.ts'
import type { ArchivedContext } from './contexts.ts'

/** Looks up addresses by the databases of the context in force, and by no others: `usage` where those at hand are not its own. */
export function archiveLocator(geo: Geo, context: () => Pick<ArchivedContext, 'hash' | 'parts'>): (event: Event) => void {
  const enrich = createEnricher({ geo: geo.lookups })
  const here = geo.databases.map((d) => d.hash).join()
  return (event) => {
    const { hash, parts } = context()
    if (parts.geo.join() === here) return enrich(event)
    throw new InvigilError('usage', `the event \`${event.id}\` of \`${event.platform}\` (${formatTime(event.time)}) does not say where its address is, and the context \`${hash}\` has other GeoIP databases than those at hand; give \`--geo\` (${parts.geo.map((h) => `\`${h}\``).join(', ')})`)
  }
}
