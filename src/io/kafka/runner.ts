import { replaceModule } from './replace.ts'

const RUNNER = 'kafkajs/src/consumer/runner'

/** What is used of kafkajs's runner: it joins the group, fetches and hands over. A consumer that restarts gets another one. */
export interface Runner {
  running: boolean
  onCrash: (e: unknown) => unknown
  consumerGroup: { cluster: { disconnect(): Promise<void> } }
  start(): Promise<void>
  stop(): Promise<void>
}

/**
 * The runner, but one that ends when it is told to. kafkajs's own takes no notice while it joins its group, and nobody can tell it again: the consumer, which says that
 * it is disconnected, comes back as a member that gets partitions, does nothing for them and never goes. Nor does it restart the consumer because its own
 * farewell failed.
 */
export function endingRunner(Base: new (...args: never[]) => Runner): new (...args: never[]) => Runner {
  return class extends Base {
    private isEnded = false

    constructor(...args: never[]) {
      super(...args)
      const { onCrash } = this
      this.onCrash = (e) => (this.isEnded ? this.consumerGroup.cluster.disconnect() : onCrash(e))
    }

    override async start(): Promise<void> {
      await super.start()
      if (!this.isEnded || !this.running) return
      await super.stop()
      // The connections were closed before, and have been made again to join.
      await this.consumerGroup.cluster.disconnect()
    }

    override async stop(): Promise<void> {
      this.isEnded = true
      await super.stop()
    }
  }
}

let replaced: ReturnType<typeof endingRunner> | undefined

/** Puts `endingRunner` in the place of kafkajs's runner, for everything that `require` loads from now on. Must come before kafkajs. */
export function replaceRunner(require: NodeJS.Require): void {
  if (replaced === undefined) {
    const Base = require(RUNNER) as Parameters<typeof endingRunner>[0]
    // It is loaded anew under its own name.
    delete require.cache[require.resolve(RUNNER)]
    replaced = endingRunner(Base)
  }
  replaceModule(require, RUNNER, replaced, 'how its consumers end')
}
