import { type Database, isAlive, type Statement, thisProcess } from '../../../store/index.ts'

/** Enters this process, and frees what the ones that have died since had leased: no need to wait for the leases. */
export async function enterProcess(database: Database, id: string): Promise<void> {
  const { pid, started } = thisProcess()
  const rows = await database.read('SELECT id, pid, started FROM process')
  const dead = rows.filter((row) => !isAlive({ pid: Number(row.pid), started: String(row.started) }))
  await database.write([
    { sql: 'INSERT INTO process (id, pid, started) VALUES (?, ?, ?)', params: [id, pid, started] },
    ...dead.flatMap((row) => leave(String(row.id))),
  ])
}

export async function leaveProcess(database: Database, id: string): Promise<void> {
  await database.write(leave(id))
}

/** `worker` stays: the next one has to know that somebody had begun. */
function leave(id: string): Statement[] {
  return [
    { sql: 'UPDATE work SET free_at = 0, process = NULL WHERE process = ?', params: [id] },
    { sql: 'DELETE FROM process WHERE id = ?', params: [id] },
  ]
}
