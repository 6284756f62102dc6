import type { Migration } from '../../store/index.ts'

export const MIGRATIONS: readonly Migration[] = Object.freeze([
  `
  -- The leaves. The text of an old one may be gone; its hash stays, and with it every proof.
  CREATE TABLE entry (seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, text TEXT) STRICT;

  -- What was signed after entry last; edge is the tree's right edge there.
  CREATE TABLE checkpoint (last INTEGER PRIMARY KEY, note TEXT NOT NULL, edge BLOB NOT NULL) STRICT;
  `,
])
