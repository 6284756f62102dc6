// The rule: what was acknowledged is there, all of it or none, and a file that cannot be used is never lost.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RealClock, VirtualClock } from '../../src/core/index.ts'
import { Database, type Migration } from '../../src/store/index.ts'

const clock = new RealClock()
const FIRST: Migration = 'CREATE TABLE entry (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT'
const SECOND: Migration = "ALTER TABLE entry ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'"

let directory = ''
let file = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-db-'))
  file = join(directory, 'swarm.db')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const open = (migrations: readonly Migration[] = [FIRST]) => Database.open({ clock }, { file, migrations })
const insert = (id: number, text: string) => ({
  sql: 'INSERT INTO entry (id, text) VALUES (?, ?)',
  params: [id, text],
})
const texts = async (database: Database) =>
  (await database.read('SELECT text FROM entry ORDER BY id')).map(({ text }) => text)

describe('a write', () => {
  test('is there for the next one who opens the file', async () => {
    const first = await open()
    await first.write([insert(1, 'one'), insert(2, 'two')])
    await first.close()
    await using second = await open()
    expect(await texts(second)).toEqual(['one', 'two'])
    expect(second.damage).toBeUndefined()
  })

  test('that violates a constraint is undone as a whole, and its neighbours in the same commit are not', async () => {
    await using database = await open()
    const before = database.write([insert(1, 'one')])
    const broken = database.write([insert(2, 'two'), insert(1, 'again')])
    const after = database.write([insert(3, 'three')])
    await expect(broken).rejects.toMatchObject({ code: 'CONFLICT' })
    await Promise.all([before, after])
    expect(await texts(database)).toEqual(['one', 'three'])
  })

  test('that does not change as many rows as it must is undone', async () => {
    await using database = await open()
    await database.write([insert(1, 'one')])
    const update = { sql: 'UPDATE entry SET text = ? WHERE id = ?', params: ['new', 7], changes: 1 }
    await expect(database.write([insert(2, 'two'), update])).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await texts(database)).toEqual(['one'])
  })

  test('that is durable tells how long it took; one that failed does not', async () => {
    const took: number[] = []
    const onWritten = (ms: number) => void took.push(ms)
    await using database = await Database.open({ clock }, { file, migrations: [FIRST], onWritten })
    await database.write([insert(1, 'one')])
    await expect(database.write([insert(1, 'again')])).rejects.toThrow()
    expect(took).toEqual([expect.toSatisfy((ms: number) => ms > 0)])
  })

  test('gives what RETURNING says', async () => {
    await using database = await open()
    const { sql, params } = insert(1, 'one')
    const [written] = await database.write([{ sql: `${sql} RETURNING id`, params }])
    expect(written).toEqual({ changes: 1, rows: [{ id: 1 }] })
  })

  test('that is no SQL is our defect', async () => {
    await using database = await open()
    await expect(database.write([{ sql: 'INSERT INTO nowhere VALUES (1)' }])).rejects.toMatchObject({
      code: 'INVARIANT',
    })
  })

  test('is seen by every read that is called after it', async () => {
    await using database = await open()
    const seen: Promise<unknown>[] = []
    for (let id = 1; id <= 50; id++) {
      void database.write([insert(id, String(id))])
      seen.push(texts(database))
    }
    for (const [index, read] of seen.entries()) expect(await read).toHaveLength(index + 1)
  })

  test('of another process that holds the lock too long rejects UNAVAILABLE, and works when it is gone', async () => {
    await using database = await Database.open({ clock }, { file, migrations: [FIRST], busyTimeoutMs: 20 })
    const other = new DatabaseSync(file)
    other.exec('BEGIN IMMEDIATE')
    await expect(database.write([insert(1, 'one')])).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    other.exec('ROLLBACK')
    other.close()
    await database.write([insert(1, 'one')])
    expect(await texts(database)).toEqual(['one'])
  })

  test('holds a virtual clock until it is durable', async () => {
    const virtual = new VirtualClock()
    const text = await virtual.runUntil(
      (async () => {
        await using database = await Database.open({ clock: virtual }, { file, migrations: [FIRST] })
        await database.write([insert(1, `at ${virtual.now()}`)])
        return (await texts(database))[0]
      })(),
    )
    expect(text).toBe(`at ${virtual.now()}`)
  })
})

describe('close', () => {
  test('waits for everything that was asked for, and refuses what comes later', async () => {
    const database = await open()
    const written = database.write([insert(1, 'one')])
    const closing = database.close()
    await expect(database.write([insert(2, 'two')])).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await written
    expect(database.close()).toBe(closing)
    await closing
    await using again = await open()
    expect(await texts(again)).toEqual(['one'])
  })
})

