import * as v from 'valibot'
import { findNode } from '../../fleet/select.ts'
import { nodeSecrets } from '../../node/node-secrets.ts'
import { type NodeRecord, endpoint, endpointPort } from '../../node/record.ts'
import { Secret } from '../../node/secret.ts'
import { UsageError } from '../../outcome/errors.ts'
import type { Context } from '../context.ts'
import { checkInstallOptions, defaultHostname, defaultListen } from '../install/options.ts'
import { journalChange } from '../journal/change.ts'
import { type HarakaMember, PayloadMembers } from '../payload/members.ts'
import { assertProtectable } from '../secrets/access.ts'
import { agentFiles, agentFolder } from './agent-files.ts'
import { checkAgentListen, defaultAgentListen, identityFiles, installJson, listenWarnings, nodeJson } from './conf.ts'
import { type Credentials, type KeyChange, credentialsFor } from './credentials.ts'
import { NewFile } from '../files/new-file.ts'
import { applyNextState, checkNextState } from './next-state.ts'
import { assertTakesNewKey } from './proof.ts'
import type { Architecture, MadeArchive, Runtime } from './result.ts'
import { type Link, type SmallFile, lastMember } from './small-files.ts'

/** What `nodes archive` is told; undefined leaves it to what is usual. */
export interface ArchiveWish {
  readonly node: string
  readonly out: string
  /** Whether a file that is there is replaced. */
  readonly force: boolean
  /** Whether a rotation is ended without asking the agent by the new key. */
  readonly unasked: boolean
  /** `upgrade`: programs alone, no key is touched. */
  readonly change: KeyChange | 'upgrade'
  readonly listen: string | undefined
  readonly arch: Architecture | undefined
  readonly runtime: Runtime | undefined
  /** A folder with Node.js and Haraka, instead of the npm registry. */
  readonly from: string | undefined
  readonly smtpListen: string | undefined
  readonly hostname: string | undefined
}

/** How the archive before was made. */
const lastTime = v.object({ listen: v.string() })

/**
 * Makes the archive of an HTTPS node. Its certificate and API key are in the profile before the file is in its place;
 * what fails leaves neither.
 * @throws NotFoundError; ConflictError for a rotation that the node has not taken in; UsageError for a node that has no agent, a file that is there, or a key change that does not fit;
 * FailedError when what goes into it can't be had
 */
export async function archiveNode(context: Context, wish: ArchiveWish): Promise<MadeArchive> {
  const profile = await context.profile()
  const node = findNode((await profile.read()).nodes, wish.node)
  check(node, wish)
  if (wish.change === 'finish' && !wish.unasked) await assertTakesNewKey(context, node)
  const file = await NewFile.open(wish.out, wish.force)
  let undo: (() => Promise<void>) | undefined
  try {
    const credentials = wish.change === 'upgrade' ? undefined : await credentialsOf(context, node, wish.change)
    const made = await fill(context, file, node, wish, credentials)
    context.signal.throwIfAborted()
    if (credentials !== undefined) {
      const kept = [nodeSecrets(node.id).archive, new Secret(JSON.stringify({ listen: made.listen }))] as const
      const next = { ...credentials.next, secrets: [kept, ...credentials.next.secrets] }
      undo = await applyNextState(profile, node, next)
    }
    await file.commit()
    undo = undefined
    await tell(context, node, wish, made)
    return made
  } catch (error) {
    await undo?.()
    throw error
  } finally {
    await file.discard()
  }
}

function check(node: NodeRecord, wish: ArchiveWish): void {
  if (node.access !== 'https') {
    throw new UsageError(`${node.name} is reached by ${node.access}: an archive is for a node with an agent`, {
      hints: [`akctl nodes edit ${node.name} --access https`],
    })
  }
  if (wish.listen !== undefined) checkAgentListen(wish.listen)
  checkInstallOptions({ listen: wish.smtpListen, hostname: wish.hostname })
}

