import * as fc from 'fast-check'

/** Without a number of runs asked for the same values are tried each time: a suite that fails now and then teaches nobody. `INVIGIL_FUZZ=20000` tries others, and more. */
fc.configureGlobal(process.env.INVIGIL_FUZZ === undefined ? { seed: 20260302 } : {})

export * from 'fast-check'
export { fc }
