import { nearNames } from '../../node/near.ts'
import type { FileProblem, Tree, TreePath } from './tree.ts'

/** The marks of private keys: PEM, and the beginning of an OpenSSH key in base64. */
const PRIVATE_KEY = /-----BEGIN|PRIVATE KEY|b3BlbnNzaC1rZXktdjE|PuTTY-User-Key-File/
/** No field of a fleet file, but what somebody may look for one by. */
const SECRET_FIELD = /^(api[-_]?key|pass(word|phrase|wd)?|secrets?|token|private[-_]?key|key[-_]?(data|file|pem)|credentials?)$/i

const WHERE =
  'no secret belongs in a fleet file: SSH keys are named by key: NAME (made by akctl keys create or import), the key of an agent comes with akctl nodes archive'

/** The places of a file where a private key stands. */
export function secretProblems(tree: Tree): readonly FileProblem[] {
  return holdsKey(tree) ? placesOf(tree, []) : [] // places are only made where there is one: this is done to every value
}

function holdsKey(tree: Tree): boolean {
  if (typeof tree === 'string') return tree.length > 10 && PRIVATE_KEY.test(tree)
  if (Array.isArray(tree)) return tree.some(holdsKey)
  for (const key in tree) if (holdsKey(tree[key] ?? '')) return true
  return false
}

function placesOf(tree: Tree, path: TreePath): readonly FileProblem[] {
  if (typeof tree === 'string') return holdsKey(tree) ? [{ path, text: `a private key: ${WHERE}` }] : []
  return Object.entries(tree).flatMap(([key, value]) => placesOf(value, [...path, key]))
}

/** What is said of a field that there is none of. */
export function unknownField(key: string, known: readonly string[]): string {
  if (SECRET_FIELD.test(key)) return `there is no field ${key}: ${WHERE}`
  const near = nearNames(key, known)
  const shown = JSON.stringify(key)
  return near.length > 0
    ? `there is no field ${shown}: did you mean ${near.join(' or ')}?`
    : `there is no field ${shown}: give ${known.join(', ')}`
}
