import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { BIN, cleanEnv } from './cli.ts'
import { read } from './documents.ts'

/** What a shell made of a piece of a CI file. */
export interface ShellRun {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

/** A shell at work, in a process group of its own as under a CI system. */
export interface ShellProcess {
  readonly pid: number
  readonly done: Promise<ShellRun>
}

export type Env = Readonly<Record<string, string>>

export function startShell(argv: readonly string[], cwd: string, env: Env, input = ''): ShellProcess {
  const [program = '', ...args] = argv
  const child = spawn(program, args, { cwd, env, stdio: 'pipe', detached: true })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (stderr += text))
  child.stdin.on('error', () => undefined) // a command that reads no stdin may be gone before it is written
  child.stdin.end(input)
  const done = new Promise<ShellRun>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ exit: code ?? (signal === null ? -1 : 128), stdout, stderr }))
  })
  return { pid: child.pid ?? 0, done }
}

/**
 * A folder whose `akctl` is the built one, and whose `gh` keeps what it was given in `GH_LOG`: its arguments, and the file
 * behind --body-file.
 */
export function programs(folder: string): string {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'akctl'), `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`, { mode: 0o755 })
  writeFileSync(join(bin, 'gh'), '#!/bin/sh\nprintf "%s\\n" "$*" >"$GH_LOG"\ncat "$5" >>"$GH_LOG"\n', { mode: 0o755 })
  return bin
}

/** The environment of a job, before its system adds its own variables. */
export function jobEnv(home: string, bin: string): Record<string, string> {
  const { PATH = '', AKCTL_HOME, ...env } = cleanEnv(home)
  if (AKCTL_HOME === undefined) throw new Error('the job would have had a home all the same')
  return { ...env, PATH: `${bin}:${PATH}`, CI: 'true' }
}

interface Step {
  readonly name?: string
  readonly id?: string
  readonly if?: string
  readonly uses?: string
  readonly run?: string
  readonly env?: Env
}

interface Workflow {
  readonly jobs: Readonly<
    Record<string, { readonly concurrency?: unknown; readonly if: string; readonly steps: readonly Step[] }>
  >
}

/** docs/ci/github-actions.yml, whole. */
export const workflow = (): Workflow => parse(read('docs/ci/github-actions.yml')) as Workflow

/** Steps that need GitHub or a registry: their name, or what they use. */
const GITHUB_ONLY = ['actions/checkout@v4', 'actions/setup-node@v4', 'Install akctl']

/** One run of a job of the workflow, step by step, as the runner does it. */
export class GithubJob {
  readonly summaryFile: string
  /** The steps that were passed over, by name: see GITHUB_ONLY. */
  readonly leftOut: string[] = []
  /** The steps that ran, each with its result. */
  readonly ran: (readonly [string, ShellRun])[] = []
  private readonly outputs: Record<string, string> = {}
  private failed = false

  /**
   * @param folder of this run alone
   * @param expressions what `${{ … }}` in an `env:` is
   * @param change a visible change of the file's text, such as a shorter pause
   */
  constructor(
    private readonly name: string,
    private readonly folder: string,
    private readonly checkout: string,
    private readonly env: Env,
    private readonly expressions: Env,
    private readonly change: (run: string) => string = (run) => run,
  ) {
    mkdirSync(folder)
    this.summaryFile = join(folder, 'summary.md')
    writeFileSync(this.summaryFile, '')
    writeFileSync(join(folder, 'env'), '')
  }

  get summary(): string {
    return readFileSync(this.summaryFile, 'utf8')
  }

  /** The job's profile. */
  get home(): string {
    return join(this.folder, 'akctl')
  }

  /** The result of a step that ran. */
  step(name: string): ShellRun {
    const [, run] = this.ran.find(([each]) => each === name) ?? []
    if (run === undefined) throw new Error(`the step "${name}" did not run: ${JSON.stringify(this.ran)}`)
    return run
  }

  /** @param meanwhile called with each step's shell while it is at work */
  async all(meanwhile: (name: string, shell: ShellProcess) => Promise<void> = () => Promise.resolve()): Promise<this> {
    for (const step of workflow().jobs[this.name]?.steps ?? []) {
      const name = step.name ?? step.uses ?? ''
      if (GITHUB_ONLY.includes(name)) this.leftOut.push(name)
      else if (this.wanted(step.if)) {
        const shell = this.start(step)
        await meanwhile(name, shell)
        this.ended(step, name, await shell.done)
      }
    }
    return this
  }