async function credentialsOf(context: Context, node: NodeRecord, change: KeyChange): Promise<Credentials> {
  await assertProtectable(context)
  const credentials = await credentialsFor(context, node, change)
  checkNextState(node, credentials.next)
  return credentials
}

/** Writes all of the file. */
async function fill(
  context: Context,
  file: NewFile,
  node: NodeRecord,
  wish: ArchiveWish,
  credentials: Credentials | undefined,
): Promise<MadeArchive> {
  const contents = contentsOf(wish)
  const small: (SmallFile | Link)[] = []
  const made = { node: node.name, file: file.path, contents, mta: node.mta, endpoint: endpoint(node.host, endpointPort(node)) }
  const programs = contents === 'conf' ? undefined : await programsOf(context, node, wish)
  if (programs !== undefined) {
    for (const member of programs.members) await file.appendFile(member, context.signal)
    small.push(...programs.small)
  }
  const conf = credentials === undefined ? undefined : confOf(context, node, wish, credentials)
  if (conf !== undefined) small.push(...conf.files)
  await file.append(await lastMember(small))
  return {
    ...made,
    bytes: await file.finish(),
    ...(conf === undefined ? {} : { listen: conf.listen }),
    ...(credentials?.fingerprint === undefined ? {} : { fingerprint: credentials.fingerprint }),
    ...(programs?.arch === undefined ? {} : { arch: programs.arch }),
  }
}

/** Runtime and MTA as members, and the small files that belong to them. */
async function programsOf(context: Context, node: NodeRecord, wish: ArchiveWish) {
  const { env, signal } = context
  const small: (SmallFile | Link)[] = [...(await agentFiles(agentFolder()))]
  const options = { env, signal, note: (text: string) => context.note(text) }
  const payload = new PayloadMembers({ ...options, ...(wish.from === undefined ? {} : { from: wish.from }) })
  const arch = wish.runtime === 'system' ? undefined : (wish.arch ?? 'x64')
  const runtime = arch === undefined ? [] : [await payload.runtime(arch)]
  const haraka: HarakaMember | undefined = node.mta === 'haraka' ? await payload.haraka() : undefined
  if (haraka !== undefined) {
    // One Node.js serves both. `mta` is a link, as `nodes install` makes it: an upgrade leaves what runs its files.
    if (arch !== undefined) small.push({ path: 'runtime/bin/node', target: '../../lib/node' })
    small.push({ path: 'mta', target: haraka.folder })
  }
  return { members: [...runtime, ...(haraka === undefined ? [] : [haraka.file])], small, ...(arch === undefined ? {} : { arch }) }
}

function confOf(context: Context, node: NodeRecord, wish: ArchiveWish, credentials: Credentials) {
  const before = v.safeParse(lastTime, JSON.parse(credentials.before ?? 'null'))
  const listen = wish.listen ?? (before.success ? before.output.listen : defaultAgentListen(node))
  for (const warning of listenWarnings(node, listen)) context.warn(warning)
  const files = [nodeJson(node, listen, credentials.digests)]
  if (credentials.identity !== undefined) files.push(...identityFiles(credentials.identity))
  if (contentsOf(wish) === 'all') {
    files.push(
      installJson({
        SMTP_LISTEN: wish.smtpListen ?? defaultListen(node),
        HOSTNAME: wish.hostname ?? defaultHostname(node, undefined),
        BY: context.operator,
      }),
    )
  }
  return { listen, files }
}

function contentsOf({ change }: ArchiveWish): MadeArchive['contents'] {
  if (change === 'upgrade') return 'programs'
  return change === 'rotate' || change === 'finish' ? 'conf' : 'all'
}

async function tell(context: Context, node: NodeRecord, wish: ArchiveWish, { fingerprint }: MadeArchive): Promise<void> {
  if (wish.change === 'upgrade') return // nothing has changed here
  const what = fingerprint === undefined ? wish.change : `${wish.change}, certificate ${fingerprint}`
  await journalChange(context, { verb: 'nodes archive', node: node.name, message: what })
}
