import { HOUR, MINUTE } from '../../base/time.ts'
import { honestHabits, type Habits } from '../play/habits.ts'
import { browser, type Actor, type Person } from '../person.ts'
import { RANGES } from '../places.ts'
import type { Random } from '../random.ts'
import { AT_DESK, onPhone } from '../play/traits.ts'
import { agentOf, clock, everyDay, preferences, range, usualDay, type Sitting, type Stage } from '../stage.ts'
import { study, type Way } from '../play/study.ts'

/** One kind of honest learner, and its share among the honest. */
export interface Slice {
  name: string
  describe: string
  weight: number
  /** How many share one address; absent: each has an address of their own. */
  together?: readonly [number, number]
  /** Only learners of classes that may study in the neighbouring province. */
  wideOnly?: boolean
  way(person: Person, stage: Stage): Way
}

const usual = (p: Person, s: Stage, low = 1, high = 3): Sitting[] => everyDay(p, s, low, high)
const plain = (p: Person, s: Stage): Way => ({ habits: honestHabits(p), sittings: usual(p, s) })
const like = (p: Person, s: Stage, change: Partial<Habits>): Way => {
  const way = plain(p, s)
  return { ...way, habits: { ...way.habits, ...change } }
}

/** The hard cases as well as the ordinary ones. The order is that of the report. */
export const slices: readonly Slice[] = [
  { name: 'ordinary', describe: 'Studies at home on a PC.', weight: 24, way: plain },
  {
    name: 'passive', describe: 'Gives no input for 20 to 40 minutes, but answers the face checks.', weight: 7,
    way: (p, s) => like(p, s, passive(p.random)),
  },
  { name: 'mobile', describe: 'Studies on a phone whose address changes within the province.', weight: 9, way: mobile },
  { name: 'night', describe: 'Studies across midnight.', weight: 6, way: night },
  { name: 'slow', describe: 'An older learner: long pauses, many steps back, slow answers.', weight: 6, way: slow },
  {
    name: 'quick', describe: 'Answers the quizzes fast.', weight: 5,
    way: (p, s) => like(p, s, { answer: quickAnswer(p.random), right: 0.95 }),
  },
  {
    name: 're-watcher', describe: 'Goes far back, and looks into completed chapters again.', weight: 5,
    way: (p, s) => ({ ...like(p, s, { backSeeks: p.random.uniform(...p.random.limits(0.2, 0.4)), backSeekLength: (r) => r.uniform(30, 240) }), rewatch: 0.5 }),
  },
  {
    name: 'switcher', describe: 'Closes a chapter, opens one of another course, and comes back.', weight: 5,
    way: (p, s) => ({ ...like(p, s, { quietLeave: 0.5 }), switchAfter: [5, 15] }),
  },
  { name: 'dropped', describe: 'Loses the connection and logs in anew on the same device.', weight: 5, way: (p, s) => like(p, s, { drops: p.random.vary(0.04) }) },
  { name: 'closed', describe: 'Closes the browser without an event.', weight: 3, way: (p, s) => like(p, s, { quietLeave: 1 }) },
  { name: 'resumed', describe: 'Stops in the middle of a chapter and goes on later, on the next day or in the evening.', weight: 4, way: resumed },
  { name: 'phone-and-pc', describe: 'A phone in the morning and a PC at night.', weight: 5, way: phoneAndPc },
  { name: 'family', describe: 'Two to four learners behind one home address.', weight: 4, together: [2, 4], way: plain },
  { name: 'office', describe: 'Colleagues behind one address that no catalogue names, public or private.', weight: 4, together: [5, 30], way: office },
  { name: 'campus', describe: 'Many learners behind an address of a network that the catalogue names.', weight: 4, together: [20, 300], way: office },
  { name: 'carrier', describe: 'Hundreds behind one carrier address.', weight: 4, together: [100, 400], way: plain },
  { name: 'traveller', describe: 'Takes a train to a city of the next province, where the class may study too.', weight: 3, wideOnly: true, way: traveller },
]

/** An honest learner of a slice. */
export function honest(person: Person, slice: Slice, stage: Stage): Actor {
  return study(person, slice.way(person, stage))
}

function passive(r: Random): Partial<Habits> {
  const idle = r.limits(20, 40)
  return { pauses: r.about(0.01), backSeeks: 0, inputs: r.about(1), idle: (r) => r.uniform(...idle) * 60, hidden: r.about(0.03) }
}

function quickAnswer(r: Random): (r: Random) => number {
  const [median, sigma] = [r.vary(4), r.about(0.6)]
  return (r) => r.lognormal(median, sigma)
}

