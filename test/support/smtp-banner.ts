import { createConnection } from 'node:net'

/** Whether an SMTP server greets who connects to `ADDRESS:PORT`. */
export async function greets(listen: string): Promise<boolean> {
  const [host, port] = [listen.slice(0, listen.lastIndexOf(':')), Number(listen.slice(listen.lastIndexOf(':') + 1))]
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: 5000 }, () => undefined)
    socket.once('data', (banner: Buffer) => {
      socket.destroy()
      resolve(banner.toString().startsWith('220'))
    })
    socket.once('error', () => resolve(false))
    socket.once('timeout', () => {
      socket.destroy()
      resolve(false)
    })
  })
}
