/**
 * Looks again and again until something is so.
 * @param what for the message of a timeout
 * @param seconds how long to look
 * @param look gives a value once it is so; undefined or a throw while it is not
 * @throws Error when the time is over, with the last thing `look` threw
 */
export async function until<T>(what: string, seconds: number, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + seconds * 1000
  let last: unknown
  for (let nap = 5; ; nap = Math.min(2 * nap, 50)) {
    try {
      const value = await look()
      if (value !== undefined) return value
    } catch (error) {
      last = error
    }
    if (Date.now() > deadline) throw new Error(`not so within ${seconds} s: ${what}`, { cause: last })
    await new Promise((resolve) => setTimeout(resolve, nap))
  }
}
