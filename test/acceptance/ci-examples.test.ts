// The files of docs/ci, run as their systems would run them, over real Postfix nodes behind a real sshd.
import { spawnSync } from 'node:child_process'
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { testCli } from '../support/cli.ts'
import { type CliNode, cliNodes, trustSshd } from '../support/cli-nodes.ts'
import {
  crontab,
  gitlabDefinition,
  GITLAB_ONLY,
  GithubJob,
  jobEnv,
  programs,
  runGitlabJob,
  type ShellRun,
  startShell,
  workflow,
} from '../support/ci.ts'
import type { JournalEntry } from '../../src/profile/profile.ts'
import { makeKey, type Sshd, startSshd } from '../support/sshd.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'

jest.setTimeout(180_000)

/** An operator with a profile that stays, who has made the nodes, and whose crontab it is. */
const ann = testCli({ SUDO_USER: 'ann' })
const makeNode = cliNodes()
const folder = tempDir('akctl-ci-')
const bin = programs(folder)
/** The repository, as it is checked out. */
const checkout = join(folder, 'repository')
const words = (line: string): string[] => line.split(' ')

/** Nobody waits two minutes here; all else is the files' own text. */
const quick = (text: string): string => {
  expect(text.split('--pause-between 2m').length).toBeLessThanOrEqual(2)
  return text.replace('--pause-between 2m', '--pause-between 0s')
}

let sshd: Sshd
let mx1: CliNode
let mx2: CliNode
let runs = 0

beforeAll(async () => {
  sshd = await startSshd()
  await trustSshd(ann, sshd)
  mx1 = await makeNode(ann, 'mx1', { sshd })
  mx2 = await makeNode(ann, 'mx2', { sshd })
  await ann.ok(words('settings set mx1 mx2 esmtp-connection-timeout=11s'))
  await ann.ok(words('mta start --all'))
  mkdirSync(checkout)
  knowHost(sshd.hostKey().publicLine)
}, 120_000)

afterAll(() => sshd.stop())

/** Writes known_hosts into the repository. */
function knowHost(publicLine: string): void {
  writeFileSync(join(checkout, 'known_hosts'), `[127.0.0.1]:${sshd.port} ${words(publicLine).slice(0, 2).join(' ')}\n`)
}

/** Writes fleet.yaml into the repository. @param seconds the timeout that each node is to have */
function commit(seconds: Readonly<Record<string, number>>): void {
  const directories: Readonly<Record<string, string>> = { mx1: mx1.directory, mx2: mx2.directory }
  const nodes = Object.entries(seconds).map(([name, value]) =>
    [
      `  ${name}:`,
      '    host: 127.0.0.1',
      `    port: ${sshd.port}`,
      '    key: fleet',
      `    dir: ${directories[name] ?? join(folder, name)}`,
      `    settings: { esmtp-connection-timeout: ${value}s }`,
    ].join('\n'),
  )
  writeFileSync(join(checkout, 'fleet.yaml'), `version: 1\nnodes:\n${nodes.join('\n')}\n`)
}

function githubJob(name: string, change?: (run: string) => string): GithubJob {
  const env = { ...jobEnv(folder, bin), GH_LOG: join(folder, 'gh.log') }
  const expressions = {
    'secrets.FLEET_SSH_KEY': readFileSync(sshd.key.file, 'utf8').trimEnd(), // as GitHub keeps a secret: without its last line break
    'github.token': 'a-token',
    'github.event.pull_request.html_url': 'https://github.com/acme/fleet/pull/7',
  }
  return new GithubJob(name, join(folder, `run-${++runs}`), checkout, env, expressions, change)
}

/** What each node was told, beside what its Postfix reads: one without the other would be half a change. */
const told = (): unknown[] =>
  [mx1, mx2].map((node) => [node.record().settings['esmtp-connection-timeout'], node.parameter('smtp_connect_timeout')])
const running = (): number[] => [mx1, mx2].map((node) => node.masters().length)
const lease = (node: CliNode): string => readFileSync(node.path('akctl/lease'), 'utf8')

