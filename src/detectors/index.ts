import type { AnyDetector } from '../engine/detector.ts'
import { absence } from './absence.ts'
import { brushingModel } from './brushing-model.ts'
import { brushingRhythm } from './brushing-rhythm.ts'
import { chapterSkip } from './chapter-skip.ts'
import { classDates } from './class-dates.ts'
import { classHours } from './class-hours.ts'
import { faceCheck } from './face-check.ts'
import { foreignIp } from './foreign-ip.ts'
import { hangUp } from './hang-up.ts'
import { impossibleTravel } from './impossible-travel.ts'
import { lateTelemetry } from './late-telemetry.ts'
import { lockstep } from './lockstep.ts'
import { match } from './match.ts'
import { missingSubject } from './missing-subject.ts'
import { oneDevice } from './one-device.ts'
import { overCredit } from './over-credit.ts'
import { parallelChapters } from './parallel-chapters.ts'
import { practiceFirst } from './practice-first.ts'
import { seekAhead } from './seek-ahead.ts'
import { sequence } from './sequence.ts'
import { sharedAccount } from './shared-account.ts'
import { sharedDevice } from './shared-device.ts'
import { sharedIp } from './shared-ip.ts'
import { sharedPhoto } from './shared-photo.ts'
import { threshold } from './threshold.ts'
import { twoAccounts } from './two-accounts.ts'
import { twoPlatforms } from './two-platforms.ts'
import { unapprovedClass } from './unapproved-class.ts'
import { unconnectedClass } from './unconnected-class.ts'
import { unplannedChapter } from './unplanned-chapter.ts'
import { unregisteredClass } from './unregistered-class.ts'

/** Every detector there is: the one list, in order of name. */
export const detectors: readonly AnyDetector[] = [
  absence,
  brushingModel,
  brushingRhythm,
  chapterSkip,
  classDates,
  classHours,
  faceCheck,
  foreignIp,
  hangUp,
  impossibleTravel,
  lateTelemetry,
  lockstep,
  match,
  missingSubject,
  oneDevice,
  overCredit,
  parallelChapters,
  practiceFirst,
  seekAhead,
  sequence,
  sharedAccount,
  sharedDevice,
  sharedIp,
  sharedPhoto,
  threshold,
  twoAccounts,
  twoPlatforms,
  unapprovedClass,
  unconnectedClass,
  unplannedChapter,
  unregisteredClass,
]
