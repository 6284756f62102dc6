import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { meshSwarmError } from '../src/core/index.ts'

const TOOLS: Readonly<Record<string, string>> = {
  babeld: 'babeld',
  ip: 'iproute2',
  tc: 'iproute2',
  nft: 'nftables',
  nsenter: 'util-linux',
  ping: 'iputils-ping',
}

async function installed(tool: string, path: string): Promise<boolean> {
  const folders = [...path.split(delimiter), '/usr/sbin', '/sbin']
  const tries = folders.map((folder) => access(join(folder, tool), constants.X_OK))
  return Promise.any(tries).then(
    () => true,
    () => false,
  )
}

/** Why this machine cannot hold a lab and what to do about it; undefined where it can. */
export async function missingForLab(path = process.env.PATH ?? ''): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'a lab needs Linux; use the simulated mesh instead'
  if (process.getuid?.() !== 0) return 'a lab needs root (network namespaces); run it with sudo'
  const packages = new Set<string>()
  for (const [tool, name] of Object.entries(TOOLS)) if (!(await installed(tool, path))) packages.add(name)
  if (packages.size === 0) return undefined
  return `a lab needs ${[...packages].join(', ')}; install with: apt-get install ${[...packages].join(' ')}`
}

/** Rejects with NOT_ROOT or UNAVAILABLE, and what to do, where this machine cannot hold a lab. */
export async function requireLab(): Promise<void> {
  const missing = await missingForLab()
  if (missing === undefined) return
  throw meshSwarmError(missing.includes('root') ? 'NOT_ROOT' : 'UNAVAILABLE', missing)
}
