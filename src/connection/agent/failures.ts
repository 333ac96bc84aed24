import { type NodeError, TimeoutError, UnreachableError } from '../../outcome/errors.ts'
import { openingFailure } from '../opening-failure.ts'

const AGENT_HINTS = {
  refused: 'is the agent running there (bin/node -d --https --config=DIR/conf/), and is it the right port?',
  reset: 'a firewall, or an agent that has no room for more connections; try again',
}

const OTHER_PORT = 'is it the port of the agent (LISTEN in its conf/node.json)? Another program may have it'

const NO_TLS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_RECORD_LAYER_FAILURE'])
const OLD_TLS = new Set(['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'ERR_SSL_UNSUPPORTED_PROTOCOL', 'ERR_SSL_TLSV13_ALERT'])

/**
 * Why no TLS connection came about, where the certificate was not the trouble.
 * @param connected whether the TCP connection stood
 */
export function tlsFailure(label: string, connected: boolean, error: NodeJS.ErrnoException): NodeError {
  if (!connected) return openingFailure(label, error, AGENT_HINTS)
  const { code = '' } = error
  const options = { cause: error, hints: [OTHER_PORT] }
  if (NO_TLS.has(code)) return new UnreachableError(`${label} accepted the connection but did not speak TLS`, options)
  if (OLD_TLS.has(code)) return new UnreachableError(`${label} does not speak TLS 1.3, and akctl speaks nothing older`, options)
  const said = code === 'ECONNRESET' ? 'it closed the connection' : error.message.slice(0, 200)
  return new UnreachableError(`${label} ended the connection in the TLS handshake: ${said}`, options)
}

/** The connection was there, and the other side was silent for too long. */
export function tlsSilence(label: string, seconds: number): TimeoutError {
  return new TimeoutError(`${label} accepted the connection and then said nothing for ${seconds} s`, {
    hints: ['the machine may be overloaded or hung; or another program than the agent has that port'],
  })
}
