import { isIP } from 'node:net'
import type { Host } from '../../connection/host.ts'
import { runScript } from '../../connection/scripted/run-script.ts'
import type { Done } from '../../fleet/fan-out.ts'
import type { Selection } from '../../fleet/select.ts'
import { endpoint, endpointPort, type NodeRecord } from '../../node/record.ts'
import { AkctlError, CancelledError, FailedError, NodeError, UnreachableError, UntrustedError } from '../../outcome/errors.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import type { Context } from '../context.ts'
import { clockOffset } from '../logs/clock.ts'
import { loadFleet } from '../run/fleet.ts'
import type { Session } from '../run/session.ts'
import { settlePending } from '../run/settle.ts'
import { visitBelow, type Width } from '../run/visit.ts'
import { tryAgent } from './agent-steps.ts'
import { clockNote } from './clock-note.ts'
import { probeScript, type Probe } from './probe.ts'
import { Steps, type StepName, type StepResult } from './steps.ts'

/** What a test of one node found, step by step. */
export interface TestResult {
  readonly steps: readonly StepResult[]
}

/** Tries every selected node step by step, from its name to its clock. Changes nothing. */
export async function testNodes(
  context: Context,
  selection: Selection,
  width: Width,
): Promise<readonly NodeOutcome<TestResult>[]> {
  const fleet = await loadFleet(context, selection)
  return visitBelow<TestResult>(context, fleet, width, { kind: 'read' }, async (session, below) => {
    const steps = new Steps()
    await resolveStep(session.node, steps)
    if (steps.error === undefined) {
      if (below.kind === 'host') await tryHost(session, below.host, steps)
      else await tryAgent(session, below.agent, steps)
    }
    return doneOf(steps)
  })
}

function doneOf(steps: Steps): Done<TestResult> {
  const { error, report } = steps
  const result = { steps: steps.results() }
  if (error === undefined || report === undefined) return { outcome: 'ok', result }
  return { outcome: error instanceof NodeError ? error.outcome : 'failed', result, error: report }
}

async function tryHost(session: Session, host: Host, steps: Steps): Promise<void> {
  const { node, context } = session
  const probe = await reach(session, host, steps)
  if (probe === undefined) return
  await settlePending(session, 'read')
  directoryStep(node, probe, steps)
  await mtaSteps(session, steps)
  steps.skip('agent', `access is ${node.access}: there is no agent`)
  if (node.access === 'local') {
    steps.ok('clock', "this machine's")
    return
  }
  const ask = async (): Promise<number> => (await runScript(host, probeScript(node.directory), runOptions(context))).clock
  steps.ok('clock', clockNote(await clockOffset(ask, () => context.clock().getTime())))
}

async function resolveStep(node: NodeRecord, steps: Steps): Promise<void> {
  if (node.access === 'local') {
    for (const step of ['resolve', 'connect', 'identity', 'auth'] as const) steps.skip(step, 'this machine')
    return
  }
  const { host } = node.jump ?? node
  const whose = node.jump === undefined ? '' : `jump host ${host}: `
  if (isIP(host) !== 0) {
    steps.ok('resolve', `${whose}an address`)
    return
  }
  try {
    const { lookup } = await import('node:dns/promises') // not at every start: only this command needs it
    const found = await lookup(host, { all: true })
    steps.ok('resolve', `${whose}${found.map(({ address }) => address).join(' ')}`)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    steps.fail('resolve', new UnreachableError(`${host} has no address: ${why}`, { hints: [`getent hosts ${host}`] }))
  }
}

/** Connects and logs in; the kind of error tells how far it got. */
async function reach({ node, context }: Session, host: Host, steps: Steps): Promise<Probe | undefined> {
  const remote = node.access !== 'local'
  const passed: readonly StepName[] = remote ? ['connect', 'identity', 'auth'] : []
  const notes: Readonly<Partial<Record<StepName, string>>> = {
    connect: endpoint(node.host, endpointPort(node)),
    identity: 'as accepted',
    auth: `${node.user ?? 'root'} by ${node.key === undefined || node.key === 'agent' ? 'ssh-agent' : `key ${node.key}`}`,
  }
  try {
    const probe = await runScript(host, probeScript(node.directory), runOptions(context))
    for (const step of passed) steps.ok(step, notes[step] ?? '')
    steps.ok('rights', `${probe.user}${node.sudo ? ' by sudo' : ''}`)
    return probe
  } catch (error) {
    if (!(error instanceof AkctlError) || error instanceof CancelledError) throw error
    const at = failedStep(error, remote)
    for (const step of passed.slice(0, Math.max(0, passed.indexOf(at)))) steps.ok(step, notes[step] ?? '')
    if (at === 'rights') for (const step of passed) steps.ok(step, notes[step] ?? '')
    steps.fail(at, error)
    return undefined
  }
}

function failedStep(error: AkctlError, remote: boolean): StepName {
  if (!remote) return 'rights'
  if (error instanceof UntrustedError) return 'identity'
  if (error.stage === 'program') return 'rights'
  if (error.stage === 'login' || !(error instanceof NodeError)) return 'auth' // no NodeError: a key that is missing here
  return error instanceof FailedError ? 'rights' : 'connect' // failed: the probe itself, on the node
}

function directoryStep({ directory, name }: NodeRecord, probe: Probe, steps: Steps): void {
  const install = `akctl nodes install ${name}`
  if (probe.directory && probe.writable) steps.ok('directory', directory)
  else if (!probe.directory && probe.writable) steps.skip('directory', `${directory} is not there yet; ${install} makes it`)
  else {
    const what = probe.directory ? directory : (probe.above ?? directory)
    const hints = [
      'log in as another user, or let this one use sudo: akctl nodes edit NODE --sudo',
      'is the file system read-only?',
    ]
    steps.fail('directory', new FailedError(`${probe.user} can't write to ${what}`, { hints }))
  }
}

async function mtaSteps({ node, connection }: Session, steps: Steps): Promise<void> {
  try {
    const { installed, running, version } = await connection.status()
    if (version !== undefined) steps.ok('version', version)
    else steps.skip('version', `no ${node.mta} found`)
    if (installed) steps.ok('mta', `${node.mta}, ${running ? 'running' : 'stopped'}`)
    else steps.skip('mta', `${node.mta} is not prepared yet: run akctl nodes install ${node.name}`)
  } catch (error) {
    if (!(error instanceof AkctlError) || error instanceof CancelledError) throw error
    steps.fail('mta', error)
  }
}

function runOptions(context: Context): Parameters<typeof runScript>[2] {
  return { timeout: context.run.commandTimeout, signal: context.signal }
}