/** A phone holds back what it cannot send, and its address is the carrier's. */
function phoneHabits(base: Habits, p: Person, stage: Stage): Habits {
  const r = p.random
  return { ...onPhone(base, p.platform.variant), roam: { every: r.about(12) * MINUTE, address: (r) => r.pick(stage.carrier) } }
}

function mobile(p: Person, s: Stage): Way {
  const r = p.random
  const agent = browser(r, 'phone')
  const likes = preferences(r)
  const sittings = range(s.days).flatMap((day) => usualDay(r, s, day, r.uniform(1, 2.5), likes, () => p.link(agent, r.pick(s.carrier))))
  return { habits: phoneHabits(honestHabits(p), p, s), sittings }
}

function night(p: Person, s: Stage): Way {
  const r = p.random
  const agent = agentOf(p)
  const sittings = range(s.days).map((day) => {
    const from = clock(s, day, r.uniform(21.5, 23.5))
    return { from, until: from + r.uniform(1.5, 3) * HOUR, link: p.link(agent) }
  })
  return { habits: honestHabits(p), sittings }
}

function slow(p: Person, s: Stage): Way {
  const r = p.random
  const pause = r.vary(40)
  const answer = r.vary(35)
  const sigma = { pause: r.about(1), answer: r.about(0.6), next: r.about(0.7), face: r.about(0.4) }
  const [next, face] = [r.about(45), r.about(20)]
  return like(p, s, {
    pauses: r.uniform(0.2, 0.4), pauseLength: (r) => Math.min(25 * 60, r.lognormal(pause, sigma.pause)), backSeeks: r.uniform(0.15, 0.3),
    answer: (r) => r.lognormal(answer, sigma.answer), right: r.uniform(0.5, 0.8), inputs: r.about(1), nextLesson: (r) => r.lognormal(next, sigma.next),
    face: { answer: (r) => Math.min(52, r.lognormal(face, sigma.face)), photo: (q, r) => q.face.shot(r), flubs: 0.1 },
  })
}

function resumed(p: Person, s: Stage): Way {
  const r = p.random
  const agent = agentOf(p)
  const sittings = range(s.days).flatMap((day) => [8, 19].map((hour) => {
    const from = clock(s, day, hour + r.uniform(0, 1.5))
    return { from, until: from + r.uniform(25, 70) * MINUTE, link: p.link(agent) }
  }))
  return { habits: honestHabits(p), sittings }
}

function phoneAndPc(p: Person, s: Stage): Way {
  const r = p.random
  const phone = { agent: browser(r, 'phone'), device: r.hex(16) }
  const pc = browser(r, 'pc')
  const habits = { ...honestHabits(p), ...AT_DESK }
  const onPhone = phoneHabits(habits, p, s)
  const sittings = range(s.days).flatMap((day) => {
    const morning = clock(s, day, r.uniform(7, 8.5))
    const evening = clock(s, day, r.uniform(19.5, 21))
    return [
      { from: morning, until: morning + r.uniform(20, 70) * MINUTE, link: p.link(phone.agent, r.pick(s.carrier), phone.device) },
      { from: evening, until: evening + r.uniform(50, 110) * MINUTE, link: p.link(pc) },
    ]
  })
  return { habits, sittings, habitsOf: (sitting) => (sitting.link.device === phone.device ? onPhone : habits) }
}

function office(p: Person, s: Stage): Way {
  const r = p.random
  const agent = browser(r, 'pc')
  const sittings = range(s.days).flatMap((day) => [9, 14].map((hour) => {
    const from = clock(s, day, hour + r.uniform(0, 1))
    return { from, until: from + r.uniform(30, 90) * MINUTE, link: p.link(agent) }
  }))
  return { habits: { ...honestHabits(p), ...AT_DESK }, sittings }
}

/** A morning at home, a day's train ride, and from then on in the other city. */
function traveller(p: Person, s: Stage): Way {
  const r = p.random
  const agent = agentOf(p)
  const away = s.addresses.own(RANGES.neighbour)
  const sittings = range(s.days).flatMap((day) => {
    const morning = clock(s, day, r.uniform(7, 8.5))
    const evening = clock(s, day, r.uniform(18.5, 20))
    return [
      { from: morning, until: morning + r.uniform(40, 90) * MINUTE, link: p.link(agent, day === 0 ? p.ip : away) },
      { from: evening, until: evening + r.uniform(40, 90) * MINUTE, link: p.link(agent, away) },
    ]
  })
  return { habits: { ...honestHabits(p), roam: undefined }, sittings }
}
