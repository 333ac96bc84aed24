import type { Selection } from '../../fleet/select.ts'
import type { NodeRecord } from '../../node/record.ts'
import type { Context } from '../context.ts'
import { loadFleet } from '../run/fleet.ts'

/** The nodes that a verb with this selection would act on; none is asked. @throws as loadFleet */
export async function selectOnly(context: Context, selection: Selection): Promise<readonly NodeRecord[]> {
  return (await loadFleet(context, selection)).nodes
}