  private start({ run, env = {} }: Step): ShellProcess {
    if (run?.includes('${{') !== false) throw new Error(`no text of a shell, or one that GitHub would write into: ${run ?? ''}`)
    const script = join(this.folder, 'script.sh')
    writeFileSync(script, this.change(run))
    writeFileSync(join(this.folder, 'output'), '')
    return startShell(['bash', '-e', script], this.checkout, {
      ...this.env,
      GITHUB_ACTIONS: 'true',
      GITHUB_SHA: 'c0ffee',
      GITHUB_ENV: join(this.folder, 'env'),
      GITHUB_OUTPUT: join(this.folder, 'output'),
      GITHUB_STEP_SUMMARY: this.summaryFile,
      RUNNER_TEMP: this.folder,
      ...pairsIn(join(this.folder, 'env')),
      ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, this.expanded(value)])),
    })
  }

  private ended({ id = '' }: Step, name: string, run: ShellRun): void {
    this.ran.push([name, run])
    this.failed ||= run.exit !== 0
    for (const [key, value] of Object.entries(pairsIn(join(this.folder, 'output')))) this.outputs[`${id}.${key}`] = value
  }

  private wanted(condition: string | undefined): boolean {
    if (condition === undefined) return !this.failed
    if (condition === 'failure() || cancelled()') return this.failed
    const [, output = '', value] = /^steps\.(\w+\.outputs\.\w+) == '(.*)'$/.exec(condition) ?? []
    if (value === undefined) throw new Error(`the test does not understand the condition: ${condition}`)
    return !this.failed && this.outputs[output.replace('outputs.', '')] === value
  }

  private expanded(value: string): string {
    return value.replace(/\$\{\{ (\S+) \}\}/g, (_, name: string) => {
      const known = this.expressions[name]
      if (known === undefined) throw new Error(`the test does not know ${name}`)
      return known
    })
  }
}

function pairsIn(file: string): Record<string, string> {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return Object.fromEntries(lines.map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]))
}

interface GitlabDefinition {
  readonly extends?: string
  readonly variables?: Env
  readonly before_script?: readonly string[]
  readonly script?: readonly string[]
  readonly after_script?: readonly string[]
  readonly allow_failure?: { readonly exit_codes: readonly number[] }
  readonly artifacts?: { readonly when: string; readonly paths: readonly string[] }
  readonly resource_group?: string
  readonly interruptible?: boolean
}

/** A job of docs/ci/gitlab-ci.yml, with what it extends. */
export function gitlabDefinition(name: string): GitlabDefinition {
  const jobs = parse(read('docs/ci/gitlab-ci.yml')) as Record<string, GitlabDefinition>
  const job = jobs[name] ?? {}
  return { ...jobs[job.extends ?? ''], ...job }
}

/** The one line that needs a registry. */
export const GITLAB_ONLY = 'npm install --global ./akctl-0.1.0.tgz'

/**
 * Runs a job of the GitLab file: before_script and script in one shell, then after_script in another.
 * @param folder a clone of the repository for this job alone, with the artifacts of jobs before
 * @param change a visible change of the file's text, such as a shorter pause
 */
export async function runGitlabJob(
  name: string,
  folder: string,
  given: Env,
  change: (script: string) => string = (script) => script,
): Promise<ShellRun> {
  const { variables = {}, before_script: before = [], script = [], after_script: after = [] } = gitlabDefinition(name)
  const expanded = Object.entries(variables).map(([key, value]) => [
    key,
    value.replace(/\$(\w+)/g, (_, variable: string) => given[variable] ?? ''),
  ])
  const env: Env = { ...given, GITLAB_CI: 'true', ...(Object.fromEntries(expanded) as Env) }
  const lines = [...before, ...script].filter((line) => line !== GITLAB_ONLY)
  const run = await startShell(['sh', '-e', '-c', change(lines.join('\n'))], folder, env).done
  const cleaned = await startShell(['sh', '-e', '-c', after.join('\n')], folder, env).done
  if (cleaned.exit !== 0 || existsSync(env['AKCTL_HOME'] ?? '')) throw new Error(`the job's profile is left: ${cleaned.stderr}`)
  return run
}

/** docs/ci/crontab: its variables, and the commands with their schedules. */
export function crontab(): {
  readonly env: Env
  readonly jobs: readonly { readonly when: string; readonly command: string; readonly input: string }[]
} {
  const lines = read('docs/ci/crontab')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const variables = lines.flatMap((line) => [...line.matchAll(/^(\w+)=(.*)$/g)])
  const jobs = lines.flatMap((line) => [...line.matchAll(/^((?:[\d*/,-]+ ){5})(.*)$/g)])
  if (variables.length + jobs.length !== lines.length) throw new Error('a line of the crontab is neither variable nor job')
  return {
    env: Object.fromEntries(variables.map(([, name = '', value = '']) => [name, value])),
    jobs: jobs.map(([, when = '', text = '']) => {
      // A bare % ends the command, and is a line break in what is its stdin; \% is a %.
      const [command = '', ...input] = text.split(/(?<!\\)%/).map((part) => part.replaceAll('\\%', '%'))
      return { when: when.trim(), command, input: input.join('\n') }
    }),
  }
}
