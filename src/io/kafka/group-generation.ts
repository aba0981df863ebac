import { extendModule } from './replace.ts'

const GROUP = 'kafkajs/src/consumer/consumerGroup'
const JOINED = 'consumer.group_join'

interface Emitter {
  emit(event: string, payload: object): void
}

/** kafkajs's class of a membership in a group, as far as it is done otherwise here. */
interface Membership {
  generationId: number | null
}
type GroupClass = new (options: { instrumentationEmitter: Emitter }) => Membership

/** The event that tells what a member has been given, with the group's generation; kafkajs leaves it out. */
export interface Joined {
  generationId: number
}

/** Lets kafkajs tell a group's generation with each join. Must come before kafkajs, and after the modules that are replaced for good. */
export function replaceJoining(require: NodeJS.Require): void {
  extendModule(require, GROUP, (Shipped: GroupClass) => class extends Shipped {
    constructor(options: { instrumentationEmitter: Emitter }) {
      const { instrumentationEmitter: emitter } = options
      super({ ...options, instrumentationEmitter: { emit: (event, payload) => emitter.emit(event, event === JOINED ? { ...payload, generationId: this.generationId } : payload) } })
    }
  }, 'its way to tell of a join')
}
