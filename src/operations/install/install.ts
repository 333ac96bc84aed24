import type { Host } from '../../connection/host.ts'
import { runScript } from '../../connection/scripted/run-script.ts'
import type { Done } from '../../fleet/fan-out.ts'
import type { Selection } from '../../fleet/select.ts'
import type { InstallArchive, InstallOptions } from '../../mta/driver.ts'
import { driverOf } from '../../mta/drivers.ts'
import { harakaProbe } from '../../mta/haraka/probe.ts'
import { installScript } from '../../mta/shared/operations.ts'
import type { InstallResult } from '../../mta/shared/results.ts'
import { UnknownOutcomeError } from '../../outcome/errors.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import { installationOf, noScripts } from '../connector.ts'
import type { Context } from '../context.ts'
import { confirmMany, type Consent } from '../run/confirm.ts'
import { loadFleet } from '../run/fleet.ts'
import { claimOf } from '../run/lease.ts'
import type { Parts } from '../run/parts.ts'
import type { Session } from '../run/session.ts'
import { settlePending } from '../run/settle.ts'
import { visitHosts, type Width } from '../run/visit.ts'
import { HarakaArchives } from '../payload/haraka-archive.ts'
import { probeScript } from '../testing/probe.ts'
import { checkInstallOptions, defaultHostname, defaultListen, isAdopted, refuseForAdopted } from './options.ts'

/** What `nodes install` is told. */
export interface InstallRun {
  readonly selection: Selection
  readonly width: Width
  /** Part by part; undefined: all nodes at once. */
  readonly waves?: Parts | undefined
  readonly consent: Consent
  readonly dryRun: boolean
  readonly reason: string | undefined
  /** `ADDR:PORT` of the SMTP listener; default: port 25 of the first address the node sends from, else of 127.0.0.1. */
  readonly listen: string | undefined
  /** Default: the node's host when it is a name, else what the machine calls itself. */
  readonly hostname: string | undefined
}

/** What an installation did on a node, or (dry run) what it would be told; a Postfix that is adopted is told nothing. */
export interface Installed extends Partial<InstallOptions>, Partial<InstallResult> {
  readonly dryRun: boolean
  /** Whether programs were sent. */
  readonly sent: boolean
}

/**
 * Prepares the directories of nodes. Run again it changes only what is not as it should be.
 * @throws what concerns the whole run, before anything is done on any node
 */
export async function installNodes(context: Context, run: InstallRun): Promise<readonly NodeOutcome<Installed>[]> {
  checkInstallOptions(run)
  const fleet = await loadFleet(context, run.selection)
  refuseForAdopted(fleet.nodes, run)
  const agent = fleet.nodes.find(({ access }) => access === 'https')
  if (agent !== undefined) throw noScripts(agent)
  const names = fleet.nodes.map(({ name }) => name)
  if (!run.dryRun) await confirmMany(context, names, 'install', run.consent)
  const { env, signal } = context
  const archives = new HarakaArchives({ env, signal, note: (text) => context.note(text) })
  const purpose = run.dryRun
    ? ({ kind: 'read' } as const)
    : ({ kind: 'change', verb: 'nodes install', reason: run.reason } as const)
  const work = async (session: Session, host: Host): Promise<Done<Installed>> => {
    await settlePending(session, purpose.kind)
    const result = await installNode(session, host, run, archives)
    return { outcome: result.made === true || (result.sent && !run.dryRun) ? 'changed' : 'ok', result }
  }
  return visitHosts(context, fleet, run.width, purpose, work, run.dryRun ? undefined : run.waves)
}

async function installNode(session: Session, host: Host, run: InstallRun, archives: HarakaArchives): Promise<Installed> {
  const { context, node } = session
  const reading = { timeout: context.run.commandTimeout, signal: context.signal }
  const { fqdn } = await runScript(host, probeScript(node.directory), reading)
  const options = {
    listen: run.listen ?? defaultListen(node),
    hostname: run.hostname ?? defaultHostname(node, fqdn),
  }
  const driver = driverOf(node.mta)
  let archive: InstallArchive | undefined
  if (driver.ships === 'haraka')
    archive = await archives.forNode(await runScript(host, harakaProbe(installationOf(node)), reading))
  const sent = archive !== undefined
  if (run.dryRun) return { ...(isAdopted(node) ? { adopted: true } : options), dryRun: true, sent }
  const stamp = { by: context.operator, at: context.clock().toISOString() }
  const { changeTimeout, lockWait } = context.run
  const claimant = { by: stamp.by, reason: run.reason ?? '', lease: claimOf(context, 'nodes install') }
  const script = installScript(driver, installationOf(node), { ...options, ...stamp, claimant, lockWait }, archive)
  // Not cut by Ctrl-C: what was sent is finished, and a second run changes nothing.
  const result = await session
    .uncut(() => runScript(host, script, { timeout: changeTimeout + lockWait }))
    .catch((error: unknown) => {
      throw error instanceof UnknownOutcomeError ? again(error, node.name) : error
    })
  return { ...(result.adopted === true ? {} : options), ...result, dryRun: false, sent }
}

/** An installation needs no account of itself: it can simply be run again. */
function again(error: UnknownOutcomeError, name: string): UnknownOutcomeError {
  const hints = [`run it again: akctl nodes install ${name} changes only what is not as it should be`]
  return new UnknownOutcomeError(error.message, { hints, detail: error.detail, cause: error })
}
