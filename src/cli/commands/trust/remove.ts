import * as Flags from '@oclif/core/flags'
import type { TrustRecord } from '../../../node/trust.ts'
import { removeTrust } from '../../../operations/trust/remove.ts'
import { wordArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import type { Report } from '../../report.ts'
import { trustRemoveView } from '../../views/trust.ts'

export default class TrustRemove extends AkctlCommand {
  static override summary = 'accept an identity no longer'
  static override examples = [
    '<%= config.bin %> trust remove mx1',
    '<%= config.bin %> trust remove mx1 --fingerprint SHA256:0mkCpvKjTsbJtTdhJDPOYtLJTbmVHQIBJYIZLg5zHwc',
    '<%= config.bin %> trust remove mx1 --jump',
  ]
  static override args = { target: wordArg('a node, or an endpoint: host:port') }
  static override flags = {
    fingerprint: Flags.string({ summary: 'only this identity; without it, all of the endpoint' }),
    jump: Flags.boolean({ summary: "the node's jump host instead of the node" }),
  }

  protected readonly view = trustRemoveView

  protected async perform(context: CliContext): Promise<Report<readonly TrustRecord[]>> {
    const { args, flags } = await this.input(TrustRemove, context)
    const { fingerprint, jump } = flags
    return { data: await removeTrust(context, args.target, { jump, ...(fingerprint === undefined ? {} : { fingerprint }) }) }
  }
}
