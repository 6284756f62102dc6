import type { Migration } from '../../../store/index.ts'

/** Times are the clock's, in ms. JSON is text. */
export const MIGRATIONS: readonly Migration[] = Object.freeze([
  `
  CREATE TABLE swarm (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

  CREATE TABLE plan (
    swarm TEXT NOT NULL, version INTEGER NOT NULL, event TEXT NOT NULL,
    PRIMARY KEY (swarm, version)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE work (
    id INTEGER PRIMARY KEY, swarm TEXT NOT NULL, step TEXT NOT NULL, queue TEXT NOT NULL, payload TEXT NOT NULL,
    rank INTEGER NOT NULL, free_at REAL NOT NULL, attempt INTEGER NOT NULL DEFAULT 0, worker TEXT,
    process TEXT, interrupted INTEGER NOT NULL DEFAULT 0,
    UNIQUE (swarm, step)
  ) STRICT;
  CREATE INDEX work_by_rank ON work (queue, rank);


  -- Who has the store open: the leases of a process that was killed are free at the next start.
  CREATE TABLE process (id TEXT PRIMARY KEY, pid INTEGER NOT NULL, started TEXT NOT NULL) STRICT;

  CREATE TABLE result (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, swarm TEXT NOT NULL, step TEXT NOT NULL, result TEXT NOT NULL,
    UNIQUE (swarm, step)
  ) STRICT;
  CREATE INDEX result_by_swarm ON result (swarm, seq);

  -- A deleted entry keeps its key without a value for a while, so that watchers see it go.
  CREATE TABLE kv (
    key TEXT PRIMARY KEY, value TEXT, revision INTEGER NOT NULL, expires_at REAL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX kv_by_revision ON kv (revision);
  CREATE INDEX kv_by_end ON kv (expires_at);

  CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, body TEXT NOT NULL, answer_to TEXT,
    at REAL NOT NULL
  ) STRICT;

  CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO counter VALUES ('work', 0), ('kv', 0);
  `,
])
