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
  `
  -- Who reads a mailbox now.
  CREATE TABLE mailbox (
    swarm TEXT NOT NULL, agent TEXT NOT NULL, reader TEXT NOT NULL, PRIMARY KEY (swarm, agent)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE subscription (
    swarm TEXT NOT NULL, topic TEXT NOT NULL, agent TEXT NOT NULL, PRIMARY KEY (swarm, topic, agent)
  ) STRICT, WITHOUT ROWID;

  -- One with a reason is dead.
  CREATE TABLE letter (
    id INTEGER PRIMARY KEY AUTOINCREMENT, swarm TEXT NOT NULL, agent TEXT NOT NULL, sender TEXT NOT NULL,
    topic TEXT, body TEXT NOT NULL, sent_at REAL NOT NULL, expires_at REAL,
    taken INTEGER NOT NULL DEFAULT 0, deliveries INTEGER NOT NULL DEFAULT 0, reason TEXT, died_at REAL
  ) STRICT;
  CREATE INDEX letter_by_mailbox ON letter (swarm, agent, id) WHERE reason IS NULL;
  CREATE INDEX letter_by_end ON letter (swarm, expires_at) WHERE reason IS NULL AND expires_at IS NOT NULL;
  CREATE INDEX letter_by_death ON letter (swarm, died_at, id) WHERE reason IS NOT NULL;
  `,
])