describe('a copy', () => {
  test('is a sound database of its own', async () => {
    await using database = await open()
    await database.write([insert(1, 'one')])
    const copy = join(directory, 'copy.db')
    await database.copyTo(copy)
    await database.write([insert(2, 'two')])
    await using other = await Database.open({ clock }, { file: copy, migrations: [FIRST] })
    expect(await texts(other)).toEqual(['one'])
  })

  test('never replaces a file', async () => {
    await using database = await open()
    const copy = join(directory, 'copy.db')
    writeFileSync(copy, 'mine')
    await expect(database.copyTo(copy)).rejects.toMatchObject({ code: expect.any(String) })
    expect(readFileSync(copy, 'utf8')).toBe('mine')
  })
})

describe('a migration', () => {
  test('keeps what is there', async () => {
    const old = await open([FIRST])
    await old.write([insert(1, 'one')])
    await old.close()
    await using database = await open([FIRST, SECOND])
    expect(await database.read('SELECT text, mood FROM entry')).toEqual([{ text: 'one', mood: 'calm' }])
  })

  test('that fails leaves the file as it was', async () => {
    await (await open([FIRST])).close()
    await expect(open([FIRST, 'CREATE TABLE half (id INTEGER); CREATE NONSENSE'])).rejects.toThrow(/syntax/)
    await using database = await open([FIRST])
    const tables = await database.read("SELECT name FROM sqlite_schema WHERE type = 'table'")
    expect(tables).toEqual([{ name: 'entry' }])
  })

  test('of a newer version is refused, and the file stays as it was', async () => {
    await (await open([FIRST, SECOND])).close()
    const before = readFileSync(file)
    await expect(open([FIRST])).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message: expect.stringContaining('newer meshswarm'),
    })
    expect(readFileSync(file).equals(before)).toBe(true)
  })
})

describe('a file that is there already', () => {
  test('is refused where it belongs to another program', async () => {
    const other = new DatabaseSync(file)
    other.exec('CREATE TABLE theirs (id INTEGER)')
    other.close()
    await expect(open()).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message: expect.stringContaining('another program'),
    })
    expect(readdirSync(directory)).toEqual(['swarm.db'])
  })

  test('is set aside where it is no database, said so, and not one byte is lost', async () => {
    writeFileSync(file, 'x'.repeat(10_000))
    await using database = await open()
    const { movedTo = '', why } = database.damage ?? {}
    expect(readFileSync(movedTo, 'utf8')).toBe('x'.repeat(10_000))
    expect(why).toMatch(/not a database/)
    await database.write([insert(1, 'one')])
  })

  test.each([1, 3, 5])('is set aside where page %i is damaged', async (page) => {
    const first = await open()
    await first.write(Array.from({ length: 200 }, (_, id) => insert(id, 'a text of some length '.repeat(20))))
    await first.close()
    const bytes = readFileSync(file)
    bytes.fill(0xee, page * 4096, (page + 1) * 4096)
    writeFileSync(file, bytes)
    await using database = await open()
    expect(readFileSync(database.damage?.movedTo ?? '').equals(bytes)).toBe(true)
    expect(await texts(database)).toEqual([])
  })

  test('is set aside beside an older one, never over it', async () => {
    const moved = []
    for (const text of ['first', 'second', 'third']) {
      writeFileSync(file, text.repeat(2000))
      const database = await open()
      moved.push(database.damage?.movedTo)
      await database.close()
    }
    expect(new Set(moved).size).toBe(3)
    for (const path of moved) expect(existsSync(path ?? '')).toBe(true)
  })

  test('is for its owner only, with its directory and what SQLite puts beside it', async () => {
    const own = join(directory, 'private')
    const database = await Database.open({ clock }, { file: join(own, 'swarm.db'), migrations: [FIRST] })
    expect(statSync(own).mode & 0o777).toBe(0o700)
    for (const name of readdirSync(own)) expect(statSync(join(own, name)).mode & 0o077).toBe(0)
    await database.close()
  })
})

test('two who have the same file open see what the other has written', async () => {
  await using one = await open()
  await using other = await open()
  await one.write([insert(1, 'one')])
  expect(await texts(other)).toEqual(['one'])
  await Promise.all([one.write([insert(2, 'two')]), other.write([insert(3, 'three')])])
  expect(await texts(one)).toEqual(['one', 'two', 'three'])
})
