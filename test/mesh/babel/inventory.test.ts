import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startCommand } from '../../../src/mesh/drivers/babel/host/start-command.ts'
import { parseInventory, readInventory, singleNodeInventory } from '../../../src/mesh/drivers/babel/index.ts'

const node = { id: 'n1', socket: '/run/n1.sock' }
const inventory = (...nodes: unknown[]) => ({ version: 1, mesh: 'babel', nodes })

/** A broken inventory is refused with the place and the reason, and never read in part. */
describe('the inventory', () => {
  it('takes what the lab writes and what a person writes', () => {
    const full = {
      ...node,
      ...{
        name: 'Roof',
        address: 'fd00::1',
        netns: 'ms-lab-1',
        gateway: true,
        daemon: { start: ['babeld', 'l1'] },
      },
    }
    expect(parseInventory(inventory(full), 'test').nodes).toEqual([full])
    expect(parseInventory(singleNodeInventory('/run/b.sock'), 'test').nodes[0]?.socket).toBe('/run/b.sock')
  })

  it.each([
    [{}, 'version'],
    [{ ...inventory(node), mesh: 'batman' }, 'mesh'],
    [inventory(), 'nodes'],
    [inventory({ ...node, id: '' }), 'nodes.0.id'],
    [inventory({ ...node, address: 'roof' }), 'nodes.0.address'],
    [inventory({ ...node, netns: '../etc' }), 'nodes.0.netns'],
    [inventory({ ...node, daemon: { start: [] } }), 'nodes.0.daemon.start'],
    [inventory(node, { ...node, socket: '/other' }), 'nodes.1.id'],
    [inventory(node, { ...node, id: 'n2' }), 'nodes.1.socket'],
  ])('refuses %j at %s', (value, path) => {
    expect(() => parseInventory(value, 'mesh.json')).toThrow(
      expect.objectContaining({
        code: 'INVALID_CONFIGURATION',
        message: expect.stringContaining(`mesh.json: ${path}`),
      }),
    )
  })

  it('says which file is missing or no JSON', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'mbt-'))
    const path = join(dir, 'broken.json')
    writeFileSync(path, '{ "version": 1,')
    const refused = { code: 'INVALID_CONFIGURATION', message: expect.stringContaining(path) }
    await expect(readInventory(path)).rejects.toMatchObject(refused)
    await expect(readInventory(join(dir, 'none.json'))).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
    })
    rmSync(dir, { recursive: true })
  })
})

/** A restarted daemon is accepted by its neighbours at the first hello; the operator's own words stay. */
describe('the start command', () => {
  const start = [
    'nsenter',
    '--net=/run/netns/n1',
    '/usr/sbin/babeld',
    '-I',
    '',
    '-C',
    'default hello-interval 1',
    'l1',
  ]
  it('gets its defaults right behind the daemon, before what it was given', () => {
    const quick = startCommand(start)
    expect(quick).toEqual([...start.slice(0, 3), '-C', 'default link-quality true', ...start.slice(3)])
    expect(startCommand(start, 5000)).toContain('default rxcost 5000 link-quality true')
  })

  it('leaves alone what is decided already, and what is no babeld', () => {
    const decided = ['babeld', '-G', '/run/b.sock', '-C', 'default link-quality false', 'l1']
    expect(startCommand(decided)).toEqual(decided)
    for (const other of [
      ['systemctl', 'restart', 'babeld'],
      ['/etc/init.d/mesh', 'start'],
    ]) {
      expect(startCommand(other)).toEqual(other)
    }
  })
})
