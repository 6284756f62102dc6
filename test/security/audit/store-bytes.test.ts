// The rule: a byte of the store that is changed is found, unless nothing of the log was in it.
import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hasCode } from '../../../src/core/index.ts'
import { readStore } from '../../../src/security/index.ts'
import { fill, inDirectory, verifyStore } from './log-fixture.ts'

const place = inDirectory()

test('any byte of the file', async () => {
  await fill(place.file, 40, 4)
  const sound = readFileSync(place.file)
  const records = [...readStore(place.file)]
  const { checkpoint } = await verifyStore(place.file)
  let found = 0
  const property = fc.asyncProperty(
    fc.nat({ max: sound.length - 1 }),
    fc.integer({ min: 1, max: 255 }),
    async (at, xor) => {
      const flipped = Buffer.from(sound)
      flipped[at] = (flipped[at] ?? 0) ^ xor
      writeFileSync(place.file, flipped)
      try {
        const { findings } = await verifyStore(place.file, checkpoint)
        if (findings.length > 0) found++
        else expect([...readStore(place.file)]).toEqual(records)
      } catch (error) {
        // SQLite may call it something else than damage; it has not called it sound.
        expect(hasCode(error, 'UNAVAILABLE')).toBe(true)
        found++
      }
    },
  )
  await fc.assert(property, { numRuns: 500 })
  expect(found).toBeGreaterThan(50)
})
