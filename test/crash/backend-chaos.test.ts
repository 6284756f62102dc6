import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeBackendChaos } from '../compliance/backend-chaos.ts'

describeBackendChaos('embedded', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'meshswarm-chaos-store-'))
  return {
    module: fileURLToPath(new URL('../engine/backends/open-embedded.ts', import.meta.url)),
    where: join(directory, 'swarm.db'),
    remove: async () => rmSync(directory, { recursive: true, force: true }),
  }
})
