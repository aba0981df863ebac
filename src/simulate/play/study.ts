import { MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Habits } from './habits.ts'
import type { Actor, Chapter, Person } from '../person.ts'
import { Player } from './player.ts'
import { view, type View } from './view.ts'
import { untilNext } from './traits.ts'
import type { Sitting } from '../stage.ts'

/** How somebody works through the courses with a real player. */
export interface Way {
  habits: Habits
  sittings: readonly Sitting[]
  /** Chance to look into a completed chapter again before the next one. */
  rewatch?: number
  /** After how many minutes the chapter is closed and one of another course opened. */
  switchAfter?: readonly [number, number]
  /** The courses to study, if not all of the class. */
  courses?: readonly Chapter[][]
  /** A second page of a login that somebody else makes and ends. */
  joins?: boolean
  /** Changes of habits with the device, by sitting. */
  habitsOf?: (sitting: Sitting) => Habits
}

/** How far somebody has come: each course in the order of its chapters. */
class Progress {
  private readonly courses: { chapters: Chapter[]; next: number; position: number }[]
  private current = 0

  constructor(courses: readonly Chapter[][]) {
    this.courses = courses.map((chapters) => ({ chapters, next: 0, position: 0 }))
  }

  /** The chapter to go on with, or undefined when all is done. */
  open(): View | undefined {
    for (let i = 0; i < this.courses.length; i++) {
      const course = this.courses[this.current] as (typeof this.courses)[number]
      const chapter = course.chapters[course.next]
      if (chapter) return view(chapter, course.position)
      this.current = (this.current + 1) % this.courses.length
    }
    return undefined
  }

  /** Keeps the place where the platform will resume: what it was last told. */
  keep(left: View, completed: boolean): void {
    const course = this.courses[this.current] as (typeof this.courses)[number]
    course.position = completed ? 0 : left.reported
    if (completed) course.next++
  }

  toOtherCourse(): void {
    this.current = (this.current + 1) % Math.min(2, this.courses.length)
  }

  completed(): Chapter[] {
    return this.courses.flatMap((c) => c.chapters.slice(0, c.next))
  }
}

/** Works through the courses, sitting by sitting. */
export function* study(person: Person, way: Way): Actor {
  const first = way.sittings[0]
  if (!first) return
  const progress = new Progress(way.courses ?? person.klass.courses)
  const player = new Player(person, way.habits, first.link, first.from)
  for (const sitting of way.sittings) {
    if (way.habitsOf) player.habits = way.habitsOf(sitting)
    player.now = Math.max(player.now + MINUTE, sitting.from)
    if (player.now >= sitting.until) continue
    if (way.joins) player.link = sitting.link
    else player.login(sitting.link)
    yield player.take()
    yield* sit(person, way, sitting, player, progress)
  }
}

function* sit(person: Person, way: Way, sitting: Sitting, player: Player, progress: Progress): Actor {
  const r = person.random
  while (player.now < sitting.until) {
    const seen = progress.completed()
    if (seen.length > 0 && way.rewatch !== undefined && r.chance(way.rewatch)) yield* lookAgain(person, player, r.pick(seen))
    const open = progress.open()
    if (!open) break
    const ending = player.watch(open, cut(way, sitting, player.now, r.uniform()))
    if (ending === 'stopped') player.leave(open)
    progress.keep(open, ending === 'completed')
    if (ending === 'completed' && (open.chapter.items === undefined ? r.chance(0.7) : open.chapter.items > 0)) {
      player.now += r.uniform(1, 4) * SECOND
      player.quiz(open, person.items(open.chapter))
    }
    yield player.take()
    if (ending === 'dropped') {
      player.now += r.uniform(20, 300) * SECOND
      player.login(person.link(player.link.agent, player.link.ip, player.link.device))
    } else if (player.now < sitting.until) {
      if (ending === 'stopped') progress.toOtherCourse()
      player.now += (ending === 'stopped' ? player.habits.nextLesson(r) : untilNext(player.habits, person.platform.variant, r)) * SECOND
    }
  }
  if (!way.joins && !r.chance(player.habits.quietLeave)) player.logout()
  yield player.take()
}

// Until when this chapter is watched: to its end, the sitting's end, or the next switch to another course.
function cut(way: Way, sitting: Sitting, now: Ms, u: number): Ms {
  if (!way.switchAfter) return sitting.until
  const [low, high] = way.switchAfter
  return Math.min(sitting.until, now + (low + (high - low) * u) * MINUTE)
}

function* lookAgain(person: Person, player: Player, chapter: Chapter): Actor {
  const r = person.random
  const again = view(chapter, Math.floor(r.uniform(0, chapter.length / 2)))
  const ending = player.watch(again, player.now + r.uniform(2, 10) * MINUTE)
  if (ending === 'stopped') player.leave(again)
  yield player.take()
  player.now += player.habits.nextLesson(r) * SECOND
}