describe('GitHub Actions', () => {
  test('a pull request: the plan is in the summary and in a comment, differences are no failure, no node is touched', async () => {
    commit({ mx1: 22, mx2: 11 })
    const before = [mx1.sum(), mx2.sum()]
    const job = await githubJob('plan').all()
    expect(job.leftOut).toEqual(['actions/checkout@v4', 'actions/setup-node@v4', 'Install akctl'])
    expect(job.ran.map(([name, { exit }]) => [name, exit])).toEqual([
      ['Make a profile for this job', 0],
      ['Plan', 0],
      ['Comment', 0],
    ])
    expect(job.summary.split('\n')).toEqual([
      '### Fleet plan of `fleet.yaml`',
      '',
      'nodes: 1 to tell their settings.',
      '',
      '| node | action | what | from | to |',
      '| --- | --- | --- | --- | --- |',
      expect.stringMatching(/^\| `mx1` \| `sync` \| `synced` \| `no: told by ann@\S+ at \S+ \(revision 1\)` \| `yes` \|$/),
      '| `mx1` | `sync` | `told esmtp-connection-timeout` | `11s` | `22s` |',
      '',
    ])
    const asked = 'pr comment https://github.com/acme/fleet/pull/7 --body-file plan.md --edit-last --create-if-none'
    expect(readFileSync(join(folder, 'gh.log'), 'utf8')).toBe(`${asked}\n${job.summary}`)
    expect([mx1.sum(), mx2.sum()]).toEqual(before)
    expect(JSON.stringify(job.ran)).not.toContain('PRIVATE KEY')
  })

  test('a pull request that changes nothing has no comment', async () => {
    commit({ mx1: 11, mx2: 11 })
    const job = await githubJob('plan').all()
    expect(job.ran.map(([name, { exit }]) => [name, exit])).toEqual([
      ['Make a profile for this job', 0],
      ['Plan', 0],
    ])
    expect(job.summary).toContain('no differences')
  })

  test('a server that is not the one in known_hosts fails the plan, and is sent no login', async () => {
    knowHost(makeKey(join(folder, 'another')).publicLine)
    const attempts = await sshd.authAttempts()
    const job = await githubJob('plan').all()
    expect(job.step('Plan').exit).toBe(5)
    expect(job.step('Plan').stderr).toContain('HAS CHANGED')
    expect(await sshd.authAttempts()).toEqual(attempts)
    knowHost(sshd.hostKey().publicLine)
  })

  test('main: in waves over the nodes, though the profile is new and somebody else has told them', async () => {
    commit({ mx1: 22, mx2: 22 })
    const from = sshd.log().length
    const job = await githubJob('apply', quick).all()
    // Asked, told and looked at by one login each.
    expect(
      sshd
        .log()
        .slice(from)
        .match(/Accepted publickey/g),
    ).toHaveLength(2)
    expect(job.leftOut).toEqual(['actions/checkout@v4', 'actions/setup-node@v4', 'Install akctl'])
    expect(job.ran.map(([name, { exit }]) => [name, exit])).toEqual([
      ['Make a profile for this job', 0],
      ['Apply', 0],
    ])
    const { stdout, stderr } = job.step('Apply')
    expect(stderr).toContain('wave 1 of 2: 1 node\nwave 2 of 2: 1 node\n')
    expect([stdout.split('\n').length > 2, stdout.includes('::error')]).toEqual([true, false])
    expect([told(), running()]).toEqual([
      [
        [22, '22s'],
        [22, '22s'],
      ],
      [1, 1],
    ])
    expect(mx2.record()).toMatchObject({ revision: 2, reason: 'commit c0ffee' })
    expect(readFileSync(join(checkout, 'failed.txt'), 'utf8')).toBe('')
  })

  test('a node that fails is an annotation, all is put back, and the summary says what is left to do', async () => {
    commit({ mx1: 33, mx2: 33, mx3: 33 }) // mx3 was never prepared
    const job = await githubJob('apply', quick).all()
    expect(job.ran.map(([name, { exit }]) => [name, exit])).toEqual([
      ['Make a profile for this job', 0],
      ['Apply', 1],
      ['Say what is left to do', 0],
    ])
    expect(job.step('Apply').stdout).toMatch(/^::error title=mx3%3A failed::.*not prepared.*%0A-> akctl nodes install mx3%0A/m)
    expect([told(), running()]).toEqual([
      [
        [22, '22s'],
        [22, '22s'],
      ],
      [1, 1],
    ])
    expect(job.summary).toBe('### Not done, not looked at, or put back\n- mx1\n- mx2\n- mx3\n')
  })

  /** Lets the apply job run as it stands, two minutes' pause and all, and cancels it in that pause. */
  async function cancelled(cancel: (pid: number) => void): Promise<GithubJob> {
    const job = githubJob('apply')
    const journal = join(job.home, 'profiles/default/journal.ndjson')
    return job.all(async (name, { pid }) => {
      if (name !== 'Apply') return
      await until('mx1 was told and its order has ended', 60, () => {
        const last = JSON.parse(readFileSync(journal, 'utf8').trimEnd().split('\n').at(-1) ?? '') as JournalEntry
        return (last.verb === 'mta sync' && last.node === 'mx1') || undefined
      })
      cancel(pid)
    })
  }

  test.each([
    ["as GitHub does it: SIGINT, to the step's first process alone", 43, (pid: number) => process.kill(pid, 'SIGINT')],
    ["SIGTERM to the step's process group", 44, (pid: number) => process.kill(-pid, 'SIGTERM')],
  ])('cancelled in the pause between two waves (%s): no node is half changed, and none is locked', async (_, seconds, cancel) => {
    commit({ mx1: seconds, mx2: seconds })
    const job = await cancelled(cancel)
    expect(job.step('Apply').exit).toBe(130)
    expect([told(), running(), lease(mx1)]).toEqual([
      [
        [seconds, `${seconds}s`],
        [22, '22s'],
      ],
      [1, 1],
      '',
    ])
    expect(job.summary).toBe('### Not done, not looked at, or put back\n- mx1\n- mx2\n')
  })

  test('the run after a cancelled one does the rest, and no node twice', async () => {
    const before = [mx1.begun('sync'), mx2.begun('sync')]
    expect((await githubJob('apply', quick).all()).step('Apply').exit).toBe(0)
    expect([told(), mx1.begun('sync'), mx2.begun('sync')]).toEqual([
      [
        [44, '44s'],
        [44, '44s'],
      ],
      before[0],
      (before[1] ?? 0) + 1,
    ])
  })

  test('two rollouts never run at once, and none is ended by a newer one', () => {
    const { plan, apply } = workflow().jobs
    expect([apply?.concurrency, plan?.concurrency]).toEqual([{ group: 'fleet', 'cancel-in-progress': false }, undefined])
    expect([plan?.if.startsWith("github.event_name == 'pull_request' && "), apply?.if]).toEqual([
      true,
      "github.event_name == 'push'",
    ])
  })
})

