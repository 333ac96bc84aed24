import { nameProblem } from '../../node/names.ts'
import { nearNames } from '../../node/near.ts'
import { parseValue } from '../../node/setting-values.ts'
import { findSetting, settingDefs, type SettingKey, type Settings, type SettingValue } from '../../node/settings.ts'
import { UsageError } from '../../outcome/errors.ts'
import type { NodeGroup } from '../../profile/profile.ts'
import { groupTextProblem } from '../groups/groups.ts'
import { type NodeText, type Problem, readFields, TEXT_FIELDS } from '../nodes/fields.ts'
import { blankNode, contradictions, merged, type NodeSpec } from '../nodes/merge.ts'
import { type FieldDef, FILE_VERSION, NODE_FIELDS, SECTIONS } from './definition.ts'
import { secretProblems, unknownField } from './secrets.ts'
import { type FileProblem, isMap, type Tree, type TreeMap, type TreePath } from './tree.ts'

/** One node as a file wants it. */
export interface FleetNode {
  readonly spec: NodeSpec
  readonly settings: Settings
}

/** What a fleet file says; a section that is absent is left alone. */
export interface FleetFile {
  readonly defaults?: Settings
  readonly groups?: readonly NodeGroup[]
  readonly nodes?: readonly FleetNode[]
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const SWITCH: Readonly<Record<string, boolean>> = { true: true, on: true, yes: true, false: false, off: false, no: false }

/** Reads a file's content; all that is wrong with it at once. */
export function checkFleet(tree: Tree): { readonly file: FleetFile; readonly problems: readonly FileProblem[] } {
  const secrets = secretProblems(tree)
  if (secrets.length > 0) return { file: {}, problems: secrets } // nothing else is said, so that no message repeats one
  const checker = new Checker()
  const file = checker.file(tree)
  return { file, problems: checker.problems }
}

/** Walks through a file's content and collects what is wrong. */
class Checker {
  readonly problems: FileProblem[] = []

  file(tree: Tree): FleetFile {
    if (!isMap(tree)) {
      this.add([], `a fleet file is a mapping of ${Object.keys(SECTIONS).join(', ')}`)
      return {}
    }
    const { version, defaults, groups, nodes } = this.fields([], tree, SECTIONS)
    if (version === undefined) this.add([], `there is no version: give version: ${FILE_VERSION} as the first line`)
    else if (version !== FILE_VERSION && typeof version === 'string') {
      this.add(['version'], `"${version}" is no version that this akctl knows: give ${FILE_VERSION}`)
    }
    return {
      ...(defaults === undefined ? {} : { defaults: this.settings(['defaults'], defaults) }),
      ...(groups === undefined ? {} : { groups: this.groups(mapOf(groups)) }),
      ...(nodes === undefined ? {} : { nodes: this.nodes(mapOf(nodes)) }),
    }
  }

  /** The known fields of a mapping that have the right kind of value. */
  private fields<K extends string>(
    path: TreePath,
    map: TreeMap,
    defs: Readonly<Record<K, FieldDef>>,
  ): Partial<Readonly<Record<K, Tree>>> {
    const known: Partial<Record<K, Tree>> = {}
    for (const key in map) {
      const value = map[key] ?? ''
      const def = Object.hasOwn(defs, key) ? defs[key as K] : undefined
      if (def === undefined) this.add([...path, key], unknownField(key, Object.keys(defs)), true)
      else {
        const wrong = kindProblem(def, value)
        if (wrong === undefined) known[key as K] = value
        else this.add([...path, key], wrong)
      }
    }
    return known
  }

  private groups(map: TreeMap): readonly NodeGroup[] {
    return Object.entries(map).flatMap(([name, nodes]) => {
      const path = ['groups', name]
      const problem = nameProblem('group', name)
      if (problem !== undefined) this.add(path, problem, true)
      if (typeof nodes !== 'string') {
        this.add(path, 'not a set of nodes: give one line, such as mx[01-40]!mx07')
        return []
      }
      const wrong = groupTextProblem(nodes.trim())
      if (wrong !== undefined) this.add(path, wrong)
      return [{ name, nodes: nodes.trim() }]
    })
  }

  private nodes(map: TreeMap): readonly FleetNode[] {
    const nodes: FleetNode[] = []
    for (const name in map) {
      const [path, value] = [['nodes', name], map[name] ?? '']
      const node = isMap(value) ? this.node(path, name, value) : undefined
      if (node !== undefined) nodes.push(node)
      else if (!isMap(value)) this.add(path, `not a node: give a mapping, at least of host and dir`)
    }
    return nodes
  }

