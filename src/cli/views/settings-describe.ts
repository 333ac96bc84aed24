import type { DriverSupport, SettingDescription } from '../../operations/settings/describe.ts'
import type { SettingType } from '../../node/settings.ts'
import { detailsText, type Details } from './details.ts'
import type { Style, View } from './view.ts'

/** All settings as a table; one by one, with what each becomes, as text when only some were named. */
export function settingsDescribeView(named: boolean): View<readonly SettingDescription[]> {
  return {
    schema: 'settings.describe/1',
    table: ({ data = [] }) => ({
      columns: ['KEY', 'TYPE', 'UNIT', 'RANGE', 'SUGGESTED', 'POSTFIX', 'HARAKA', 'LABEL', 'DESCRIPTION', 'POSTFIX-SYSTEM'],
      rows: data.map((def) => [
        def.key,
        def.type,
        def.unit ?? '-',
        rangeText(def),
        def.suggested,
        levelOn(def, 'postfix'),
        levelOn(def, 'haraka'),
        def.label,
        def.description,
        levelOn(def, 'postfix-system'),
      ]),
    }),
    ...(named
      ? { text: ({ data = [] }, style) => data.map((def) => detailsText(detailsOf(def), style)).join('\n') + ORIGIN(style) }
      : {}),
  }
}

const ORIGIN = (style: Style): string =>
  `\n${style.dim("Ranges and suggested values are proposals from MTA practice; the page the settings come from gives none. A setting that nobody set leaves the MTA's own configuration alone.")}\n`

const TYPES: Readonly<Record<SettingType, string>> = {
  int: 'whole number',
  duration: 'duration',
  bool: 'switch',
  header: 'header name',
  email: 'mail address',
  ips: 'list of IP addresses',
}

function detailsOf(def: SettingDescription): Details {
  return [
    ['key', def.key],
    ['label', def.label],
    ['what', def.description],
    ['type', TYPES[def.type]],
    ['allowed', def.allowed],
    ['suggested', `${def.suggested} (a proposal)`],
    ...def.support.map(({ mta, level, what }) => [nameOf(mta), `${level}: ${what}`] as const),
  ]
}

function nameOf(mta: string): string {
  return mta === 'postfix-system' ? "postfix (the system's)" : mta
}

function rangeText({ type, min, max, unit }: SettingDescription): string {
  if (min === undefined || max === undefined) return '-'
  const suffix = type === 'duration' ? (unit ?? '') : ''
  return `${min}${suffix}-${max}${suffix}`
}

function levelOn({ support }: { readonly support: readonly DriverSupport[] }, mta: string): string {
  return support.find((entry) => entry.mta === mta)?.level ?? '-'
}
