export { type Delivery, deliver } from './deliver.ts'
export { type Found, foundHere } from './found-here.ts'
export type { NodePlace } from './node-place.ts'
export { executorProgram, nodeDirectory, nodePlaces } from './program.ts'
