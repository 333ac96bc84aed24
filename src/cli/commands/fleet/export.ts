import * as Flags from '@oclif/core/flags'
import { type Exported, exportFleet } from '../../../operations/fleet/export.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import type { Report } from '../../report.ts'
import { fleetExportView } from '../../views/fleet.ts'

export default class FleetExport extends AkctlCommand {
  static override summary = 'write the profile as a fleet file: defaults, groups, nodes'
  static override description =
    'A file that is there keeps its comments and its order; only what differs is changed. Keys are named, secrets are not in it. Without a file the text goes to stdout. The form of the file: docs/fleet.md.'
  static override examples = ['<%= config.bin %> fleet export', '<%= config.bin %> fleet export -f fleet.yaml']
  static override flags = {
    file: Flags.string({ char: 'f', summary: 'fleet file to write or bring up to date', exclusive: ['out'] }),
    out: Flags.string({ summary: 'the same as --file' }),
  }

  protected readonly view = fleetExportView

  protected async perform(context: CliContext): Promise<Report<Exported>> {
    const { flags } = await this.input(FleetExport, context)
    return { data: await exportFleet(context, flags.file ?? flags.out) }
  }
}
