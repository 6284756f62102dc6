export { type CliContext, processContext, type TextSink } from './context.ts'
export { type HealFlags, type MeshRunners, registerHealCommand } from './heal.ts'
export { createProgram, type RegisterCommand, run, runProcess } from './main.ts'
export { storyLine } from './story-line.ts'
