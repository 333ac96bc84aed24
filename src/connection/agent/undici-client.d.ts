/**
 * undici's client alone: its index loads fetch, web sockets and caches too, which takes three times as long. What is
 * used of it is `dispatch`, whose handler is told when a request begins to be written.
 */
declare module 'undici/lib/dispatcher/client.js' {
  import type { Client as FullClient } from 'undici'
  const Client: new (...args: ConstructorParameters<typeof FullClient>) => Pick<FullClient, 'dispatch' | 'destroy'>
  export default Client
}
