// Which process is the Postfix of a directory, and when a start leaves it alone.
import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { postfix } from '../../src/mta/postfix/driver.ts'
import { LocalNode, newOrder } from '../support/local-node.ts'
import { freePort } from '../support/ports.ts'
import { masterPids, postfixFolder, postfixNode } from '../support/postfix.ts'
import { childrenOf } from '../support/processes.ts'
import { until } from '../support/until.ts'
import { WrappedHost } from '../support/wrapped-host.ts'

const folder = postfixFolder()
const directory = join(folder, 'mta')
/** Not where an instance of its own has it: what is not understood must not be found by luck. */
const queue = join(directory, 'spool')
const pids = (): readonly number[] => masterPids(directory, queue)
const conf = (file: string): string => join(directory, 'akctl/live/conf', file)

let node: LocalNode
let pid = 0
let main = ''

beforeAll(async () => {
  const made = await postfixNode(directory)
  node = made.node
  await node.install({ listen: made.listen, hostname: 'mx.example.com' })
  mkdirSync(queue)
  main = readFileSync(conf('main.cf'), 'utf8').replace(`${directory}/queue`, queue)
  replaceMain(main)
  await node.connection.start(newOrder())
  pid = pids()[0] ?? 0
}, 60_000)

afterAll(() => pids().forEach((left) => process.kill(-left, 'SIGKILL')))

/** The queue folder, in another spelling. */
function spelled(text: string): string {
  const line = `queue_directory = ${queue}\n`
  expect(main).toContain(line)
  return main.replace(line, text)
}

/** Postfix's tools read a file that was changed just now for up to 2 s, until its clock moves on: this one is called older. */
function replaceMain(text: string): void {
  writeFileSync(conf('main.cf'), text)
  utimesSync(conf('main.cf'), 1_700_000_000, 1_700_000_000)
}

test.each([
  ['blanks and a tab at its end', () => `queue_directory =${queue} \t \n`],
  ['another parameter in it', () => 'queue_directory = $data_directory/../spool\n'],
  ['its value in the next line, after a comment', () => `queue_directory =\n# here:\n\t${queue}\n`],
  ['one that does not count before it', () => `queue_directory = /nowhere\nqueue_directory=${queue}\n`],
])('the running Postfix is found by a queue_directory with %s', async (_, text) => {
  replaceMain(spelled(text()))
  expect(await node.connection.status()).toMatchObject({ running: true, pid })
  expect(await node.connection.start(newOrder())).toMatchObject({ did: false, pid })
  expect(pids()).toEqual([pid])
  replaceMain(main)
})

test('a start leaves a running Postfix alone whose files name a listener that it has not loaded', async () => {
  const master = readFileSync(conf('master.cf'), 'utf8')
  appendFileSync(conf('master.cf'), `127.0.0.1:${await freePort()} inet n - n - - smtpd\n`)
  expect(await node.connection.start(newOrder())).toMatchObject({ did: false, pid })
  expect(pids()).toEqual([pid])
  writeFileSync(conf('master.cf'), master)
})

test('a stop ends it, however its queue_directory is spelled', async () => {
  replaceMain(spelled(`queue_directory =\n  ${queue}  \n`))
  expect(await node.connection.stop(newOrder())).toMatchObject({ did: true })
  expect(pids()).toEqual([])
})

test('a start that the unit refuses says why, in systemd’s words', async () => {
  const error = await node
    .with({ service: 'akctl-none.service' })
    .connection.start(newOrder())
    .catch((reason: unknown) => reason)
  expect(error).toMatchObject({ message: expect.stringContaining('did not start') as string })
  expect((error as { detail: readonly string[] }).detail.join('\n')).toMatch(/systemctl|systemd|akctl-none\.service not found/)
  expect(pids()).toEqual([])
})

describe('whose configuration it is, the path alone says, here and on the node', () => {
  const places = ['/etc/postfix-aktest-', join(folder, 'postfix-aktest-')].map((prefix) => mkdtempSync(prefix))
  afterAll(() => places.forEach((place) => rmSync(place, { recursive: true, force: true })))
  const write = (place: string): void => {
    mkdirSync(place, { recursive: true })
    writeFileSync(join(place, 'main.cf'), `compatibility_level = 3.6\nqueue_directory = ${folder}/no-queue\n`)
    writeFileSync(join(place, 'master.cf'), readFileSync('/usr/share/postfix/master.cf.dist'))
  }
  const install = (place: string): Promise<unknown> =>
    new LocalNode(postfix, { directory: place, addresses: [] }).install({ listen: '127.0.0.1:25', hostname: 'mx.example.com' })

  test('that beside the system’s is taken over as it is', async () => {
    const [place = ''] = places
    write(place)
    expect(postfix.support('spool-writers', { directory: place, addresses: [] }).level).toBe('unsupported')
    await install(place)
    expect(existsSync(join(place, 'base'))).toBe(false)
  })

  test('one elsewhere is refused, and no file of it is touched', async () => {
    const [, place = ''] = places
    write(place)
    const before = readFileSync(join(place, 'main.cf'), 'utf8')
    expect(postfix.support('spool-writers', { directory: place, addresses: [] }).level).toBe('nearest')
    await expect(install(place)).rejects.toThrow(/there is a main\.cf .*takes over \/etc\/postfix/)
    expect([readFileSync(join(place, 'main.cf'), 'utf8'), existsSync(join(place, 'base'))]).toEqual([before, false])
  })
})

test('a stop is over when its processes are, in a container too whose first process never collects them', async () => {
  const contained = join(folder, 'contained')
  const container = spawn('unshare', ['--pid', '--fork', '--kill-child', '--mount-proc', 'sleep', 'infinity'])
  try {
    const first = await until('the container is up', 10, () => {
      const [child = 0] = childrenOf(container.pid ?? 0)
      return readFileSync(`/proc/${child}/comm`, 'utf8') === 'sleep\n' ? child : undefined
    })
    const { node: outside, listen } = await postfixNode(contained)
    await outside.install({ listen, hostname: 'mx.example.com' })
    const enter = ['nsenter', '-t', String(first), '-p', '-m', 'sh', '-c']
    const { connection } = new LocalNode(postfix, outside.installation, new WrappedHost('container', enter))
    await connection.start(newOrder())
    const [master = 0] = masterPids(contained)
    expect(await connection.stop(newOrder())).toMatchObject({ did: true })
    expect(readFileSync(`/proc/${master}/stat`, 'utf8')).toMatch(/\(master\) Z /)
    expect(masterPids(contained)).toEqual([])
  } finally {
    container.kill('SIGKILL')
  }
})
