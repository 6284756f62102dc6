export interface NodePlace {
  /** Where the authority of the nodes is laid down; it may not be there. */
  readonly directory: string
  /** Where their executor listens; it may not run. */
  readonly executor: string
}
