// The import direction of the floors, from the one table that test/architecture checks as well.
const floors = require('./test/architecture/floors.json')

try {
  require.resolve('@swc/core')
} catch {
  // TypeScript 7 has no parser for other tools. Without one, no .ts file would be read and everything would pass.
  throw new Error(
    'dependency-cruiser cannot read TypeScript without @swc/core: npm install --save-dev @swc/core',
  )
}

const folders = Object.keys(floors)

const direction = folders.map((folder) => {
  const lower = folders.filter((other) => floors[other] < floors[folder])
  const allowed = [`src/${folder}/`, ...lower.map((other) => `src/${other}/index[.]ts$`)]
  return {
    name: `floor-of-${folder}`,
    comment: `src/${folder} imports from lower floors only, each through its index.ts`,
    severity: 'error',
    from: { path: `^src/${folder}/` },
    to: { path: '^src/', pathNot: `^(${allowed.join('|')})` },
  }
})

module.exports = {
  forbidden: [
    ...direction,
    {
      name: 'known-folder',
      comment: 'every folder under src/ has a floor in test/architecture/floors.json',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/(${folders.join('|')})/` },
      to: {},
    },
    {
      name: 'core-without-dependencies',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'product-is-blind',
      comment: 'src/ never sees the lab, the benchmarks or the tests',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(lab|bench|test)/' },
    },
    {
      name: 'front-door',
      comment: 'lab/ and bench/ use src/ through the index.ts of a folder',
      severity: 'error',
      from: { path: '^(lab|bench)/' },
      to: { path: '^src/', pathNot: '^src/[^/]+/index[.]ts$' },
    },
    {
      name: 'lab-stands-alone',
      severity: 'error',
      from: { path: '^lab/' },
      to: { path: '^(bench|test)/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'resolvable',
      comment: 'what the benchmarks run beside is a package of its own, which may not be installed',
      severity: 'error',
      from: { pathNot: '^bench/peers/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'no-dev-dependency',
      comment: 'what a user runs needs no development package',
      severity: 'error',
      from: { path: '^(src|lab|bin)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '@types/' },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.cjs', '.json'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
}
