import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'

const ROOT = join(__dirname, '..', '..')

/** A driver (of the store, unless another is named) as one file that node runs. */
export async function bundleDriver(directory: string, name = 'store-driver'): Promise<string> {
  const outfile = join(directory, `${name}.cjs`)
  await build({
    entryPoints: [join(__dirname, `${name}.ts`)],
    outfile,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    supported: { 'dynamic-import': false },
    external: ['ssh2', 'fs-native-extensions', 'undici', 'inquirer'],
    loader: { '.sh': 'text' },
    logLevel: 'warning',
  })
  return outfile
}

/** A running driver and what it says, a line at a time. */
export class Driver {
  readonly lines: string[] = []
  readonly child: ChildProcess
  private readonly ended: Promise<unknown>

  /** @param uid the user to run it as; this process's own when left out */
  constructor(script: string, home: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}, uid?: number) {
    this.child = spawn(process.execPath, [script, ...argv], {
      env: {
        PATH: process.env['PATH'],
        AKCTL_HOME: home,
        NODE_PATH: join(ROOT, 'node_modules'),
        UV_THREADPOOL_SIZE: '1',
        ...env,
      },
      stdio: ['pipe', 'pipe', 'inherit'],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    })
    this.ended = once(this.child, 'close')
    createInterface({ input: this.child.stdout! }).on('line', (line) => this.lines.push(line))
  }

  /** The next line it says. */
  async line(): Promise<string> {
    const deadline = Date.now() + 20_000
    while (this.lines.length === 0) {
      if (Date.now() > deadline) throw new Error('the driver says nothing')
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    return this.lines.shift()!
  }

  /** Its exit code, or the signal that ended it. */
  async end(): Promise<number | string> {
    await this.ended
    return this.child.exitCode ?? this.child.signalCode!
  }
}
