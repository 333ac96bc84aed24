import * as Flags from '@oclif/core/flags'
import { type ArchiveWish, archiveNode } from '../../../operations/archive/archive.ts'
import { ARCHITECTURES, type MadeArchive, RUNTIMES } from '../../../operations/archive/result.ts'
import { wordArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { keyringFlag, plaintextFlag, unlockFlags } from '../../flags.ts'
import type { Report } from '../../report.ts'
import { nodesArchiveView } from '../../views/nodes-archive.ts'

/** Flags that say what is done to the node's keys; at most one of them. */
const CHANGES = ['renew', 'rotate', 'finish', 'upgrade'] as const
/** Flags about programs, which a conf-only archive has none of. */
const PROGRAMS = ['arch', 'runtime', 'from', 'smtp-listen', 'hostname']

const change = (name: (typeof CHANGES)[number], summary: string, without: readonly string[] = []) =>
  Flags.boolean({ summary, exclusive: [...CHANGES.filter((other) => other !== name), ...without], helpGroup: 'KEYS' })

export default class NodesArchive extends AkctlCommand {
  static override summary = 'make the installation archive of an HTTPS node: agent, mail server, Node.js, certificate, key'
  static override description =
    'Unpacked on the server it needs nothing else there. Its certificate is accepted and its API key kept by this profile from then on; the key itself is not in the archive, only its digest. The private key of the certificate is in it and nowhere else: move it by a safe way and delete it. Details: docs/archive.md.'
  static override examples = [
    '<%= config.bin %> nodes archive mx1 --listen 203.0.113.5:4433 --out akmta_node.tar.gz',
    '<%= config.bin %> nodes archive mx1 --upgrade --out programs.tar.gz',
    '<%= config.bin %> nodes archive mx1 --rotate --out conf.tar.gz',
  ]
  static override hiddenAliases = ['node:archive']
  static override args = { node: wordArg('name or id of a node with access https') }
  static override flags = {
    out: Flags.string({ summary: 'file to make', required: true }),
    force: Flags.boolean({ summary: 'replace the file if it is there' }),
    listen: Flags.string({
      summary: "ADDRESS:PORT of the agent; default: as last time, else the node's address (any, where it has a name) and port",
      exclusive: ['upgrade'],
    }),
    arch: Flags.string({ summary: 'architecture of the Node.js in it; default: x64', options: [...ARCHITECTURES] }),
    runtime: Flags.string({ summary: "Node.js: in the archive (default), or the server's own", options: [...RUNTIMES] }),
    from: Flags.string({ summary: 'folder with Node.js and Haraka, instead of the npm registry; see docs/archive.md' }),
    'smtp-listen': Flags.string({
      summary: 'ADDRESS:PORT of the SMTP listener; default: port 25 of the first address the node sends from, else of 127.0.0.1',
      exclusive: ['upgrade'],
    }),
    hostname: Flags.string({
      summary: "the MTA's own name; default: the node's host where that is a name, else the node's name",
      exclusive: ['upgrade'],
    }),
    rotate: change('rotate', 'conf only: the old and a new key, and a new certificate; the old key stays in use', PROGRAMS),
    finish: change('finish', 'conf only: ends a rotation; the new key alone is used from now on', PROGRAMS),
    unasked: Flags.boolean({
      summary: 'with --finish: do not ask the agent first whether it takes the new key',
      dependsOn: ['finish'],
      helpGroup: 'KEYS',
    }),
    renew: change('renew', 'a new key and certificate at once, for a node that is set up anew; the old ones are forgotten'),
    upgrade: change('upgrade', 'programs only: for unpacking over a node that has its configuration'),
    ...unlockFlags,
    keyring: keyringFlag,
    plaintext: plaintextFlag,
  }

  protected readonly view = nodesArchiveView

  protected async perform(context: CliContext): Promise<Report<MadeArchive>> {
    const { args, flags } = await this.input(NodesArchive, context)
    const { out, force, unasked, listen, from, hostname } = flags
    const wish: ArchiveWish = {
      node: args.node,
      change: CHANGES.find((name) => flags[name]) ?? 'first',
      arch: flags.arch as ArchiveWish['arch'],
      runtime: flags.runtime as ArchiveWish['runtime'],
      smtpListen: flags['smtp-listen'],
      ...{ out, force, unasked, listen, from, hostname },
    }
    return { data: await archiveNode(context, wish) }
  }
}
