import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(
  process.env.MESHSWARM_DATA ?? join(import.meta.dirname, '../../../../shared/data'),
  'topology',
)

export interface DataFile {
  readonly name: string
  readonly text: string
}

/** Every real topology file of the data folder; none where the folder is missing. */
export const DATA_FILES: readonly DataFile[] = ['meshviewer', 'netjson', 'zoo'].flatMap((folder) => {
  const path = join(root, folder)
  if (!existsSync(path)) return []
  return readdirSync(path).map((name) => ({ name, text: readFileSync(join(path, name), 'utf8') }))
})

export const NO_DATA = DATA_FILES.length === 0 && `no topology files in ${root} (set MESHSWARM_DATA)`
