import type { OrderState } from '../../node/revision.ts'
import type { Script } from '../../script/script.ts'
import type { Edit, Installation, MtaDriver } from '../driver.ts'
import type { ApplyResult, InterfaceInfo, TextDiff } from './results.ts'
import { readApply, verbScript } from './operations.ts'
import diffText from './diff.sh'
import interfacesText from './interfaces.sh'
import rollbackText from './rollback.sh'

export type { OrderState }
export function diffScript(
  _driver: MtaDriver,
  _installation: Installation,
  _edits: readonly Edit[],
): Script<readonly TextDiff[]> {
  return verbScript(_driver, _installation, { name: 'diff', text: diffText, args: [], changes: false }, () => [])
}
export function interfacesScript(_driver: MtaDriver, _installation: Installation): Script<readonly InterfaceInfo[]> {
  return verbScript(_driver, _installation, { name: 'interfaces', text: interfacesText, args: [], changes: false }, () => [])
}
export function rollbackScript(
  _driver: MtaDriver,
  _installation: Installation,
  _order: { readonly id: string; readonly lockWait: number },
  _to?: number,
): Script<ApplyResult> {
  return verbScript(_driver, _installation, { name: 'rollback', text: rollbackText, args: [], changes: true }, readApply)
}
