import { defineConfig } from 'vitest/config'
import type { Reporter, TestModule } from 'vitest/node'

/** Prints each reason to skip once, with the number of tests: what this machine cannot do, and why. */
const skipReasons: Reporter = {
  onTestRunEnd(modules: readonly TestModule[]) {
    const counts = new Map<string, number>()
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const result = test.result()
        const reason = (result.state === 'skipped' && result.note) || `no reason given: ${test.fullName}`
        counts.set(reason, (counts.get(reason) ?? 0) + 1)
      }
    }
    if (counts.size > 0) console.log('\n Skipped:')
    for (const [reason, count] of counts) console.log(`   ${count} test${count === 1 ? '' : 's'}: ${reason}`)
  },
}

/** Tests that own the machine (network namespaces, killed processes): one file at a time, after the others. */
const exclusive = ['test/lab/**/*.test.ts', 'test/crash/**/*.test.ts']

export default defineConfig({
  test: {
    reporters: [skipReasons, 'default'],
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: exclusive,
          testTimeout: 15_000,
          hookTimeout: 15_000,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'lab',
          include: exclusive,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
