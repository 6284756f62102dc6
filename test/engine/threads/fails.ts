/** Work for a thread that fails. */
export default function fails(input: unknown): never {
  throw new Error(`cannot do ${JSON.stringify(input)}`)
}
