import { z } from 'zod'

const labelled = z.object({
  platform: z.string(),
  learner: z.string(),
  kind: z.enum(['honest', 'cheater']),
  slice: z.string().optional().describe('Which kind of honest learner.'),
  archetype: z.string().optional().describe('Which kind of cheater.'),
  traits: z.array(z.string()).optional().describe('What is out of the ordinary with them, in varied worlds: honest habits that look like a program\'s.'),
  class: z.string(),
  institution: z.string(),
  from: z.string().optional().describe('Time of the first event; absent if there was none.'),
  watched: z.record(z.string(), z.array(z.tuple([z.number(), z.number()]))).optional().describe(
    'By chapter, the media seconds that the player played until the last thing that it sent, as intervals [from, to]; absent where it was not asked for, and where a program sent what it liked.',
  ),
  group: z.int().optional().describe('Index into `groups`, if the cheater did not act alone.'),
})

/** What the simulator knows and a detector must find out: the contract between `simulate` and `score`. */
export const truthSchema = z.object({
  format: z.literal(1),
  seed: z.int(),
  start: z.string(),
  days: z.int(),
  learners: z.array(labelled),
  groups: z.array(
    z.object({
      archetype: z.string(),
      platform: z.string(),
      class: z.string(),
      ip: z.string().optional().describe('The address they share.'),
      teacher: z.string().optional().describe('The teacher who runs the accounts.'),
      learners: z.array(z.string()),
    }),
  ),
  archetypes: z.record(z.string(), z.string()).describe('What each archetype does, in one sentence.'),
  counts: z.object({
    learners: z.int(),
    honest: z.int(),
    cheaters: z.int(),
    events: z.int(),
    byLabel: z.record(z.string(), z.int()),
  }),
})
export type Truth = z.infer<typeof truthSchema>
export type Labelled = Truth['learners'][number]
export type Group = Truth['groups'][number]
