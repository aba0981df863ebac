// Loaded before the command (`node --expose-gc --import collect.mjs`): on SIGUSR2 the process collects, and writes what it then holds to the file in BENCH_MEMORY.
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

async function collect() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc()
    await sleep(50)
  }
  writeFileSync(process.env.BENCH_MEMORY, JSON.stringify({ ...process.memoryUsage(), at: Date.now() }))
}

process.on('SIGUSR2', () => void collect())
