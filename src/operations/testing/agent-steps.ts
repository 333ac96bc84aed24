import type { AgentConnection } from '../../connection/agent/agent-connection.ts'
import { endpoint, endpointPort } from '../../node/record.ts'
import type { NodeState } from '../../node/state.ts'
import {
  AkctlError,
  CancelledError,
  ConflictError,
  FailedError,
  NodeError,
  TimeoutError,
  UnauthorizedError,
  UnreachableError,
  UntrustedError,
} from '../../outcome/errors.ts'
import { clockOffset } from '../logs/clock.ts'
import type { Session } from '../run/session.ts'
import { settlePending } from '../run/settle.ts'
import { clockNote } from './clock-note.ts'
import type { StepName, Steps } from './steps.ts'

/** What has to be passed before the agent says anything. */
const WAY = ['connect', 'identity', 'auth'] as const

/** Tries a node behind an agent, from the connection to its clock. The agent is asked for its version and its status. */
export async function tryAgent(session: Session, agent: AgentConnection, steps: Steps): Promise<void> {
  const { node, context } = session
  const notes = { connect: endpoint(node.host, endpointPort(node)), identity: 'as accepted', auth: 'by its API key' }
  const passed = (until: StepName): void => {
    for (const step of WAY.slice(0, WAY.includes(until as (typeof WAY)[number]) ? WAY.indexOf(until as 'auth') : undefined)) {
      steps.ok(step, notes[step])
    }
  }
  const asked = await attempt(steps, passed, 'auth', () => agent.version())
  if (asked === undefined) return
  const { agent: release, api, mta } = asked
  passed('agent')
  steps.ok('agent', `akctl ${release}, API ${api.major}.${api.minor}`)
  if (mta !== node.mta) {
    const hints = [`akctl nodes edit ${node.name} --mta ${mta}, or unpack an archive of this node there`]
    steps.fail('mta', new FailedError(`the agent drives ${mta}, and the record of ${node.name} says ${node.mta}`, { hints }))
    return
  }
  const state = await attempt(steps, passed, 'rights', async () => {
    await settlePending(session, 'read')
    return agent.status()
  })
  if (state === undefined) return
  stateSteps(session, state, steps)
  const ask = async (): Promise<number> => (await agent.status()).clock
  steps.ok('clock', clockNote(await clockOffset(ask, () => context.clock().getTime())))
}

/** Asks; the kind of error tells how far it got. @param refused the step that an `unauthorized` belongs to */
async function attempt<T>(
  steps: Steps,
  passed: (until: StepName) => void,
  refused: StepName,
  ask: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof AkctlError) || error instanceof CancelledError) throw error
    const at = error instanceof UnauthorizedError ? refused : failedStep(error)
    passed(at)
    steps.fail(at, error)
    return undefined
  }
}

function failedStep(error: AkctlError): StepName {
  if (error instanceof UntrustedError) return 'identity'
  if (error instanceof UnreachableError || error instanceof TimeoutError) return 'connect'
  if (!(error instanceof NodeError)) return 'auth' // no key in this profile, or none that opens
  return error instanceof ConflictError ? 'mta' : 'agent'
}

function stateSteps({ node }: Session, { installed, running, version }: NodeState, steps: Steps): void {
  const archive = `akctl nodes archive ${node.name} --out FILE`
  steps.ok('rights', "the agent's own")
  if (version !== undefined) steps.ok('version', version)
  else steps.skip('version', `no ${node.mta} found`)
  if (installed) {
    steps.ok('directory', "the agent's own (BASEDIR)")
    steps.ok('mta', `${node.mta}, ${running ? 'running' : 'stopped'}`)
  } else {
    steps.skip('directory', `nothing is prepared there yet; ${archive} holds what is to be unpacked`)
    steps.skip('mta', `${node.mta} is not prepared yet`)
  }
}