describe('GitLab', () => {
  let id = 0

  /** Runs a job in a clone of its own. @param artifacts the clone of the job they come from */
  async function job(name: string, artifacts?: string): Promise<{ readonly run: ShellRun; readonly clone: string }> {
    const clone = join(folder, `clone-${++id}`)
    mkdirSync(clone)
    for (const file of ['fleet.yaml', 'known_hosts']) copyFileSync(join(checkout, file), join(clone, file))
    const files = artifacts === undefined ? [] : (gitlabDefinition('plan').artifacts?.paths ?? [])
    for (const file of files) copyFileSync(join(artifacts ?? '', file), join(clone, file))
    const env = {
      ...jobEnv(folder, bin),
      CI_JOB_ID: `${process.pid}-${id}`,
      CI_COMMIT_SHA: 'beef',
      FLEET_SSH_KEY: sshd.key.file, // a variable of the type File is a path
    }
    return { run: await runGitlabJob(name, clone, env, quick), clone }
  }

  test('the plan of one job is applied by the next, in a clone and a profile of its own', async () => {
    commit({ mx1: 51, mx2: 52 })
    const before = [mx1.sum(), mx2.sum()]
    const plan = await job('plan')
    expect(gitlabDefinition('plan').before_script?.filter((line) => line === GITLAB_ONLY)).toHaveLength(1)
    expect([plan.run.exit, gitlabDefinition('plan').allow_failure]).toEqual([10, { exit_codes: [10] }])
    expect(readFileSync(join(plan.clone, 'plan.md'), 'utf8')).toContain('| `told esmtp-connection-timeout` | `44s` | `52s` |')
    expect([mx1.sum(), mx2.sum()]).toEqual(before)
    const { run } = await job('apply', plan.clone)
    expect([run.exit, run.stderr]).toEqual([0, expect.stringContaining('wave 2 of 2')])
    expect([told(), running(), mx1.record()]).toEqual([
      [
        [51, '51s'],
        [52, '52s'],
      ],
      [1, 1],
      expect.objectContaining({ reason: 'commit beef' }),
    ])
  })

  test('a plan is stale, and does nothing, when a node was changed since', async () => {
    commit({ mx1: 61, mx2: 62 })
    const plan = await job('plan')
    await ann.ok(words('settings pull mx2'))
    await ann.ok(words('settings set mx2 esmtp-connection-timeout=77s --sync'))
    const before = [mx1.sum(), mx2.sum()]
    const { run } = await job('apply', plan.clone)
    expect([run.exit, run.stderr]).toEqual([8, expect.stringMatching(/the plan is stale(.|\n)*mx2 is at .* by ann@/)])
    expect([mx1.sum(), mx2.sum()]).toEqual(before)
  })

  test('two rollouts never run at once, and none is ended by a newer one', () => {
    expect(gitlabDefinition('apply')).toMatchObject({ resource_group: 'fleet', interruptible: false })
  })
})

