import * as Flags from '@oclif/core/flags'
import { MAX_SECONDS } from './duration.ts'
import { FORMATS } from './output.ts'

/** A flag's environment variable: `--lock-timeout` → `AKCTL_LOCK_TIMEOUT`. Flags that hold a record's values or a consent have none. */
function env(name: string): { env: string } {
  return { env: `AKCTL_${name.toUpperCase().replaceAll('-', '_')}` }
}

const seconds = (name: string, value: number, summary: string) =>
  Flags.integer({
    summary: `${summary} (seconds)`,
    default: value,
    min: 1,
    max: MAX_SECONDS,
    helpGroup: 'CONNECTION',
    ...env(name),
  })

/** `-o`; commands with a format of their own have another list. */
export const outputFlag = (formats: readonly string[]) =>
  Flags.string({
    char: 'o',
    summary: 'output format: table on a terminal, tsv when piped',
    options: [...formats],
    helpGroup: 'GLOBAL',
    ...env('output'),
  })

/** On every command. */
export const globalFlags = {
  profile: Flags.string({ summary: 'the profile to use', helpGroup: 'GLOBAL', ...env('profile') }),
  output: outputFlag(FORMATS),
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

/** On commands that store secrets; without a variable as well, as it wins over flags that have one. */
export const keyringFlag = Flags.boolean({
  summary: "if this is the first secret of the profile: keep the key of all in your desktop's keyring (Secret Service)",
  exclusive: ['plaintext'],
})

/** On commands that reach nodes. */
export const connectionFlags = {
  'connect-timeout': seconds('connect-timeout', 10, 'until a connection stands'),
  'auth-timeout': seconds('auth-timeout', 20, 'until the login is done'),
  'command-timeout': seconds('command-timeout', 30, 'until a reading command has answered; an agent takes 30 s at most'),
  'change-timeout': seconds('change-timeout', 180, 'until a changing order has ended; an agent takes 180 s at most'),
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
    summary: 'leave out these nodes (a node set; several times)',
    multiple: true,
    multipleNonGreedy: true, // else it would swallow the names that follow it
    helpGroup: 'SELECTION',
  }),
  all: Flags.boolean({ summary: 'every node of the profile', helpGroup: 'SELECTION' }),
  pick: Flags.integer({ summary: 'only so many of the selected nodes, the first', min: 1, helpGroup: 'SELECTION' }),
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

/** On verbs whose result is an outcome a node. */
export const outcomeFlags = {
  'failed-to': Flags.string({
    summary: 'write the nodes that failed or were left out to this file; for the next run: @file:FILE',
    helpGroup: 'SELECTION',
  }),
}

/** On verbs whose table folds. */
export const foldFlags = {
  ...outcomeFlags,
  fold: Flags.boolean({
    summary: 'on a terminal: equal results in one line (mx[01-38]: running, synced); default: of more than 20 nodes',
    allowNo: true,
    helpGroup: 'SELECTION',
  }),
}

/** On what sends orders. @param value seconds unless given */
export function graceFlag(value: number) {
  return Flags.integer({
    summary: 'after Ctrl-C or SIGTERM: how long an order under way may go on (seconds)',
    default: value,
    min: 0,
    max: MAX_SECONDS,
    helpGroup: 'CHANGE',
    ...env('grace'),
  })
}

/** When a run over several nodes stops. */
const limitFlags = {
  'max-fail': Flags.string({
    summary: 'start no new node after so many (5), or so many percent of all (10%), have failed; with --serial 1 unless given',
    helpGroup: 'CHANGE',
    ...env('max-fail'),
  }),
  grace: graceFlag(30),
}

/** On what goes over a fleet in waves. */
export const partFlags = {
  serial: Flags.string({
    summary: 'go in waves of so many nodes, or so many percent of all: 1,10%,100% (the last one repeats)',
    helpGroup: 'WAVES',
    ...env('serial'),
  }),
  'pause-between': Flags.string({
    summary: 'let a wave work for so long (30s, 5m) before it is looked at and the next one starts; default: 0s',
    helpGroup: 'WAVES',
    ...env('pause-between'),
  }),
}

/** Where nodes are looked at between waves. `--on-failure` agrees to changes that nobody has asked for, so without a variable. */
export const waveFlags = {
  ...partFlags,
  gate: Flags.boolean({
    summary:
      'a wave starts only when the MTAs of the one before are well: running, synced, no growing queue; on unless --no-gate',
    allowNo: true,
    helpGroup: 'WAVES',
  }),
  'gate-timeout': Flags.string({
    summary: 'how long a node may take to be well; default: 30s',
    helpGroup: 'WAVES',
    ...env('gate-timeout'),
  }),
  'gate-queue': Flags.integer({
    summary: 'messages by which a queue may have grown since before the change; default: 1000',
    min: 0,
    helpGroup: 'WAVES',
    ...env('gate-queue'),
  }),
  'on-failure': Flags.string({
    summary: 'when too many nodes have failed: stop (default), or put back what this run changed as well',
    options: ['stop', 'rollback'],
    helpGroup: 'WAVES',
  }),
}

/** On verbs that change nodes. `--confirm-above`, as `--yes`, is a consent, so without a variable. */
export const changeFlags = {
  ...limitFlags,
  'confirm-above': Flags.integer({
    summary: 'ask before changing more nodes than this',
    default: 10,
    min: 0,
    helpGroup: 'CHANGE',
  }),
  yes: Flags.boolean({ char: 'y', summary: 'do not ask', helpGroup: 'CHANGE' }),
  'dry-run': Flags.boolean({ summary: 'say what would be done, and do nothing', default: false, helpGroup: 'CHANGE' }),
  reason: Flags.string({ summary: 'why, in one line, for the record on the node and the journal', helpGroup: 'CHANGE' }),
  'lock-timeout': Flags.integer({
    summary: "wait for somebody else's change or lease on a node (seconds; 0: not at all)",
    default: 10,
    min: 0,
    max: 3600,
    helpGroup: 'CHANGE',
    ...env('lock-timeout'),
  }),
}