  private node(path: TreePath, name: string, map: TreeMap): FleetNode | undefined {
    const before = this.problems.length
    const known = this.fields(path, map, NODE_FIELDS)
    const { settings } = known
    const text = this.nodeText(path, name, known)
    const { fields, problems } = readFields(text)
    this.refuse(path, problems)
    const own = settings === undefined ? {} : this.settings([...path, 'settings'], settings)
    if (map['dir'] === undefined) this.add(path, 'dir is missing: the installation directory on the node', true)
    if (map['host'] === undefined && text.access !== 'local') this.add(path, 'host is missing: a host name or address', true)
    if (this.problems.length > before) return undefined
    const { directory = '', host = 'localhost' } = fields
    const spec = merged(blankNode(name, host, directory), fields)
    this.refuse(path, contradictions(spec, fields))
    return { spec, settings: own }
  }

  /** A node's fields as the texts that `nodes create` takes. */
  private nodeText(path: TreePath, name: string, known: Readonly<Record<string, Tree | undefined>>): NodeText {
    const { sudo, addresses, labels } = known
    const text: Mutable<NodeText> = { name }
    for (const field of TEXT_FIELDS) {
      const value = known[field]
      if (typeof value === 'string') text[field] = value
    }
    if (typeof sudo === 'string') text.sudo = SWITCH[sudo.toLowerCase()] === true
    if (Array.isArray(addresses)) text.address = addresses.map(String)
    if (labels !== undefined) text.label = this.labels([...path, 'labels'], mapOf(labels))
    return text
  }

  private labels(path: TreePath, map: TreeMap): readonly string[] {
    const labels: string[] = []
    for (const key in map) {
      const value = map[key]
      if (typeof value === 'string' && value !== '') labels.push(`${key}=${value}`)
      else this.add([...path, key], 'a label has a value: give letters, digits and . _ / -')
    }
    return labels
  }

  private settings(path: TreePath, tree: Tree): Settings {
    const values: Partial<Record<SettingKey, SettingValue>> = {}
    const map = mapOf(tree)
    for (const name in map) {
      const def = findSetting(name)
      const value = map[name] ?? ''
      if (def?.key !== name) this.add([...path, name], unknownSetting(name, def?.key), true)
      else {
        try {
          values[def.key] = parseValue(def, textOfSetting(value))
        } catch (error) {
          if (!(error instanceof UsageError)) throw error
          this.add([...path, name], error.message.replace(`${name}: `, ''))
        }
      }
    }
    return values
  }

  private refuse(path: TreePath, problems: readonly Problem[]): void {
    for (const { field, text } of problems) {
      const key = Object.keys(NODE_FIELDS).find((each) => NODE_FIELDS[each]?.field === field)
      if (key === undefined) this.add(path, text, true)
      else this.add([...path, key], text)
    }
  }

  private add(path: TreePath, text: string, atKey = false): void {
    this.problems.push({ path, text, atKey })
  }
}

/** A section that holds nothing is an empty mapping. */
function mapOf(tree: Tree): TreeMap {
  return isMap(tree) ? tree : {}
}

function kindProblem({ kind, words }: FieldDef, value: Tree): string | undefined {
  switch (kind) {
    case 'map':
      return isMap(value) || value === '' ? undefined : 'not a mapping: give key: value, one a line, indented'
    case 'texts':
      return Array.isArray(value) && value.every((item) => typeof item === 'string') ? undefined : 'not a list: give [a, b]'
    case 'switch':
      return typeof value === 'string' && Object.hasOwn(SWITCH, value.toLowerCase()) ? undefined : 'give true or false'
    case 'text':
      if (typeof value !== 'string') return words === undefined ? 'give one text' : `give one of ${words.join(', ')}`
      return value === '' ? 'no value given: give one, or leave the field out' : undefined
  }
}

/** Addresses may be a list as well as one text with commas. */
function textOfSetting(value: Tree): string {
  if (Array.isArray(value)) return value.map((item) => (typeof item === 'string' ? item : '?')).join(',')
  return isMap(value) ? '(a mapping)' : value
}

function unknownSetting(name: string, key: SettingKey | undefined): string {
  if (key !== undefined) return `there is no setting ${JSON.stringify(name)} in a file: write ${key}`
  const near = nearNames(
    name,
    settingDefs().map((def) => def.key),
  )
  const meant = near.length === 0 ? 'all of them: akctl settings describe' : `did you mean ${near.join(' or ')}?`
  return `there is no setting ${JSON.stringify(name)}: ${meant}`
}