test('shellcheck has nothing to say', () => {
  const steps = Object.values(workflow().jobs).flatMap((job) => job.steps.flatMap(({ run = [] }) => run))
  const gitlab = ['plan', 'apply'].map(gitlabDefinition).flatMap((job) => [job.before_script, job.script, job.after_script])
  const scripts = gitlab.map((lines = []) => lines.join('\n'))
  const texts: [string, string][] = [
    ...steps.map((text): [string, string] => ['bash', text]),
    ...[...scripts, ...crontab().jobs.map(({ command }) => command)].map((text): [string, string] => ['sh', text]),
  ]
  expect(texts).toHaveLength(16)
  const found = texts.map(([dialect, input]) => spawnSync('shellcheck', ['-s', dialect, '-'], { input, encoding: 'utf8' }).stdout)
  expect(found.join('')).toBe('')
})

describe('cron', () => {
  const { env, jobs } = crontab()
  const [watch, drift] = jobs

  /** Runs a line as cron does. @returns what would be mailed */
  async function mail(line: (typeof jobs)[number] | undefined): Promise<string> {
    const { PATH = '' } = env
    const home = { HOME: folder, AKCTL_HOME: ann.home, LOGNAME: 'ann', SHELL: '/bin/sh' }
    const { command = '', input } = line ?? {}
    const shell = startShell(['/bin/sh', '-c', command], folder, { ...env, ...home, PATH: `${bin}:${PATH}` }, input)
    const { stdout, stderr } = await shell.done
    return stdout + stderr
  }

  beforeAll(async () => {
    await ann.ok(words('settings set --defaults mta-observer=on'))
    for (const name of ['mx1', 'mx2']) await ann.ok(['settings', 'pull', name])
    await ann.ok(words('mta sync --all'))
  })

  test('two lines, mailed to somebody, that say nothing when all is well', async () => {
    expect([jobs.map(({ when }) => when), Object.keys(env)]).toEqual([
      ['* * * * *', '7 * * * *'],
      ['MAILTO', 'PATH'],
    ])
    expect([await mail(watch), await mail(drift)]).toEqual(['', ''])
  })

  test('an edit by hand is a mail with its text', async () => {
    const main = mx2.path('akctl/current/conf/main.cf')
    const text = readFileSync(main, 'utf8')
    appendFileSync(main, 'smtp_helo_timeout = 7s\n')
    const body = await mail(drift)
    expect(body).toMatch(/^mx1 \(revision \d+\): no differences\nmx2 .*\n {2}main\.cf \(edited by hand; .*\)\n/)
    expect(body).toMatch(/^ +-smtp_helo_timeout = 7s$/m)
    expect(await mail(watch)).toBe('')
    writeFileSync(main, text)
    expect(await mail(drift)).toBe('')
  })

  test('a killed MTA is restarted, once, also when two crontabs do it at the same time; the mail says so', async () => {
    const [pid = 0] = mx1.masters()
    expect(pid).toBeGreaterThan(1) // 0 and -1 would be others'
    process.kill(pid, 'SIGKILL')
    await until('it is dead', 20, () => mx1.masters().length === 0 || undefined)
    const before = mx1.begun('start')
    const mails = await Promise.all([mail(watch), mail(watch)])
    expect([running(), mx1.begun('start')]).toEqual([[1, 1], before + 1])
    const events = mails.join('').trimEnd().split('\n')
    expect(events.map((line) => JSON.parse(line) as unknown)).toContainEqual(
      expect.objectContaining({ event: 'restarted', node: 'mx1', pid: mx1.masters()[0] }),
    )
  })

  test("an operator's stop is respected", async () => {
    await ann.ok(words('mta stop mx2'))
    const said = await mail(watch)
    expect([running(), said]).toEqual([[1, 0], expect.stringContaining('"event":"stopped","node":"mx2"')])
    expect([await mail(watch), running()]).toEqual(['', [1, 0]])
  })

  test('nodes that are lost are mailed once by the first line, and by the second as long as they are', async () => {
    await sshd.stop()
    expect(
      (await mail(watch))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([
      { event: 'unreachable', node: 'mx1' },
      { event: 'unreachable', node: 'mx2' },
    ])
    expect(await mail(watch)).toBe('')
    expect(await mail(drift)).toMatch(/mx1 .*connection refused/)
  })
})
