import { SECOND, type Ms } from '../../base/time.ts'
import { honestHabits } from '../play/habits.ts'
import { browser, type Actor, type Chapter, type Person } from '../person.ts'
import { Player } from '../play/player.ts'
import { view } from '../play/view.ts'
import type { Random } from '../random.ts'
import { pending, stretches, type Adversary, type Stage } from '../stage.ts'

export const group: Adversary = {
  name: 'group',
  describe: 'Four to six learners in one room study in step, each on a device of their own.',
  size: [4, 6],
  act(members, stage) {
    const leader = members[0]
    if (!leader) return []
    const plan = agree(leader, stage)
    return members.map((person) => {
      person.ip = leader.ip
      return follow(person, plan)
    })
  },
}

/** Seconds that the slowest takes for an item of a quiz, mostly. */
const ITEM = 25

/** One lesson that all begin together, and the pauses that all make together. */
interface Together {
  at: Ms
  chapter: number
  stops: { position: number; seconds: number }[]
}

// Chapters of each stretch, one after the other, with room for everybody's face checks.
function agree(leader: Person, stage: Stage): Together[][] {
  const r = leader.random
  const chapters = pending(leader)
  let next = 0
  const [each, rest] = [r.about(400), r.about(25)]
  return stretches(r, stage, 1.5, 3).map(({ from, until }) => {
    const lessons: Together[] = []
    for (let at = from + 30 * SECOND; at < until && next < chapters.length; next++) {
      const { length, items = 0 } = chapters[next] as Chapter
      const stops = jointPauses(r, length, each)
      lessons.push({ at, chapter: next, stops })
      at += (length + stops.reduce((sum, s) => sum + s.seconds, 0) + (length / 600) * 15 + r.lognormal(rest, 0.5) + items * ITEM) * SECOND
    }
    return lessons
  })
}

function jointPauses(r: Random, length: number, each: number): Together['stops'] {
  const stops: Together['stops'] = []
  for (let p = r.exponential(each); p < length - 20; p += r.exponential(each)) stops.push({ position: p, seconds: Math.max(3, r.lognormal(20, 0.8)) })
  return stops
}

function* follow(person: Person, plan: readonly Together[][]): Actor {
  const r = person.random
  const lag = (): Ms => r.lognormal(r.vary(1), 0.5) * SECOND
  const habits = { ...honestHabits(person), roam: undefined, rate: 1, pauses: 0, backSeeks: 0, hidden: 0, quietLeave: 0 }
  const chapters = pending(person)
  const agent = browser(r, r.chance(0.5) ? 'pc' : 'phone')
  for (const lessons of plan) {
    const first = lessons[0]
    if (!first) continue
    const link = person.link(agent)
    const player = new Player(person, habits, link, first.at - r.uniform(10, 28) * SECOND)
    player.login(link)
    yield player.take()
    for (const { at, chapter, stops } of lessons) {
      player.now = Math.max(player.now + r.uniform(0.5, 2) * SECOND, at + lag())
      const open = view(chapters[chapter] as (typeof chapters)[number])
      open.stops = stops.map((s) => ({ position: s.position + Math.abs(r.normal(0, 0.5)), seconds: s.seconds + r.normal(0, 0.5) }))
      player.watch(open, Number.POSITIVE_INFINITY)
      // Where a chapter has a quiz of its own, everybody must pass it.
      if (open.chapter.items) player.quiz(open, open.chapter.items)
      yield player.take()
    }
    player.logout()
    yield player.take()
  }
}
