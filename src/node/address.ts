import { isIPv6 } from 'node:net'

/** One spelling for one IP address, without brackets: lower case, an IPv6 address as short as it can be. */
export function canonicalAddress(address: string): string {
  return isIPv6(address) && !address.includes('%') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address.toLowerCase()
}
