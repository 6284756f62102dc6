/** What writes texts that are not ours: a language model, a file, a picture that was read, an agent, a daemon. */
export const EVIDENCE_CHANNELS = ['model', 'document', 'screenshot', 'agent', 'mesh'] as const

export type EvidenceChannel = (typeof EVIDENCE_CHANNELS)[number]

export interface EvidenceOptions {
  readonly channel: EvidenceChannel
  /** Which model, file, agent or node. */
  readonly source: string
  readonly text: string
  /** Clock time in ms. */
  readonly at: number
  /** What its author had before it when it was written. */
  readonly basedOn?: readonly Evidence[]
}

/** Nobody sees them, they look like a blank, or they change what others look like. */
const HIDDEN = /(?! )[\p{Zs}\u2800\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/**
 * A text from outside. It shows what somebody wrote and orders nothing. The text is in no property and in no JSON, and
 * a template shows none of it: a person or a model gets it `quoted`, and what it proposes goes through `propose` in
 * `security/`. Frozen.
 */
export class Evidence {
  readonly channel: EvidenceChannel
  readonly source: string
  readonly at: number
  readonly basedOn: readonly Evidence[]
  /** Its own and all of what it is based on: who reads a document and writes has written the document on. */
  readonly channels: readonly EvidenceChannel[]
  readonly #text: string

  constructor({ channel, source, text, at, basedOn = [] }: EvidenceOptions) {
    this.channel = channel
    this.source = source
    this.at = at
    this.basedOn = Object.freeze([...basedOn])
    const all = new Set([channel, ...basedOn.flatMap(({ channels }) => channels)])
    this.channels = Object.freeze(EVIDENCE_CHANNELS.filter((one) => all.has(one)))
    this.#text = text
    Object.freeze(this)
  }

  /** In quotation marks, on one line, everything hidden spelt out, cut after `most` characters. */
  quoted(most = 400): string {
    const quoted = JSON.stringify(this.#text.slice(0, most)).replace(HIDDEN, spelt)
    const left = this.#text.length - most
    return left > 0 ? `${quoted} and ${left} characters more` : quoted
  }

  /** The text as it is. For the one door that reads proposals, which a test holds. */
  untrustedText(): string {
    return this.#text
  }
}

function spelt(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}
