export { type Delivery, deliver } from './deliver.ts'
export { executorProgram, nodeDirectory } from './program.ts'
