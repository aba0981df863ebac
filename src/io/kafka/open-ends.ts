import { AsyncLocalStorage } from 'node:async_hooks'
import { invariant } from '../../base/errors.ts'

const LIST_OFFSETS = 'kafkajs/src/protocol/requests/listOffsets'
const READ_UNCOMMITTED = 0
const asking = new AsyncLocalStorage<true>()

type Request = (asked: { isolationLevel?: number }) => unknown
interface ListOffsets {
  protocol(this: void, of: { version: number }): Request
}

/** Asks, in `ask`, for the ends that logs really have, behind transactions that are still open. kafkajs's admin knows only how far readers of committed records get. */
export function withOpenEnds<T>(ask: () => Promise<T>): Promise<T> {
  return asking.run(true, ask)
}

/** Lets kafkajs ask so. Must come before kafkajs. */
export function replaceListOffsets(require: NodeJS.Require): void {
  invariant(require.cache[require.resolve('kafkajs')] === undefined, 'kafkajs was loaded before its way to ask for offsets could be replaced')
  const shipped = require(LIST_OFFSETS) as ListOffsets
  const { protocol } = shipped
  shipped.protocol = (of) => {
    const request = protocol(of)
    return (asked) => request(asking.getStore() && asked.isolationLevel === undefined ? { ...asked, isolationLevel: READ_UNCOMMITTED } : asked)
  }
}
