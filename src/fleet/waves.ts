import { type Share, parseShare, shareOf } from './share.ts'

/** Reads `--serial`: `1,10%,100%`. @throws UsageError that says what is allowed */
export function parseSerial(text: string): readonly Share[] {
  return text.split(',').map((part) => parseShare(part, '--serial'))
}

/**
 * Parts nodes into waves. The sizes are of the whole selection and taken in turn; the last one repeats until no node is
 * left. No sizes: one wave.
 * @returns waves of at least one node each, together all nodes in their order
 */
export function wavesOf<N>(nodes: readonly N[], serial: readonly Share[]): readonly (readonly N[])[] {
  const waves: (readonly N[])[] = []
  for (let at = 0; at < nodes.length;) {
    const share = serial[Math.min(waves.length, serial.length - 1)]
    const size = share === undefined ? nodes.length : shareOf(share, nodes.length)
    waves.push(nodes.slice(at, at + size))
    at += size
  }
  return waves
}
