import { StartError, EXIT } from './exits.ts'

/** What the command line asks for. */
export interface Arguments {
  readonly action: 'serve' | 'check' | 'version' | 'help'
  /** Go on in the background. */
  readonly daemon: boolean
  /** The folder of node.json. */
  readonly config: string
}

export const HELP = `akctl's agent: serves this node to akctl over HTTPS.

  node -d --https --config=DIR

  -d             go on in the background; ends once the agent listens or has failed
  --https        serve HTTPS (the only way there is)
  --config=DIR   the folder of node.json
  --check        look at DIR/node.json, say what is wrong, start nothing
  --version      the agent's release
  --help         this

Exit: 0 ok, 1 could not start, 64 wrong usage, 78 node.json is not in order.
`

/** Reads the command line. @throws StartError (64) that names the word */
export function parseArguments(words: readonly string[]): Arguments {
  const flags = new Set<string>()
  let config: string | undefined
  const left = [...words]
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === '--config') config = left.shift() ?? ''
    else if (word.startsWith('--config=')) config = word.slice('--config='.length)
    else if (['-d', '--https', '--check', '--version', '--help', '-h'].includes(word)) flags.add(word)
    else throw usage(`unknown word: ${word}`)
  }
  if (flags.has('--help') || flags.has('-h')) return { action: 'help', daemon: false, config: '' }
  if (flags.has('--version')) return { action: 'version', daemon: false, config: '' }
  if (config === undefined || config === '') throw usage('--config=DIR is missing: the folder of node.json')
  if (flags.has('--check')) return { action: 'check', daemon: false, config }
  if (!flags.has('--https')) throw usage('--https is missing: the agent serves HTTPS and nothing else')
  return { action: 'serve', daemon: flags.has('-d'), config }
}

function usage(message: string): StartError {
  return new StartError(`${message}; see --help`, EXIT.usage)
}
