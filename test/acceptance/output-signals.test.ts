import { execFileSync, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createServer, type Server, type AddressInfo, type Socket } from 'node:net'
import { BIN, type CliProcess, readsStdin, testCli } from '../support/cli.ts'
import { terminal } from '../support/pty.ts'
import { until } from '../support/until.ts'

const cli = testCli({ SSH_AUTH_SOCK: '/nonexistent' }) // asked only after a login, which is never reached
let silent: Server
let sockets: Socket[] = []

/** Accepts and never says a word: what akctl connects to here hangs until it is told to stop. */
beforeAll(async () => {
  silent = createServer((socket) => void sockets.push(socket.on('error', () => undefined)))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  await cli.ok(['nodes', 'create', 'mute', '--host', '127.0.0.1', '--port', String(port), '--dir', '/opt/a'])
  await cli.ok(['nodes', 'create', 'mute2', '--host', '127.0.0.1', '--port', String(port), '--dir', '/opt/b'])
})

afterAll(() => {
  for (const socket of sockets) socket.destroy()
  silent.close()
})

beforeEach(() => (sockets = []))

/** Starts a command that hangs on the silent server, and waits until it is connected. */
async function hanging(...args: string[]): Promise<CliProcess> {
  const started = cli.start([...args, '--connect-timeout', '300', '--auth-timeout', '300'])
  await until('akctl is connected', 30, () => sockets.length > 0 || undefined)
  return started
}

test.each(['SIGINT', 'SIGTERM'] as const)('the first %s cancels: what was found so far is printed, exit 130', async (signal) => {
  const started = await hanging('mta', 'status', '--all', '--json')
  started.child.kill(signal)
  const run = await started.done
  expect(run).toMatchObject({ exit: 130, signal: null })
  expect(run.json).toMatchObject({ ok: false, exit: 130 })
  expect(run.json.nodes?.map(({ outcome }) => outcome)).toEqual(['cancelled', 'cancelled'])
})

test('a command that is not about outcomes of nodes says that it was cancelled', async () => {
  const started = await hanging('trust', 'add', 'mute', '--json')
  started.child.kill('SIGINT')
  const run = await started.done
  expect(run.exit).toBe(130)
  expect(run.json.error?.kind).toBe('cancelled')
})

test('waiting for stdin is cancelled too', async () => {
  const started = cli.start(['keys', 'create', 'k', '--passphrase-stdin', '--json'], { openInput: true })
  await until('akctl waits for its stdin', 20, () => readsStdin(started.child.pid ?? 0) || undefined)
  started.child.kill('SIGTERM')
  const run = await started.done
  expect(run.exit).toBe(130)
  expect(run.json.error?.kind).toBe('cancelled')
})

test('a SIGTERM at a question cancels it', async () => {
  const screen = terminal(cli, ['nodes', 'create', 'never'])
  await screen.expect(/How is it reached/)
  process.kill(screen.pid(), 'SIGTERM')
  await screen.expect(/cancelled/)
  expect(await screen.done).toBe(130)
})

describe('the second signal ends at once, even where the first one is not heeded', () => {
  test('while another process keeps the store locked', async () => {
    const { tryLock } = await import('fs-native-extensions')
    const lock = join(cli.home, 'profiles/default/.lock')
    const fd = openSync(lock, 'r+')
    expect(tryLock(fd)).toBe(true)
    const started = cli.start('nodes create x --host x --dir /opt/x'.split(' '), { env: { AKCTL_STORE_TIMEOUT: '50' } })
    const open = (): string => of(started, 'fd', (file) => readlinkSync(file))
    await until('akctl waits for the lock', 20, () => open().includes(lock) || undefined)
    started.child.kill('SIGINT')
    started.child.kill('SIGTERM') // two of one kind could be taken for one
    const run = await started.done
    closeSync(fd)
    expect(run).toMatchObject({ exit: 130, signal: null })
  })

  test('while a thread of Node hangs in the kernel', async () => {
    const fifo = join(cli.home, 'fifo')
    execFileSync('mkfifo', [fifo])
    const shell = spawn('sh', ['-c', `"$0" "$1" keys import k "${fifo}"; echo "exit $?"`, process.execPath, BIN], {
      env: cli.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let printed = ''
    shell.stdout.on('data', (text: Buffer) => (printed += text.toString()))
    const pid = (): number => Number(readFileSync(`/proc/${shell.pid}/task/${shell.pid}/children`, 'utf8').trim())
    await until('a thread of akctl waits for a writer', 20, () => opens(pid()) || undefined)
    const akctl = pid()
    process.kill(akctl, 'SIGINT')
    process.kill(akctl, 'SIGTERM')
    const ended = until('the shell says how akctl ended', 10, () => printed.includes('exit') || undefined)
    await ended.catch((error: unknown) => {
      process.kill(akctl, 'SIGKILL') // or it would outlive the test
      throw error
    })
    expect(printed).toBe('exit 130\n')
  })
})

/** What a process has in a folder of /proc, as one text; what is gone meanwhile is left out. */
function of({ child }: CliProcess, folder: string, read: (file: string) => string): string {
  const directory = `/proc/${child.pid}/${folder}`
  return readdirSync(directory)
    .map((name) => {
      try {
        return read(`${directory}/${name}`)
      } catch {
        return ''
      }
    })
    .join('\n')
}

/** Whether a thread of a process is in the system call openat (its number on x64 and on arm64), which a FIFO holds up. */
function opens(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).some((task) =>
    /^(257|56) /.test(readFileSync(`/proc/${pid}/task/${task}/syscall`, 'utf8')),
  )
}
