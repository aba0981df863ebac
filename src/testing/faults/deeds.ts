import { setTimeout as sleep } from 'node:timers/promises'
import type { Kafka } from '../../../services/kafka.mjs'
import type { Redis } from '../../../services/redis.mjs'
import { SECOND, type Ms } from '../../base/time.ts'
import type { Realm } from '../realm.ts'
import { RULES } from '../root.ts'
import type { Deed } from './plan.ts'
import type { Processes } from './processes.ts'
import type { Recoveries } from './recovery.ts'
import { say } from './say.ts'

/** Beyond the session of 6 s. */
const HALT: Ms = 7 * SECOND
const MOMENT: Ms = 4 * SECOND

/** Does what the plan says. */
export class Doer {
  private readonly realm: Realm
  private readonly kafka: Kafka
  private readonly redis: Redis
  private readonly processes: Processes
  private readonly recoveries: Recoveries
  private published = 0

  constructor(of: { realm: Realm; kafka: Kafka; redis: Redis; processes: Processes; recoveries: Recoveries }) {
    this.realm = of.realm
    this.kafka = of.kafka
    this.redis = of.redis
    this.processes = of.processes
    this.recoveries = of.recoveries
  }

  async do({ kind, which, long }: Deed): Promise<void> {
    const { processes } = this
    switch (kind) {
      case 'kill':
        return this.kill(processes.nameOf(which))
      case 'kill-time':
        return this.kill(processes.keeper ?? processes.nameOf(which))
      case 'zombie': {
        const name = processes.nameOf(which)
        const ms = HALT + long * 5 * SECOND
        say(`SIGSTOP of ${name} for ${(ms / SECOND).toFixed(1)} s, then SIGCONT`)
        return processes.halt(name, ms)
      }
      case 'join': {
        say('a process joins')
        await processes.start()
        await sleep((2 + 3 * long) * SECOND)
        const leaving = processes.oldest
        say(`SIGTERM of ${leaving}`)
        return processes.leave(leaving)
      }
      case 'broker':
        return this.restartBroker(which < 0.4, long * 5 * SECOND)
      case 'redis':
        return this.emptyRedis(which, (0.5 + 4 * long) * SECOND)
      case 'publish':
        return this.publish()
      case 'publish-kill':
        await this.publish()
        await sleep(long * SECOND)
        return this.kill(processes.nameOf(which), 0)
      case 'intake-stop':
        say('the intake stops: every process is replaced by one without it')
        return processes.withIntake(false)
      case 'intake-start':
        say('the intake goes on: every process is replaced by one with it')
        return processes.withIntake(true)
    }
  }

  /** Waits up to `within` for the moment at which most is to be made good: what was said since the last snapshot. */
  private async kill(name: string, within: Ms = MOMENT): Promise<void> {
    const { processes } = this
    const tasks = processes.tasksOf(name)
    await this.recoveries.hasMore(tasks, within)
    say(`SIGKILL of ${name}${name === processes.keeper ? ', which keeps the time,' : ''} with ${tasks.length === 0 ? 'no tasks' : tasks.join(' ')}; another comes`)
    await processes.kill(name)
    await this.recoveries.note(name, tasks)
    await processes.start()
  }

  private async restartBroker(isKilled: boolean, ms: Ms): Promise<void> {
    say(`Kafka is ${isKilled ? 'killed' : 'stopped'}, and started ${(ms / SECOND).toFixed(1)} s later`)
    await this.kafka.kill(isKilled ? 'SIGKILL' : 'SIGTERM')
    await sleep(ms)
    await this.kafka.restart()
    say('Kafka serves again')
  }

  private async emptyRedis(which: number, ms: Ms): Promise<void> {
    const isKill = which < 0.5
    say(`Redis is killed, and started empty ${(ms / SECOND).toFixed(1)} s later${isKill ? '; then a process is killed' : ''}`)
    await this.redis.kill()
    await sleep(ms)
    await this.redis.restart()
    this.recoveries.emptied()
    if (isKill) await this.kill(this.processes.nameOf(which * 2), 0)
  }

  private async publish(): Promise<void> {
    const { code, out, err } = await this.realm.shell(`rules publish --rules ${RULES} --rules own-${++this.published}`).ended
    if (code !== 0) throw new Error(`\`invigil rules publish\` failed (${code}): ${out}${err}`)
    say(`rules published: ${out.trim().split('\n').join('; ')}`)
  }
}
