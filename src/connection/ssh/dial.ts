import { connect, isIP, type Socket } from 'node:net'
import { CancelledError } from '../../outcome/errors.ts'
import { openingFailure, openingTooLate } from '../opening-failure.ts'
import { SSHD_HINTS } from './failures.ts'
import { whenAborted } from '../when-aborted.ts'

/** How long one of several addresses of a name is tried before the next, in ms; Node's own 250 is less than a satellite link. */
const NEXT_ADDRESS = 1000

/**
 * A TCP connection.
 * @param label who, for messages
 * @param seconds until it counts as failed, name lookup included
 * @throws UnreachableError, TimeoutError, CancelledError
 */
export function dial(label: string, host: string, port: number, seconds: number, signal?: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(new CancelledError(`${label}: cancelled before connecting`))
      return
    }
    const socket = connect({ host, port, noDelay: true, autoSelectFamilyAttemptTimeout: NEXT_ADDRESS })
    let looked = isIP(host) !== 0
    const settle = (error?: Error): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      socket.removeListener('error', onError)
      if (error === undefined) {
        resolve(socket)
        return
      }
      socket.on('error', () => undefined)
      socket.destroy()
      reject(error)
    }
    const onError = (error: Error): void => settle(openingFailure(label, error, SSHD_HINTS))
    const onAbort = (): void => settle(new CancelledError(`${label}: cancelled while connecting`))
    const timer = setTimeout(() => settle(openingTooLate(label, looked, seconds)), seconds * 1000)
    whenAborted(signal, onAbort)
    socket.once('lookup', () => (looked = true))
    socket.once('error', onError)
    socket.once('connect', () => settle())
  })
}
