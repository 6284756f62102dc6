import { parseArgs } from 'node:util'
import { seededRandom } from '../src/core/index.ts'
import { SimMesh, type SimTopology } from '../src/mesh/index.ts'

/** How much faster than real time the simulated mesh runs, from a cold start on: `node bench/sim-speed.ts`. */
const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1000' },
    links: { type: 'string', default: '3000' },
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string', default: '1' },
  },
})
const [nodes, links, seconds] = [Number(values.nodes), Number(values.links), Number(values.seconds)]

const mesh = new SimMesh(
  { random: seededRandom(values.seed) },
  { topology: geometric(nodes, links, values.seed), profile: 'default' },
)
const began = performance.now()
const cpuBefore = process.cpuUsage()
let convergedAt: number | undefined
for (let second = 1; second <= seconds; second++) {
  mesh.advanceTo(second * 1000)
  if (convergedAt === undefined && isComplete(mesh)) convergedAt = second
  if (second % 10 !== 0) continue
  const wall = (performance.now() - began) / 1000
  const rate = (second / wall).toFixed(1)
  const cpu = process.cpuUsage(cpuBefore)
  const cpuRate = (second / ((cpu.user + cpu.system) / 1e6)).toFixed(1)
  const text = `${rate} simulated seconds a second (${cpuRate} a second of CPU)`
  console.log(`${second} s simulated in ${wall.toFixed(2)} s: ${text}`)
}
console.log(`${nodes} nodes, ${links} links: every node reaches every other after ${convergedAt ?? 'more'} s`)

function isComplete({ state }: SimMesh): boolean {
  for (let node = 0; node < state.nodes; node++) {
    for (let to = 0; to < state.nodes; to++) {
      if (node !== to && (state.kernel[node * state.width + to] as number) < 0) return false
    }
  }
  return true
}

/** Points in a square, the shortest pairs linked; what is left apart is joined by its shortest gap. */
function geometric(count: number, wanted: number, seed: string): SimTopology {
  const random = seededRandom(seed)
  const points = Array.from({ length: count }, () => [random.next(), random.next()] as const)
  const pairs: [number, number, number][] = []
  points.forEach(([x, y], a) => {
    points.forEach(([p, q], b) => {
      if (a < b) pairs.push([Math.hypot(x - p, y - q), a, b])
    })
  })
  pairs.sort((p, q) => p[0] - q[0])
  const part = points.map((_, index) => index)
  const find = (node: number): number => {
    let root = node
    while (part[root] !== root) root = part[root] as number
    part[node] = root
    return root
  }
  let parts = count
  const chosen: { a: string; b: string }[] = []
  for (const [, a, b] of pairs) {
    const joins = find(a) !== find(b)
    if (chosen.length >= wanted - parts + 1 && !joins) continue
    if (joins) {
      part[find(a)] = find(b)
      parts--
    }
    chosen.push({ a: `n${a}`, b: `n${b}` })
    if (parts === 1 && chosen.length >= wanted) break
  }
  return { nodes: points.map((_, index) => ({ id: `n${index}` })), links: chosen }
}
