import {
  type Answer,
  type Call,
  isFailure,
  type Packed,
  type Request,
  type ThreadFailure,
} from './protocol.ts'
import type { Row, SqlValue, Written } from './sql.ts'

const [WRITE, READ, COPY, SHRINK] = [0, 1, 2, 3]
const [FAILURE, ROWS, WRITTEN] = [0, 1, 2]
const UNCHECKED = -1
const NO_ROWS: readonly Row[] = []

export function packRequests(requests: readonly Request[]): Packed {
  const packer = new Packer()
  for (const request of requests) {
    if (request.kind === 'write') {
      packer.shape.push(WRITE, request.calls.length)
      for (const call of request.calls) packer.call(call)
    } else if (request.kind === 'read') {
      packer.shape.push(READ)
      packer.call(request.call)
    } else if (request.kind === 'copy') {
      packer.shape.push(COPY)
      packer.texts.push(request.file)
    } else packer.shape.push(SHRINK, request.pages)
  }
  return packer
}

export function unpackRequests(packed: Packed): readonly Request[] {
  const unpacker = new Unpacker(packed)
  const requests: Request[] = []
  while (unpacker.more) {
    const kind = unpacker.number()
    if (kind === WRITE) requests.push({ kind: 'write', calls: unpacker.list(() => unpacker.call()) })
    else if (kind === READ) requests.push({ kind: 'read', call: unpacker.call() })
    else if (kind === COPY) requests.push({ kind: 'copy', file: unpacker.text() })
    else requests.push({ kind: 'shrink', pages: unpacker.number() })
  }
  return requests
}

export function packAnswers(answers: readonly Answer[]): Packed {
  const packer = new Packer()
  for (const answer of answers) {
    if (isFailure(answer)) {
      packer.shape.push(FAILURE)
      packer.failures.push(answer)
    } else if (isWritten(answer)) {
      packer.shape.push(WRITTEN, answer.length)
      for (const { changes, rows } of answer) {
        packer.shape.push(changes)
        packer.rows(rows)
      }
    } else {
      packer.shape.push(ROWS)
      packer.rows(answer)
    }
  }
  return packer
}

export function unpackAnswers(packed: Packed): readonly Answer[] {
  const unpacker = new Unpacker(packed)
  const answers: Answer[] = []
  while (unpacker.more) {
    const kind = unpacker.number()
    if (kind === FAILURE) answers.push(unpacker.failure())
    else if (kind === ROWS) answers.push(unpacker.rows())
    else answers.push(unpacker.list(() => ({ changes: unpacker.number(), rows: unpacker.rows() })))
  }
  return answers
}

class Packer implements Packed {
  readonly shape: number[] = []
  readonly values: SqlValue[] = []
  readonly texts: string[] = []
  readonly failures: ThreadFailure[] = []

  call({ statement, params, changes = UNCHECKED }: Call): void {
    this.shape.push(statement, changes, params.length)
    for (const value of params) this.values.push(value)
  }

  /** All of one statement: they have the same columns. */
  rows(rows: readonly Row[]): void {
    this.shape.push(rows.length)
    const [first] = rows
    if (!first) return
    const columns = Object.keys(first)
    this.shape.push(columns.length)
    for (const column of columns) this.texts.push(column)
    for (const row of rows) for (const column of columns) this.values.push(row[column] ?? null)
  }
}

class Unpacker {
  readonly #packed: Packed
  #shape = 0
  #value = 0
  #text = 0
  #failure = 0

  constructor(packed: Packed) {
    this.#packed = packed
  }

  get more(): boolean {
    return this.#shape < this.#packed.shape.length
  }

  number(): number {
    return this.#packed.shape[this.#shape++] ?? 0
  }

  text(): string {
    return this.#packed.texts[this.#text++] ?? ''
  }

  failure(): ThreadFailure {
    return this.#packed.failures[this.#failure++] ?? { code: 'INVARIANT', message: 'no failure' }
  }

  list<T>(one: () => T): readonly T[] {
    return Array.from({ length: this.number() }, one)
  }

  call(): Call {
    const [statement, changes, count] = [this.number(), this.number(), this.number()]
    const params = this.#packed.values.slice(this.#value, this.#value + count)
    this.#value += count
    return { statement, params, changes: changes === UNCHECKED ? undefined : changes }
  }

  rows(): readonly Row[] {
    const count = this.number()
    if (count === 0) return NO_ROWS
    const columns = this.list(() => this.text())
    const rows: Row[] = []
    for (let index = 0; index < count; index++) {
      const row: Record<string, SqlValue> = {}
      for (const column of columns) row[column] = this.#packed.values[this.#value++] ?? null
      rows.push(row)
    }
    return rows
  }
}

function isWritten(answer: readonly Written[] | readonly Row[]): answer is readonly Written[] {
  const [first] = answer
  return first !== undefined && Array.isArray(first.rows)
}
