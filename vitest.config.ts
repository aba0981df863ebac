import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts'], globalSetup: 'src/testing/services-setup.ts', testTimeout: 60_000, hookTimeout: 60_000,
    // Half of the tests wait for brokers and processes, while the others compute.
    maxWorkers: 2,
  },
})
