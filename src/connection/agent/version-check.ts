import { FailedError } from '../../outcome/errors.ts'
import { API_VERSION, type AgentVersion } from '../wire/api.ts'

/**
 * Whether an agent of a version can be spoken with: a newer or older minor can.
 * @param who for messages: `mx1 (https://203.0.113.5:4433)`
 * @throws FailedError that says which side to upgrade
 */
export function checkVersion(who: string, node: string, { agent, api }: AgentVersion): void {
  const theirs = `its agent is of akctl ${agent.slice(0, 50)} and speaks version ${api.major}.${api.minor} of the API`
  const ours = `this akctl speaks ${API_VERSION.major}.${API_VERSION.minor}`
  if (api.major > API_VERSION.major) {
    throw new FailedError(`${who}: ${theirs}; ${ours}`, { hints: ['upgrade akctl on this machine'] })
  }
  if (api.major < API_VERSION.major) {
    throw new FailedError(`${who}: ${theirs}; ${ours}`, { hints: [upgradeAgent(node)] })
  }
}

/** Whether an agent keeps leases: an older one refuses an order that claims any. */
export function knowsLeases({ api }: AgentVersion): boolean {
  return api.minor >= 1
}

/**
 * Whether an agent knows what version 1.2 has added: what a rollback expects and the id of an expected revision (an older one
 * refuses both words), a closer look than a plain status, and previews.
 */
export function isOfTwo({ api }: AgentVersion): boolean {
  return api.minor >= 2
}

/** The error of an order whose lease would be kept by an agent that keeps none. */
export function noLeases(where: string, node: string): FailedError {
  return new FailedError(`${where}: the agent keeps no leases: it is older than this akctl; nothing was done`, {
    hints: [upgradeAgent(node)],
  })
}

/** The error of a call, or a word of one, that the agent does not know, though its major version does. */
export function unknownCall(where: string, node: string): FailedError {
  return new FailedError(`${where}: the agent does not know this call: it is older than this akctl`, {
    hints: [upgradeAgent(node)],
  })
}

/** The error of an address where nobody knows the API at all. */
export function noApi(where: string, node: string): FailedError {
  const what = `nothing there speaks version ${API_VERSION.major} of the API`
  return new FailedError(`${where}: ${what}: an agent of another time, or another program`, {
    hints: ['if the agent is newer than this akctl: upgrade akctl on this machine', `if it is older: ${upgradeAgent(node)}`],
  })
}

function upgradeAgent(node: string): string {
  return `upgrade the agent: akctl nodes archive ${node} --upgrade --out FILE, unpacked on the node over the old one`
}
