import * as v from 'valibot'
import { MTA_NAMES } from '../../node/record.ts'
import {
  diffRequest,
  giveUpRequest,
  logsRequest,
  lookRequest,
  orderId,
  orderRequest,
  previewRequest,
  releaseRequest,
  renewRequest,
  rollbackRequest,
  startRequest,
  syncRequest,
} from './requests.ts'
import {
  applyResult,
  interfaceInfo,
  leaseState,
  logRecord,
  nodeState,
  orderState,
  preview,
  textDiff,
  verbResult,
} from './shapes.ts'

/**
 * The version of what is spoken between akctl and an agent. A new minor adds, and both sides go on; a new major is
 * refused by the older side. 1.1: leases. 1.2: a rollback's expectation, and the id of the expected revision; look, preview; orders
 * are given up.
 */
export const API_VERSION = { major: 1, minor: 2 } as const

/** Where the API lives, and the media type of followed logs: a JSON document a line. */
export const API_ROOT = '/v1'
export const NDJSON = 'application/x-ndjson'
/** Seconds after which an agent shows on a quiet log that it lives, and after which a client knows that it does not. */
export const HEARTBEAT = { beat: 15, dead: 60 }

/** Largest request body, in bytes: the 23 settings and an order need a few KiB. */
export const BODY_LIMIT = 64 * 1024

/** What an agent says of itself. */
export const agentVersion = v.object({
  /** The release of akctl it comes from. */
  agent: v.string(),
  api: v.object({ major: v.pipe(v.number(), v.integer()), minor: v.pipe(v.number(), v.integer()) }),
  mta: v.picklist(MTA_NAMES),
  node: v.string(),
})
export type AgentVersion = v.InferOutput<typeof agentVersion>

/** One call: where, what goes in, what comes back. `changes`: an end that was not seen makes the outcome `unknown`. */
export interface ApiCall {
  readonly method: 'GET' | 'POST'
  /** Below the root; `:id` is a parameter. */
  readonly path: string
  readonly summary: string
  readonly changes: boolean
  readonly body?: v.GenericSchema
  readonly params?: v.GenericSchema
  readonly answer: v.GenericSchema
  /** True where the answer is a stream of such documents, one a line. */
  readonly stream?: boolean
}

/** Every call of the API; routes, the OpenAPI document and the client are made from this table. */
export const API = {
  version: {
    method: 'GET',
    path: '/version',
    summary: 'versions of the agent and its API',
    changes: false,
    answer: agentVersion,
  },
  status: { method: 'GET', path: '/status', summary: 'how the MTA is, and what it was told', changes: false, answer: nodeState },
  look: {
    method: 'POST',
    path: '/look',
    summary: 'as status; counts a longer queue, and looks whether the MTA answers, which may take some seconds',
    changes: false,
    body: lookRequest,
    answer: nodeState,
  },
  start: { method: 'POST', path: '/start', summary: 'starts the MTA', changes: true, body: startRequest, answer: verbResult },
  stop: { method: 'POST', path: '/stop', summary: 'stops the MTA', changes: true, body: orderRequest, answer: verbResult },
  restart: {
    method: 'POST',
    path: '/restart',
    summary: 'restarts the MTA; starts a stopped one',
    changes: true,
    body: orderRequest,
    answer: verbResult,
  },
  sync: {
    method: 'POST',
    path: '/sync',
    summary: 'writes a revision from typed settings, and makes a running MTA take it in',
    changes: true,
    body: syncRequest,
    answer: applyResult,
  },
  diff: {
    method: 'POST',
    path: '/diff',
    summary: 'what a sync with these settings would change in the files',
    changes: false,
    body: diffRequest,
    answer: v.array(textDiff),
  },
  preview: {
    method: 'POST',
    path: '/preview',
    summary: 'what a sync or a rollback would do to the files and the process, without writing',
    changes: false,
    body: previewRequest,
    answer: preview,
  },
  rollback: {
    method: 'POST',
    path: '/rollback',
    summary: 'makes an earlier revision the current one again, as a new revision',
    changes: true,
    body: rollbackRequest,
    answer: applyResult,
  },
  order: {
    method: 'GET',
    path: '/orders/:id',
    summary: 'what became of an order',
    changes: false,
    params: v.strictObject({ id: orderId }),
    answer: orderState,
  },
  giveUp: {
    method: 'POST',
    path: '/give-up',
    summary: 'what became of an order; one that has not arrived is refused when it comes',
    changes: true,
    body: giveUpRequest,
    answer: orderState,
  },
  lease: {
    method: 'GET',
    path: '/lease',
    summary: 'who is at work on the node, or keeps it',
    changes: false,
    answer: leaseState,
  },
  renewLease: {
    method: 'POST',
    path: '/lease/renew',
    summary: 'lets a lease that is kept live on',
    changes: true,
    body: renewRequest,
    answer: leaseState,
  },
  releaseLease: {
    method: 'POST',
    path: '/lease/release',
    summary: 'ends a lease, whoever has it; answers with the one that is gone now',
    changes: true,
    body: releaseRequest,
    answer: leaseState,
  },
  interfaces: {
    method: 'GET',
    path: '/interfaces',
    summary: 'the addresses of the node, and what the MTA listens on',
    changes: false,
    answer: v.array(interfaceInfo),
  },
  logs: {
    method: 'POST',
    path: '/logs',
    summary: 'log lines, oldest first; with `follow` until the connection is closed',
    changes: false,
    body: logsRequest,
    answer: logRecord,
    stream: true,
  },
} as const satisfies Readonly<Record<string, ApiCall>>

export type ApiName = keyof typeof API
