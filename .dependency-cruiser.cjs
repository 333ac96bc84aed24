'use strict'
// The layers of docs/architecture.md, from the top down; an import may only point to the right.
const below = {
  cli: ['operations', 'fleet', 'profile', 'connection', 'mta', 'script', 'node', 'outcome'],
  operations: ['fleet', 'profile', 'connection', 'mta', 'script', 'node', 'outcome'],
  fleet: ['mta', 'script', 'node', 'outcome'],
  profile: ['mta', 'script', 'node', 'outcome'],
  connection: ['mta', 'script', 'node', 'outcome'],
  mta: ['script', 'node', 'outcome'],
  script: ['node', 'outcome'],
  node: ['outcome'],
  outcome: [],
}

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...Object.entries(below).map(([layer, allowed]) => ({
      name: `${layer}-imports-downward`,
      severity: 'error',
      from: { path: `^src/${layer}/` },
      to: { path: '^src/', pathNot: `^src/(${[layer, ...allowed].join('|')}|assets)(/|\\.)` },
    })),
    {
      name: 'only-cli-knows-oclif',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: 'node_modules/(@oclif|inquirer|chalk|cli-table3)' },
    },
    {
      name: 'only-ssh-knows-ssh2',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(connection/ssh|profile)/' },
      to: { path: 'node_modules/ssh2' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.sh', '.js'] },
  },
}
