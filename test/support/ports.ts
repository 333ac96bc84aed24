import { createServer } from 'node:net'

/** Below what the kernel hands out by itself, from 32768 on: a port that is told now and used later stays free of that. */
const [FIRST, END] = [10_240, 32_768]
/** Test files run side by side, each in a worker of jest's: each has its own ports. */
const SHARES = 8
const SHARE = Math.floor((END - FIRST) / SHARES)

const start = FIRST + ((Number(process.env['JEST_WORKER_ID'] ?? 1) - 1) % SHARES) * SHARE
let given = Math.floor(Math.random() * SHARE)

/** A TCP port that nothing of this test file was told before, and on which nothing listens at this address of 127/8. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (;;) {
    given = (given + 1) % SHARE
    if (await isFree(start + given, host)) return start + given
  }
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}
