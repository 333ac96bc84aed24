import type { MtaName } from '../node/record.ts'
import type { MtaDriver } from './driver.ts'
import { postfix } from './postfix/driver.ts'
import { haraka } from './haraka/driver.ts'

const DRIVERS: Readonly<Record<MtaName, MtaDriver>> = { postfix, haraka }

/** The driver of an MTA. */
export function driverOf(name: MtaName): MtaDriver {
  return DRIVERS[name]
}
