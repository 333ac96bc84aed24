import { Flags } from '@oclif/core'
import { FORMATS } from './output.ts'

/** A flag's environment variable: `--lock-timeout` → `AKCTL_LOCK_TIMEOUT`. Flags that hold a record's values or a consent have none. */
function env(name: string): { env: string } {
  return { env: `AKCTL_${name.toUpperCase().replaceAll('-', '_')}` }
}

const seconds = (name: string, value: number, summary: string) =>
  Flags.integer({ summary: `${summary} (seconds)`, default: value, min: 1, helpGroup: 'CONNECTION', ...env(name) })

/** On every command. */
export const globalFlags = {
  profile: Flags.string({ summary: 'the profile to use', helpGroup: 'GLOBAL', ...env('profile') }),
  output: Flags.string({
    char: 'o',
    summary: 'output format: table on a terminal, tsv when piped',
    options: [...FORMATS],
    helpGroup: 'GLOBAL',
    ...env('output'),
  }),
  json: Flags.boolean({ summary: 'the same as -o json', helpGroup: 'GLOBAL' }),
  'no-input': Flags.boolean({ summary: 'never ask anything', helpGroup: 'GLOBAL', ...env('no-input') }),
}

/** On commands that may need a secret of the profile: what unlocks it. */
export const unlockFlags = {
  'passphrase-file': Flags.string({
    summary: 'file with the passphrase of stored keys and secrets',
    helpGroup: 'CONNECTION',
    ...env('passphrase-file'),
  }),
  'secrets-key-file': Flags.string({
    summary: 'file with the key that protects secrets instead of a passphrase; made at the first need',
    helpGroup: 'CONNECTION',
    ...env('secrets-key-file'),
  }),
}

/** On commands that store secrets. A consent, so without a variable. */
export const plaintextFlag = Flags.boolean({
  summary: 'if this is the first secret of the profile: keep it and all others as they are, not encrypted',
})

/** On commands that reach nodes. */
export const connectionFlags = {
  'connect-timeout': seconds('connect-timeout', 10, 'until a connection stands'),
  'auth-timeout': seconds('auth-timeout', 20, 'until the login is done'),
  'command-timeout': seconds('command-timeout', 30, 'until a reading command has answered'),
  'change-timeout': seconds('change-timeout', 180, 'until a changing order has ended'),
  'keep-alive': seconds('keep-alive', 10, 'between keep-alive questions; three without an answer end the link'),
  ...unlockFlags,
}

/** On commands that make or take in a key. No flag takes the passphrase itself: every user of the machine can read argv. */
export const passphraseFlags = {
  'passphrase-stdin': Flags.boolean({ summary: 'the passphrase is the line on stdin' }),
  'passphrase-file': Flags.string({ summary: 'file with the passphrase', ...env('passphrase-file') }),
}

/** On commands that take several nodes. */
export const selectionFlags = {
  selector: Flags.string({ char: 'l', summary: "nodes with these labels: 'role=relay,env!=prod'", helpGroup: 'SELECTION' }),
  exclude: Flags.string({
    summary: 'leave out these nodes (names or ids, comma-separated; several times)',
    multiple: true,
    multipleNonGreedy: true, // else it would swallow the names that follow it
    helpGroup: 'SELECTION',
  }),
  all: Flags.boolean({ summary: 'every node of the profile', helpGroup: 'SELECTION' }),
}

/** How wide a run over several nodes is. @param width 64 for reading verbs, 8 for changing ones */
export function fanFlags(width: number) {
  return {
    concurrency: Flags.integer({
      char: 'c',
      summary: 'nodes at work at the same time',
      default: width,
      min: 1,
      max: 1024,
      helpGroup: 'SELECTION',
      ...env('concurrency'),
    }),
  }
}

/** On verbs that change nodes. */
export const changeFlags = {
  'max-fail': Flags.integer({
    summary: 'start no new node after this many failed',
    min: 1,
    helpGroup: 'CHANGE',
    ...env('max-fail'),
  }),
  'confirm-above': Flags.integer({
    summary: 'ask before changing more nodes than this',
    default: 10,
    min: 0,
    helpGroup: 'CHANGE',
    ...env('confirm-above'),
  }),
  yes: Flags.boolean({ char: 'y', summary: 'do not ask', helpGroup: 'CHANGE' }),
  'dry-run': Flags.boolean({ summary: 'say what would be done, and do nothing', default: false, helpGroup: 'CHANGE' }),
  reason: Flags.string({ summary: 'why, for the record on the node and the journal', helpGroup: 'CHANGE' }),
  'lock-timeout': Flags.integer({
    summary: "wait for somebody else's change or lease on a node (seconds; 0: not at all)",
    default: 10,
    min: 0,
    max: 3600,
    helpGroup: 'CHANGE',
    ...env('lock-timeout'),
  }),
}
