import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { buildSync } from 'esbuild'
import { AkctlError, exitOfError } from '../../src/outcome/errors.ts'
import * as errors from '../../src/outcome/errors.ts'
import { EXIT_CODES } from '../../src/outcome/exit-codes.ts'
import { type JsonDocument, cleanEnv, readsStdin, testCli } from '../support/cli.ts'
import { fitsSchema } from '../support/schemas.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'

const root = resolve(__dirname, '../..')
const folder = tempDir()
const program = join(folder, 'failing.cjs')

/** Every class of the hierarchy that can be thrown, and two values that are none of it. */
const concrete = Object.entries(errors).filter(([, value]) => {
  if (typeof value !== 'function' || !(value.prototype instanceof AkctlError)) return false
  const made = new (value as unknown as new (message: string) => AkctlError)('x')
  return (made as { kind?: string }).kind !== undefined
})
const exits = new Map([
  ...concrete.map(([name, value]) => [name, exitOfError(new (value as unknown as new (m: string) => Error)('x'))] as const),
  ['bug', 70] as const,
  ['text', 70] as const,
])

beforeAll(() => {
  buildSync({
    entryPoints: [join(root, 'test/support/failing-command.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    loader: { '.sh': 'text' },
    external: ['ssh2', 'fs-native-extensions', 'typescript', 'tar'],
    logLevel: 'error',
  })
})

function run(args: readonly string[]): Promise<{ exit: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [program, root, ...args], { env: cleanEnv(folder), stdio: ['ignore', 'pipe', 'pipe'] })
  const printed = { stdout: '', stderr: '' }
  child.stdout.on('data', (text: Buffer) => (printed.stdout += text.toString()))
  child.stderr.on('data', (text: Buffer) => (printed.stderr += text.toString()))
  return new Promise((done) => child.on('close', (exit) => done({ exit, ...printed })))
}

test('every exit code but success and differences has an error class', () => {
  const reached = new Set([...exits.values(), 0, 10])
  expect(EXIT_CODES.map(({ code }) => code).filter((code) => !reached.has(code))).toEqual([])
  expect(concrete.length).toBeGreaterThanOrEqual(13)
})

test.each([...exits])(
  '%s: the same exit code, %i, with and without --json; one document that fits its schema',
  async (name, exit) => {
    const plain = await run([name])
    expect(plain).toMatchObject({ exit, stdout: '' })
    expect(plain.stderr).toMatch(/^warning: a warning before the end\nakctl: /)
    const json = await run([name, '--json'])
    expect(json.exit).toBe(exit)
    const document = JSON.parse(json.stdout) as JsonDocument
    expect(document).toMatchObject({ schema: 'error/1', ok: false, exit, warnings: ['a warning before the end'] })
    expect(fitsSchema(document)).toEqual([])
  },
)

test('an error says what happened, its detail and what to do next, and control characters are taken out', async () => {
  const { stderr } = await run(['ConflictError'])
  expect(stderr.split('\n').slice(1, -1)).toEqual([
    'akctl: first line',
    '  second line',
    '  | log: \ufffd[31mred',
    '  -> do this',
  ])
})

test('a bug says so, asks for a report and shows where it was', async () => {
  const { stderr } = await run(['bug'])
  expect(stderr).toMatch(/akctl: bug in akctl: undefined is not a function\n {2}\| +at .*\n[\s\S]*please report it/)
})

describe('what nobody awaited', () => {
  const cli = testCli()
  const preload = join(folder, 'late.cjs')

  test.each([
    ['an error event', "process.once('SIGUSR2', () => { throw new Error('boom') })"],
    ['a rejection', "process.once('SIGUSR2', () => { void Promise.reject(new Error('boom')) })"],
  ])('%s is a bug, exit 70, in the asked-for format', async (_, code) => {
    writeFileSync(preload, `${code}\nprocess.stderr.write('ready\\n')`)
    for (const flags of [[], ['--json']]) {
      const started = cli.start(['keys', 'create', 'k', '--passphrase-stdin', ...flags], {
        openInput: true,
        env: { NODE_OPTIONS: `--require ${preload}` },
      })
      await started.waitFor('stderr', /ready/)
      await until('akctl waits for its stdin', 20, () => readsStdin(started.child.pid ?? 0) || undefined)
      started.child.kill('SIGUSR2')
      const run = await started.done
      expect(run.exit).toBe(70)
      const said = flags.length === 0 ? run.stderr : (run.json.error?.message ?? '')
      expect(said).toMatch(/bug in akctl: boom/)
    }
  })
})
