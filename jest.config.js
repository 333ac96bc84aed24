/** Unit, contract, integration and acceptance tests; real servers are started by the tests that need them. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  globalSetup: '<rootDir>/test/support/clean-environment.cjs',
  setupFiles: ['<rootDir>/test/support/kill-guard.cjs'],
  transform: {
    '\\.sh$': '<rootDir>/test/support/text-transform.cjs',
    '\\.(t|m?j)s$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' }, sourceMaps: 'inline' },
    ],
  },
  // ssh2 as it is shipped, see tools/lean-ssh2.mjs
  moduleNameMapper: { '^ssh2$': '<rootDir>/dist/lazy/ssh2-bundle.cjs' },
  transformIgnorePatterns: ['/node_modules/(?!(chalk)/)'],
  testTimeout: 60_000,
  maxWorkers: 2,
}
