import { ACCESSES, MTA_NAMES } from '../node/record.ts'
import type { Context, Prompter } from '../operations/context.ts'
import { type NodeText, type Problem, type TextField, fieldProblem } from '../operations/nodes/fields.ts'

/** What a node can't be without, and how to ask for it. */
const NEEDED = { name: 'Name of the node', host: 'Host name or address', dir: 'Installation directory on the node' } as const

type Needed = keyof typeof NEEDED

/** What is missing, as problems for who can't be asked. */
export function missingFields(text: NodeText): readonly Problem[] {
  return missing(text).map((field) => ({ field, text: 'is missing, and there is no terminal to ask on' }))
}

/**
 * Asks on the terminal for what is missing. Somebody who has to be asked anyway is asked for the rest as well: how the
 * node is reached, its mail server and, where the profile has keys, which one.
 */
export async function askMissing(context: Context, text: NodeText): Promise<NodeText> {
  const { prompter } = context
  if (missing(text).length === 0) return text
  const answers: Partial<Record<TextField, string>> = {}
  const known = (field: TextField): string | undefined => answers[field] ?? text[field]
  const ask = async (field: Needed): Promise<void> => {
    if (known(field) === undefined) answers[field] = await askText(prompter, field)
  }
  await ask('name')
  if (known('access') === undefined)
    answers.access = await prompter.choice('How is it reached? (local: it is this machine)', ACCESSES)
  if (known('access') !== 'local') await ask('host')
  if (known('mta') === undefined) answers.mta = await prompter.choice('Which mail server?', MTA_NAMES)
  await ask('dir')
  if (known('access') === 'ssh' && known('key') === undefined) answers.key = await askKey(context)
  return { ...text, ...answers }
}

async function askText(prompter: Prompter, field: Needed): Promise<string> {
  const check = (answer: string): string | true => fieldProblem(field, answer.trim()) ?? true
  return (await prompter.text(NEEDED[field], { check })).trim()
}

async function askKey(context: Context): Promise<string> {
  const keys = await (await context.profile()).keys.names()
  if (keys.length === 0) return 'agent'
  return context.prompter.choice('Which key logs in? (agent: the ssh-agent)', [...keys, 'agent'])
}

function missing(text: NodeText): readonly Needed[] {
  const needed: readonly Needed[] = text.access === 'local' ? ['name', 'dir'] : ['name', 'host', 'dir']
  return needed.filter((field) => text[field] === undefined)
}
