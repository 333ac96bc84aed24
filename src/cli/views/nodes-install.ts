import type { Installed } from '../../operations/install/install.ts'
import type { View } from './view.ts'

/** What an installation did: a line a node. */
export const nodesInstallView: View<undefined, Installed> = {
  schema: 'nodes.install/1',
  table: ({ nodes = [] }) => ({
    columns: ['NAME', 'OUTCOME', 'WHAT', 'VERSION'],
    // Why a node failed is said once, below the table.
    rows: nodes.map(({ node, outcome, result }) => [
      node,
      outcome,
      result === undefined ? '-' : words(result),
      result?.version ?? '-',
    ]),
  }),
}

function words({ dryRun, sent, made, adopted, listen, hostname }: Installed): string {
  if (adopted === true) {
    if (dryRun) return 'would be: adopted as it is, where it is not yet'
    return made === true ? 'adopted as it is' : 'is adopted already, nothing to do'
  }
  const programs = sent ? ['programs sent'] : []
  const where = `listening on ${listen ?? '-'} as ${hostname ?? '-'}`
  if (dryRun) return `would be: ${[...programs, `prepared where it is not yet, ${where}`].join(', ')}`
  if (made === true) return [...programs, `prepared, ${where}`].join(', ')
  return sent ? 'programs sent; the base is as it was' : 'is prepared already, nothing to do'
}
