/** For a person: what a gate lets through in this state, and what ends it. */
export function gateText({
  closed,
  epoch,
}: {
  readonly closed?: string | undefined
  readonly epoch: number
}) {
  switch (closed) {
    case undefined:
      return `epoch ${epoch}: the nodes are changed again`
    case 'halted':
      return `epoch ${epoch}: nothing is changed until a person resumes`
    case 'stale':
      return `epoch ${epoch} is too old: nodes restart their own daemons and change nothing else until there is a newer one`
    default:
      return `${closed}: nothing is changed until a person resumes or repairs what the nodes keep of their authority`
  }
}
