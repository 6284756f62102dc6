/** What the text encodes; undefined where it is not the one way to write it (RFC 4648, section 4, padded). */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}
