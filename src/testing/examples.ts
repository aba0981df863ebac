import type { AnyDetector } from '../engine/detector.ts'
import { loadRules, type Bundle } from '../rules/load.ts'

/** The rules in the detectors' documentation. */
export function exampleBundle(detectors: readonly AnyDetector[]): Bundle {
  const files = detectors.flatMap(({ name, example }) => (example === undefined ? [] : [{ path: `${name}.yaml`, text: example }]))
  return loadRules([{ dir: 'examples', files }], { detectors })
}
