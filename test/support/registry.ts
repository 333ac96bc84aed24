import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An npm registry with one package, for what a real one must not be asked to do. */
export class Registry {
  private constructor(private readonly server: Server) {}

  /** @param tarball the package's gzipped tar */
  static async listen(name: string, version: string, tarball: Uint8Array): Promise<Registry> {
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
    const server = createServer((request, response) => {
      if (request.url === `/${name}`) {
        const dist = { tarball: `http://${request.headers.host ?? ''}/${name}.tgz`, integrity }
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions: { [version]: { name, version, dist } } }))
      } else if (request.url === `/${name}.tgz`) response.end(tarball)
      else response.writeHead(404).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new Registry(server)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve())
      this.server.closeAllConnections()
    })
  }
}
