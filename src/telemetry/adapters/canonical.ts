import type { Adapter } from './adapter.ts'

/** Invigil's own format, where others may stand beside it. */
export const canonical: Adapter = {
  name: 'canonical',
  sources: {},

  several(value) {
    return Array.isArray(value) ? value : undefined
  },

  /** Caliper has an `action`, too, but no `learner`. One that lacks something is still meant to be this. */
  recognises(record) {
    return record.learner !== undefined || (record.action !== undefined && record.time !== undefined)
  },

  adapt(record, { platform }) {
    return { kind: 'event', fields: platform !== '' && (record.platform === undefined || record.platform === '') ? { ...record, platform } : { ...record } }
  },
}
