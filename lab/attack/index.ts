export { ADAPTIVE_ATTACKS, ATTACKS, type AttackPlan } from './attackers.ts'
export { type SimulationOptions, type SimulationResult, simulate } from './simulate.ts'
export { LAYERS, type Layer } from './target-nodes.ts'
