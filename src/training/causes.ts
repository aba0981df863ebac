/**
 * For each kind of cheating, the features that its own way of cheating moves, by what published scripts do: one of them among
 * the three reasons of a warning is its true cause. What a kind does by the way is not listed.
 */
export const CAUSES: Readonly<Record<string, readonly string[]>> = {
  'api-probe': ['probes', 'coverage', 'chapters-most', 'chapters-in-turn', 'credit-overlap', 'beats-unstarted', 'gap-off-cadence', 'gap-variation', 'gap-same', 'rate-effective', 'rate-untold', 'answer-length', 'answer-spread', 'answer-quick', 'inputs', 'inputs-none', 'untouched'],
  'api-bundle': ['beats-together', 'delay-spread', 'delay-most', 'chapters-most', 'chapters-in-turn', 'credit-overlap', 'beats-unstarted', 'rate-effective', 'rate-untold', 'rate-stated', 'rate-highest', 'rate-over', 'rate-changes', 'gap-off-cadence', 'gap-memory', 'gap-same', 'inputs', 'inputs-none', 'untouched'],
  'api-minute': ['gap-off-cadence', 'gap-variation', 'gap-mad', 'gap-same', 'step-fraction', 'step-equal', 'chapters-most', 'chapters-in-turn', 'credit-overlap', 'beats-unstarted', 'beats-together', 'rate-effective', 'rate-untold', 'coverage', 'inputs', 'inputs-none', 'untouched'],
  console: ['gap-off-cadence', 'gap-variation', 'gap-memory', 'gap-long', 'logins-again', 'answer-length', 'answer-spread', 'answer-quick', 'photos-near', 'face-length', 'face-spread', 'face-likeness', 'next-length', 'residual-size', 'residual-none', 'coverage', 'rate-untold', 'inputs', 'inputs-none', 'untouched'],
  proxy: ['gap-off-cadence', 'gap-variation', 'gap-memory', 'gap-long', 'logins-again', 'answer-length', 'answer-spread', 'answer-quick', 'photos-near', 'face-length', 'face-spread', 'face-likeness', 'next-length', 'residual-size', 'residual-none', 'coverage', 'rate-untold', 'inputs', 'inputs-none', 'untouched'],
  mimic: ['rate-effective', 'rate-stated', 'rate-highest', 'rate-over', 'rate-untold', 'rate-changes', 'gap-off-cadence', 'gap-variation', 'residual-none', 'pause-length', 'pause-spread', 'pause-same', 'answer-length', 'answer-spread', 'answer-quick', 'answer-right', 'next-length', 'next-spread', 'next-least'],
  userscript: ['muted', 'rate-effective', 'rate-stated', 'rate-highest', 'rate-over', 'rate-changes', 'pause-length', 'pause-spread', 'pause-same', 'pause-quick', 'next-length', 'next-spread', 'next-least', 'answer-length', 'answer-spread', 'answer-quick', 'answer-right', 'inputs', 'inputs-none', 'untouched'],
  watcher: ['muted', 'inputs', 'inputs-none', 'inputs-uneven', 'untouched', 'next-length', 'next-spread', 'next-least', 'seeks', 'seeks-back', 'pauses', 'sitting-played'],
  farm: ['photos-near', 'face-length', 'face-spread', 'face-likeness', 'midnight', 'hour-unusual', 'hour-spread', 'sitting-length', 'sitting-spread', 'sitting-played', 'muted', 'inputs', 'inputs-none', 'untouched', 'next-length', 'next-spread', 'next-least', 'pauses', 'seeks'],
  'no-face': ['face-requests', 'face-owed', 'face-length', 'face-missed'],
}
