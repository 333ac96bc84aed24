import * as v from 'valibot'
import { shapeOf } from '../../connection/wire/shape.ts'
import { settingKey, settingValue } from '../../connection/wire/shapes.ts'
import { SYNCED } from '../../node/state.ts'
import type { KeyChange } from '../../operations/mta/results.ts'
import { EXIT_CODES, type ExitCode } from '../../outcome/exit-codes.ts'
import { OUTCOMES } from '../../outcome/outcome.ts'

export const outcome = v.picklist(OUTCOMES)
export const synced = v.picklist(SYNCED)
export const exitCode = v.picklist(EXIT_CODES.map(({ code }) => code) as [ExitCode, ...ExitCode[]])

export const keyChange = shapeOf<KeyChange>()(
  v.object({ key: settingKey, told: v.exactOptional(settingValue), wanted: v.exactOptional(settingValue) }),
)
