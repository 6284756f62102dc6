import { agentId, swarmId } from '../../../core/index.ts'
import type { Row, SqlValue } from '../../../store/index.ts'
import type { Address, DeadLetter, DeathReason, MailboxStatus, StoredLetter, TakenLetter } from '../mail.ts'

/** All that is kept of the letters of a swarm. */
export const MAIL_TABLES = ['letter', 'subscription', 'mailbox'] as const

/** Before anything is done with the letters of a swarm: nothing is polled, and what is over counts as over. */
export const EXPIRE = `
  UPDATE letter SET reason = 'expired', died_at = expires_at
  WHERE swarm = ? AND expires_at <= ? AND expires_at IS NOT NULL AND reason IS NULL AND NOT taken`
/** After that. */
export const TRIM = `
  DELETE FROM letter WHERE id IN (SELECT id FROM letter
    WHERE swarm = ? AND reason IS NOT NULL ORDER BY died_at DESC, id DESC LIMIT -1 OFFSET ?)`

const COUNT = (swarm: string, agent: string) =>
  `(SELECT count(*) FROM letter AS own WHERE own.swarm = ${swarm} AND own.agent = ${agent} AND own.reason IS NULL)`

export const SEND = `
  INSERT INTO letter (swarm, agent, sender, body, sent_at, expires_at)
  SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ${COUNT('?1', '?2')} < ?7 RETURNING id`
export const PUBLISH = `
  INSERT INTO letter (swarm, topic, sender, body, sent_at, expires_at, agent, reason, died_at)
  SELECT ?1, ?2, ?3, ?4, ?5, ?6, agent, iif(held < ?7, NULL, 'full'), iif(held < ?7, NULL, ?5)
  FROM (SELECT agent, ${COUNT('?1', 'subscription.agent')} AS held
    FROM subscription WHERE swarm = ?1 AND topic = ?2)
  RETURNING *`

export const SUBSCRIBE =
  'INSERT INTO subscription (swarm, agent, topic) VALUES (?, ?, ?) ON CONFLICT DO NOTHING'
/** Changes one row, unless there are too many by now. */
export const CHECK_TOPICS = `
  UPDATE subscription SET topic = topic WHERE swarm = ?1 AND agent = ?2 AND topic = ?3
    AND (SELECT count(*) FROM subscription WHERE swarm = ?1 AND agent = ?2) <= ?4`
export const UNSUBSCRIBE = 'DELETE FROM subscription WHERE swarm = ? AND agent = ? AND topic = ?'
export const UNSUBSCRIBE_ALL = 'DELETE FROM subscription WHERE swarm = ? AND agent = ?'

export const ENTER = `
  INSERT INTO mailbox (swarm, agent, reader) VALUES (?1, ?2, ?3)
  ON CONFLICT (swarm, agent) DO UPDATE SET reader = ?3`
/** Changes one row as long as it is this reader's. */
export const CHECK_READER = 'UPDATE mailbox SET reader = reader WHERE swarm = ? AND agent = ? AND reader = ?'
export const LEAVE = 'DELETE FROM mailbox WHERE swarm = ? AND agent = ?'
export const GIVE_UP = `
  UPDATE letter SET reason = 'unacknowledged', died_at = ?3
  WHERE swarm = ?1 AND agent = ?2 AND reason IS NULL AND taken AND deliveries >= ?4`
export const GIVE_BACK =
  'UPDATE letter SET taken = 0 WHERE swarm = ? AND agent = ? AND reason IS NULL AND taken'
/** No row once it is another reader's. */
export const NEWEST = `
  SELECT coalesce((SELECT max(id) FROM letter WHERE swarm = ?1 AND agent = ?2 AND reason IS NULL AND NOT taken), 0)
    AS newest FROM mailbox WHERE swarm = ?1 AND agent = ?2 AND reader = ?3`
export const TAKE = `
  UPDATE letter SET taken = 1, deliveries = deliveries + 1 WHERE id = (SELECT min(id) FROM letter
    WHERE swarm = ? AND agent = ? AND reason IS NULL AND NOT taken)
  RETURNING *`
export const ACKNOWLEDGE =
  'DELETE FROM letter WHERE swarm = ? AND id = ? AND deliveries = ? AND reason IS NULL'

export const BURY = `
  UPDATE letter SET reason = 'gone', died_at = ?3 WHERE swarm = ?1 AND agent = ?2 AND reason IS NULL`
export const DEAD = 'SELECT * FROM letter WHERE swarm = ? AND reason IS NOT NULL ORDER BY died_at, id'
export const REDELIVER = `
  INSERT INTO letter (swarm, agent, sender, topic, body, sent_at)
  SELECT swarm, agent, sender, topic, body, sent_at FROM letter AS dead
  WHERE swarm = ?1 AND id = ?2 AND reason IS NOT NULL AND ${COUNT('?1', 'dead.agent')} < ?3`
export const FIND_DEAD = 'SELECT agent FROM letter WHERE swarm = ? AND id = ? AND reason IS NOT NULL'
export const DROP = 'DELETE FROM letter WHERE swarm = ? AND id = ? AND reason IS NOT NULL'

export const MAILBOXES = `
  SELECT agent, sum(waiting) AS waiting, sum(taken) AS taken, min(sent_at) AS oldest,
    json_group_array(topic ORDER BY topic) FILTER (WHERE topic IS NOT NULL) AS topics
  FROM (
    SELECT agent, NOT taken AS waiting, taken, sent_at, NULL AS topic FROM letter WHERE swarm = ?1 AND reason IS NULL
    UNION ALL SELECT agent, 0, 0, NULL, topic FROM subscription WHERE swarm = ?1
  ) GROUP BY agent ORDER BY agent`

export function keyOf({ swarm, agent }: Address): SqlValue[] {
  return [swarm, agent]
}

export function letterOf(row: Row): StoredLetter {
  return {
    to: { swarm: swarmId(String(row.swarm)), agent: agentId(String(row.agent)) },
    id: Number(row.id),
    from: agentId(String(row.sender)),
    topic: row.topic === null ? undefined : String(row.topic),
    sentAt: Number(row.sent_at),
    body: JSON.parse(String(row.body)),
  }
}

export function takenLetterOf(row: Row): TakenLetter {
  return { ...letterOf(row), delivery: Number(row.deliveries) }
}

/** Only this package writes them: the reason is one of those that there are. */
export function deadLetterOf(row: Row): DeadLetter {
  return { ...letterOf(row), reason: String(row.reason) as DeathReason, diedAt: Number(row.died_at) }
}

export function mailboxOf({ agent, waiting, taken, oldest, topics }: Row): MailboxStatus {
  return {
    agent: agentId(String(agent)),
    waiting: Number(waiting),
    taken: Number(taken),
    oldestAt: typeof oldest === 'number' ? oldest : undefined,
    topics: JSON.parse(String(topics)),
  }
}
