/** Unit, contract, integration and acceptance tests; real servers are started by the tests that need them. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  globalSetup: '<rootDir>/test/support/clean-environment.cjs',
  transform: {
    '\\.sh$': '<rootDir>/test/support/text-transform.cjs',
    '\\.(t|m?j)s$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' }, sourceMaps: 'inline' },
    ],
  },
  transformIgnorePatterns: ['/node_modules/(?!(chalk)/)'],
  testTimeout: 60_000,
  maxWorkers: 2,
}
