import { writeFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'

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

/**
 * The last line, in plain words: `612 passed, 0 failed, 3 skipped`, and before it what failed and why, so that the
 * end of a log says it all. Both go to a file too where .ci/run asks.
 */
const plainTotal: Reporter = {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]) {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 }
    const failures: string[] = []
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const result = test.result()
        counts[result.state] += 1
        if (result.state === 'failed')
          failures.push(`FAILED ${module.relativeModuleId}: ${test.fullName}: ${reason(result.errors)}`)
      }
      // A file that could not be loaded and hooks that failed are failures without a test.
      for (const suite of [module, ...module.children.allSuites()]) {
        const broken = suite.errors()
        if (broken.length > 0) failures.push(`FAILED ${module.relativeModuleId}: ${reason(broken)}`)
      }
    }
    for (const error of errors) failures.push(`FAILED outside of every test: ${reason([error])}`)
    const { passed, skipped, pending } = counts
    const unfinished = pending > 0 ? `, ${pending} not run` : ''
    const total = `${passed} passed, ${failures.length} failed, ${skipped} skipped${unfinished}`
    const text = [...failures, total].join('\n')
    console.log(text)
    if (process.env.MESHSWARM_TEST_TOTAL) writeFileSync(process.env.MESHSWARM_TEST_TOTAL, text)
  },
}

function reason(errors: readonly { readonly message?: string }[]): string {
  return errors.map(({ message = 'no message' }) => message.split('\n')[0]).join('; ')
}

/**
 * Tests that own the machine (real daemons in network namespaces, killed processes): one file at a time, after the
 * others. Daemons keep real time, and beside a busy processor they are late.
 */
const exclusive = [
  'test/lab/**/*.test.ts',
  'test/crash/**/*.test.ts',
  'test/mesh/babel/{driver,compliance,commit-confirm,gate,prober}.test.ts',
]

export default defineConfig({
  test: {
    reporters: [skipReasons, 'default', plainTotal],
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: exclusive,
          // They take seconds at most. A busy machine may be ten times slower: only what hangs is to fail.
          testTimeout: 60_000,
          hookTimeout: 60_000,
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
