import jest from 'eslint-plugin-jest'
import tseslint from 'typescript-eslint'
import noModuleState from './tools/no-module-state.mjs'

const sizes = (file) => ({
  'max-lines': ['error', { max: file, skipBlankLines: false, skipComments: false }],
  'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true, IIFEs: true }],
})

/** What Node.js has without an import. */
const NODE = Object.fromEntries(
  [
    ...['process', 'console', 'Buffer', 'URL', 'fetch', 'performance', 'structuredClone', 'AbortController', 'AbortSignal'],
    ...['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'queueMicrotask'],
  ].map((name) => [name, 'readonly']),
)

/** Of a CommonJS module. */
const COMMON = Object.fromEntries(['require', 'module', 'exports', '__dirname', '__filename'].map((name) => [name, 'readonly']))

/** What is surely a mistake; TypeScript's own check finds it in the other files. */
const MISTAKES = Object.fromEntries(
  [
    ...['no-undef', 'no-const-assign', 'no-redeclare', 'no-dupe-keys', 'no-dupe-else-if', 'no-duplicate-case', 'no-self-assign'],
    ...['no-unreachable', 'no-fallthrough', 'no-cond-assign', 'no-unsafe-finally', 'no-unsafe-optional-chaining'],
    ...['no-async-promise-executor', 'no-loss-of-precision', 'use-isnan', 'valid-typeof', 'no-constant-condition', 'eqeqeq'],
  ].map((rule) => [rule, 'error']),
)

const bannedOn = (object, properties, message) => properties.map((property) => ({ object, property, message }))

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', '.cache/', 'node_modules/', 'src/mta/haraka/package/node_modules/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.{js,mjs,cjs}'],
    extends: [tseslint.configs.recommended],
    languageOptions: { globals: NODE },
    rules: {
      ...sizes(300),
      ...MISTAKES,
      'no-console': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { caughtErrors: 'none', ignoreRestSiblings: true }],
    },
  },
  {
    files: ['**/*.cjs', 'src/mta/haraka/package/**/*.js', 'bin/*.js'],
    languageOptions: { sourceType: 'commonjs', globals: COMMON },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  // What Haraka gives its plugins.
  { files: ['src/mta/haraka/package/plugins/**/*.js'], languageOptions: { globals: { DELAY: 'readonly' } } },
  {
    files: ['src/**/*.ts', 'test/**/*.ts', 'tools/**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true, boolean: true } }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/dot-notation': 'off',
      'no-restricted-syntax': [
        'error',
        {
          selector:
            ':matches(ImportDeclaration, ImportExpression, ExportNamedDeclaration, ExportAllDeclaration)[source.value=/^\\.{1,2}\\/(?!.*\\.(ts|sh|mjs|cjs|json)$)/]',
          message: 'an import of a file carries its extension',
        },
      ],
    },
  },
  { files: ['tools/**/*.ts'], rules: sizes(300) },
  {
    files: ['src/**/*.ts'],
    plugins: { house: { rules: { 'no-module-state': noModuleState } } },
    rules: {
      ...sizes(300),
      'house/no-module-state': 'error',
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        ...bannedOn(
          'process',
          ['exit', 'reallyExit', 'abort', 'exitCode', 'chdir', 'umask'],
          'only bin/ ends or changes the process',
        ),
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: ['process', 'node:process', 'console', 'node:console'].map((name) => ({
            name,
            message: 'use what the Context hands in',
          })),
        },
      ],
    },
  },
  { files: ['src/cli/commands/**/*.ts'], rules: sizes(120) },
  {
    files: ['test/**/*.ts'],
    plugins: { jest },
    rules: {
      ...jest.configs['flat/recommended'].rules,
      'jest/expect-expect': ['error', { assertFunctionNames: ['expect*'] }],
      'max-lines': ['error', { max: 400, skipBlankLines: false, skipComments: false }],
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
)
