import type { OpenContext } from '../pipeline/context.ts'
import { LogFeed } from '../pipeline/evidence/log-feed.ts'
import type { LogFeedOptions } from '../pipeline/evidence/log-feed.ts'
import { SHIPPED_MODELS } from '../pipeline/models.ts'

/** A log as evidence is taken out of it. */
export function feedOf(log: string, context: OpenContext, options: Partial<LogFeedOptions> = {}): Promise<LogFeed> {
  return LogFeed.open({ logs: [log], format: 'canonical', context, models: SHIPPED_MODELS, ...options })
}

/** The version that contexts of tests are of. */
export const VERSION = 'test'
