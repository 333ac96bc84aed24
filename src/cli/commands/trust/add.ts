import * as Flags from '@oclif/core/flags'
import { type Added, addFingerprints, addShown } from '../../../operations/trust/add.ts'
import { addAuthority } from '../../../operations/trust/authority.ts'
import { importKnownHosts } from '../../../operations/trust/known-hosts.ts'
import { UsageError } from '../../../outcome/errors.ts'
import { optionalArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { connectionFlags } from '../../flags.ts'
import type { Report } from '../../report.ts'
import { trustAddView } from '../../views/trust.ts'

export default class TrustAdd extends AkctlCommand {
  static override summary =
    'accept the identity (SSH host key, certificate of an agent) of a node, of its jump host, or of an endpoint'
  static override description =
    'Without --fingerprint, --ca and --from-known-hosts the server is asked what it shows, and you are asked whether that is right. An agent is sent nothing for that but the handshake. A changed identity is never replaced: remove the old one first. Two identities may be accepted at once, for a change of keys or certificates without a gap.'
  static override examples = [
    '<%= config.bin %> trust add mx1',
    '<%= config.bin %> trust add mx1 --fingerprint SHA256:0mkCpvKjTsbJtTdhJDPOYtLJTbmVHQIBJYIZLg5zHwc',
    '<%= config.bin %> trust add mx1 --jump',
    '<%= config.bin %> trust add mx2 --ca /etc/ssl/our-ca.pem',
    '<%= config.bin %> trust add --from-known-hosts ~/.ssh/known_hosts',
  ]
  static override args = { target: optionalArg('a node, or an endpoint: host:port') }
  static override flags = {
    fingerprint: Flags.string({
      summary:
        'accept this one (SHA256:…; several times): a host key without asking the server, a certificate if the agent shows it',
      multiple: true,
      multipleNonGreedy: true,
      exclusive: ['from-known-hosts'],
    }),
    ca: Flags.string({
      summary: "accept what the CA with this certificate (a PEM file) has issued for the agent's host",
      exclusive: ['fingerprint', 'from-known-hosts', 'jump'],
    }),
    'from-known-hosts': Flags.string({ summary: 'accept what this known_hosts file accepts; of all nodes when none is named' }),
    jump: Flags.boolean({ summary: "the node's jump host instead of the node" }),
    ...connectionFlags,
  }

  protected readonly view = trustAddView

  protected async perform(context: CliContext): Promise<Report<readonly Added[]>> {
    const { args, flags } = await this.input(TrustAdd, context)
    const { fingerprint: fingerprints = [], 'from-known-hosts': file, jump, ca } = flags
    const { target } = args
    if (file !== undefined) {
      if (target === undefined && jump) throw new UsageError('--jump needs a node; without one, jump hosts are included anyway')
      return { data: await importKnownHosts(context, { file, jump, ...(target === undefined ? {} : { target }) }) }
    }
    if (target === undefined) {
      throw new UsageError('name a node or an endpoint (host:port)', { hints: ['or give --from-known-hosts FILE for all nodes'] })
    }
    if (ca !== undefined) return { data: [await addAuthority(context, target, ca)] }
    if (fingerprints.length > 0) return { data: [await addFingerprints(context, target, { fingerprints, jump })] }
    return { data: [await addShown(context, target, { jump })] }
  }
}
