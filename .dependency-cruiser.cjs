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
// The daemon is a program of its own beside the CLI: it reaches the scripted and the local connection, the
// words it has in common with its client (wire), and what is below them.
const agent = [
  '^src/(agent|connection/(scripted|local|wire)|mta|script|node|outcome|assets)(/|\\.)',
  '^src/connection/[^/]+\\.ts$',
]

/** Built-in modules that reach outside the process: what knows MTAs describes, and lets a host execute (net is not among them: isIP). */
const reaching = [
  'child_process',
  'fs',
  'fs/promises',
  'tls',
  'http',
  'https',
  'http2',
  'dgram',
  'dns',
  'worker_threads',
  'cluster',
]
/** Read or thrown away at the first need only: each would cost every start tens of milliseconds. */
const heavy =
  'node_modules/(ssh2|undici|inquirer|chalk|yaml|cli-table3|fs-native-extensions|tar|@peculiar/x509|reflect-metadata)/'

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unknown-file', severity: 'error', from: { path: '^src/' }, to: { couldNotResolve: true } },
    {
      name: 'no-strange-layer',
      comment: 'every folder of src/ is a layer with a place in the order',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/((${[...Object.keys(below), 'agent'].join('|')})/|assets)` },
      to: {},
    },
    ...Object.entries(below).map(([layer, allowed]) => ({
      name: `${layer}-imports-downward`,
      severity: 'error',
      from: { path: `^src/${layer}/` },
      to: { path: '^src/', pathNot: `^src/(${[layer, ...allowed].join('|')}|assets)(/|\\.)` },
    })),
    {
      name: 'agent-reaches-scripted-local-and-wire-only',
      severity: 'error',
      from: { path: '^src/agent/' },
      to: { path: '^src/', pathNot: agent },
    },
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
      to: { path: 'node_modules/(ssh2|@types/ssh2)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'drivers-describe-hosts-execute',
      severity: 'error',
      from: { path: '^src/(mta|script|node|outcome)/' },
      to: { dependencyTypes: ['core'], path: `^(node:)?(${reaching.join('|')})$` },
    },
    {
      name: 'heavy-libraries-by-import()',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/connection/(ssh|agent)/' },
      to: { path: heavy, dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-agent-client-knows-undici',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/connection/agent/' },
      to: { path: 'node_modules/undici/' },
    },
    {
      name: 'agent-client-by-import()',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/connection/agent/' },
      to: {
        path: '^src/connection/agent/',
        pathNot: '/certificate[.]ts$', // light, and what an archive names its certificate by
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'ssh-by-import()',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/connection/ssh/' },
      to: { path: '^src/connection/ssh/', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    // Runs on nodes, inside Haraka.
    exclude: { path: '^src/mta/haraka/package/' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.sh', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
}
