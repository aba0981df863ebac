import { Module } from 'node:module'
import { invariant } from '../../base/errors.ts'

/**
 * Puts `exports` in the place of a module of kafkajs, for everything that `require` loads from now on. Must come before kafkajs; `what` says
 * what could not be replaced where it does not.
 */
export function replaceModule(require: NodeJS.Require, name: string, exports: unknown, what: string): void {
  const path = require.resolve(name)
  const loaded = require.cache[path]
  if (loaded?.exports === exports) return
  invariant(loaded === undefined, `kafkajs was loaded before ${what} could be replaced`)
  const module = new Module(path)
  module.filename = path
  module.exports = exports
  module.loaded = true
  require.cache[path] = module
}

/** As `replaceModule`, with exports that are made of those that kafkajs has. What the module itself needs must have been replaced before. */
export function extendModule<T>(require: NodeJS.Require, name: string, extend: (shipped: T) => T, what: string): void {
  const path = require.resolve(name)
  invariant(!(path in require.cache), `kafkajs was loaded before ${what} could be replaced`)
  const shipped = require(name) as T
  const module = require.cache[path] as NodeJS.Module
  module.exports = extend(shipped)
}
