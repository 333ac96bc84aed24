import { nearNames } from '../../node/near.ts'
import { NotFoundError, UsageError } from '../../outcome/errors.ts'
import { expandPattern, MOST_NAMES, SetSyntaxError } from './pattern.ts'
import { type Operator, pathOf, refusal, type Term, termsOf } from './terms.ts'

/** Where the names of `@group`, `@file:PATH` and `-` come from. */
export interface SetSources {
  /** Each group's own node set, empty for none, by its name. */
  readonly groups: ReadonlyMap<string, string>
  /** What a file (or, for `-`, stdin) holds; it was read before. */
  readonly text: (source: string) => string
}

/** What node sets name. */
export interface NodeNames {
  /** Each once, in the order written. */
  readonly names: readonly string[]
  /** What was taken away by `!`: a typo there would act on what was meant to be left out. */
  readonly without: readonly string[]
}

/** Names taken in and dropped again count too: sets may name each other many times. */
const MOST_READ = 10 * MOST_NAMES

/**
 * The names of node sets, all together: patterns (`mx[01-40/2]`), `@group`, `@file:PATH` and `-`, joined by `,` (union),
 * `!` (minus), `&` (both) and `^` (one of them), which are all of the same rank and taken from left to right, as
 * ClusterShell does. What would be too large is refused before it is made.
 * @param nameOf the name of what may be called otherwise, by its id: minus must find it
 * @throws UsageError that says where in the text; NotFoundError for an unknown group
 */
export function readNodeSets(
  texts: readonly string[],
  sources: SetSources,
  nameOf: (typed: string) => string = (typed) => typed,
): NodeNames {
  const reading = new Reading(sources, nameOf)
  const names = new Set<string>()
  for (const text of texts) reading.add(names, reading.set({ text, where: '', inside: [] }), text, '')
  return { names: [...names], without: [...reading.without] }
}

/** A set that is being read, and what led to it. */
interface Place {
  readonly text: string
  /** What it is part of, for errors. */
  readonly where: string
  /** The groups that led here. */
  readonly inside: readonly string[]
}

/** One reading of sets: a group is read once, however often it is named. */
class Reading {
  readonly without = new Set<string>()
  private readonly groups = new Map<string, ReadonlySet<string>>()
  private read = 0

  constructor(
    private readonly sources: SetSources,
    private readonly nameOf: (typed: string) => string,
  ) {}

  /** The names of one set. */
  set(place: Place): Set<string> {
    const names = new Set<string>()
    for (const term of termsOf(place.text, place.where)) {
      const right = this.operand(term, place)
      this.count(right.size, term.at, place)
      if (term.operator === '!') for (const name of right) this.without.add(name)
      join(names, term.operator, right)
      if (names.size > MOST_NAMES) throw tooMany(place, term.at)
    }
    return names
  }

  /** Adds the names of a whole set to others. */
  add(names: Set<string>, more: ReadonlySet<string>, text: string, where: string): void {
    this.count(more.size, 1, { text, where })
    join(names, ',', more)
    if (names.size > MOST_NAMES) throw tooMany({ text, where }, 1)
  }

  private count(names: number, at: number, place: Pick<Place, 'text' | 'where'>): void {
    this.read += names
    if (this.read > MOST_READ) throw tooMany(place, at)
  }

  private operand({ kind, operand, at }: Term, place: Place): ReadonlySet<string> {
    switch (kind) {
      case 'group':
        return this.group(operand.slice(1), place.inside)
      case 'file':
        return this.file(operand, place.inside)
      case 'pattern':
        try {
          return new Set(expandPattern(operand, at).map(this.nameOf))
        } catch (error) {
          throw refusal(place.text, place.where, error)
        }
    }
  }

  private group(name: string, inside: readonly string[]): ReadonlySet<string> {
    if (inside.includes(name)) {
      throw new UsageError(`the group ${name} holds itself: ${[...inside.slice(inside.indexOf(name)), name].join(' -> ')}`, {
        hints: [`set it anew: akctl groups set ${name} NODES`],
      })
    }
    const text = this.sources.groups.get(name)
    if (text === undefined) throw unknownGroup(name, this.sources.groups.keys())
    const known = this.groups.get(name)
    if (known !== undefined) return known
    const names = text === '' ? new Set<string>() : this.set({ text, where: `, in the group ${name}`, inside: [...inside, name] })
    this.groups.set(name, names)
    return names
  }

  /** A node set a line, `#` begins a comment. */
  private file(file: string, inside: readonly string[]): ReadonlySet<string> {
    const names = new Set<string>()
    for (const [index, line] of this.sources.text(file).split('\n').entries()) {
      const text = line.replace(/#.*/, '').trim()
      if (text === '') continue
      const where = `, in line ${index + 1} of ${pathOf(file) ?? 'stdin'}`
      if (termsOf(text, where).some(({ kind }) => kind === 'file')) {
        throw new UsageError(`a file of nodes cannot name another file${where}: ${text}`)
      }
      this.add(names, this.set({ text, where, inside }), text, where)
    }
    return names
  }
}

/** Joins into the left one. */
function join(left: Set<string>, operator: Operator, right: ReadonlySet<string>): void {
  if (operator === '&') {
    for (const name of left) if (!right.has(name)) left.delete(name)
    return
  }
  for (const name of right) {
    if (operator === '!' || (operator === '^' && left.has(name))) left.delete(name)
    else left.add(name)
  }
}

function tooMany({ text, where }: Pick<Place, 'text' | 'where'>, at: number): unknown {
  return refusal(text, where, new SetSyntaxError(`more than ${MOST_NAMES} names`, at))
}

/** The error for a group that is not there, with the names that are near. */
export function unknownGroup(name: string, known: Iterable<string>): NotFoundError {
  const near = nearNames(name, known).map((meant) => `did you mean @${meant}?`)
  return new NotFoundError(`no such group: ${name}`, {
    hints: [...near, 'akctl groups list shows those of this profile', `make it: akctl groups set ${name} NODES`],
  })
}
