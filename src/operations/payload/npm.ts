import { execFile } from 'node:child_process'
import { FailedError } from '../../outcome/errors.ts'

/** Words in npm's complaints that mean: the registry was not reached. */
const NETWORK = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|E50[234])\b/

/** Where npm runs, with what environment. */
export interface NpmOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal
}

/**
 * Runs npm on this machine.
 * @param purpose what for, for messages: `Haraka's files`
 * @throws FailedError when npm is missing, the registry can't be reached, or npm fails; with npm's own words
 */
export function npm(args: readonly string[], purpose: string, options: NpmOptions): Promise<string> {
  const { cwd, signal } = options
  // Settings of an npm that may have started akctl itself (npm exec, a script) are no wishes for this run, and what is
  // akctl's own (AKCTL_PASSPHRASE) is not npm's business.
  const env = Object.fromEntries(
    Object.entries(options.env).filter(([name]) => !/^(npm_(?!config_(registry|cafile|.*proxy))|AKCTL_)/i.test(name)),
  )
  // npm's own patience with a registry that does not answer is minutes.
  const patience = ['--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000']
  return new Promise((resolve, reject) => {
    const limits = { maxBuffer: 16 * 1024 * 1024, ...(signal === undefined ? {} : { signal }) }
    execFile('npm', [...args, ...patience], { cwd, env, encoding: 'utf8', ...limits }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(explain(error, stderr, purpose))
    })
  })
}

function explain(error: Error & { code?: unknown }, stderr: string, purpose: string): FailedError {
  const detail = stderr
    .split('\n')
    .filter((line) => /^npm (error|ERR!)/.test(line) && !/A complete log of this run|^npm (error|ERR!)\s*$/.test(line))
    .slice(0, 8)
  if (error.code === 'ENOENT') {
    return new FailedError(`npm was not found on this machine; it fetches ${purpose}`, {
      hints: ['install npm (it comes with Node.js), or run akctl where it is installed'],
      cause: error,
    })
  }
  const network = NETWORK.exec(stderr)?.[1]
  if (network !== undefined) {
    return new FailedError(`npm could not reach its registry (${network}); it fetches ${purpose}`, {
      hints: ['check by npm ping; registry and proxies are set by npm config (registry, https-proxy)'],
      detail,
      cause: error,
    })
  }
  return new FailedError(`npm could not fetch ${purpose}`, { detail, cause: error })
}
