/** `node hold-lab.ts NAME`: builds a small lab, says so, and waits for its end. Run by lifecycle.test.ts. */
import { Lab, loadTopology } from '../../lab/index.ts'

const [name = 'hold'] = process.argv.slice(2)
await Lab.up(await loadTopology('line:3'), { name }, AbortSignal.timeout(30_000))
process.stdout.write('up\n')
setInterval(() => undefined, 1000)
