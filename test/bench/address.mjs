/** The address of the n-th host of the loopback fleet, from 0: 127.1.0.1 … 127.1.3.250. */
export function address(n) {
  return `127.1.${Math.floor(n / 250)}.${(n % 250) + 1}`
}
