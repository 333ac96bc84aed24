// Runs a command and tells what it took: wall time, CPU time and peak memory of that one process.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Loaded into the measured process: writes its own account when it ends. */
const HOOK = `process.on('exit', () => require('node:fs').writeFileSync(process.env.AKCTL_BENCH_ACCOUNT, JSON.stringify(process.resourceUsage())))`

/** The environment of a measured process: NODE_EXTRA_CA_CERTS alone adds 40 ms to every start of Node.js. */
export function benchEnv(more = {}) {
  const { NODE_OPTIONS, NODE_EXTRA_CA_CERTS, SSH_AUTH_SOCK, CI, ...env } = process.env
  return { ...env, NO_COLOR: '1', ...more }
}

/** Milliseconds from start to end. @throws Error when the command fails */
export function wall(command, args, env) {
  const started = process.hrtime.bigint()
  const { status, error, stderr } = spawnSync(command, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  const ms = Number(process.hrtime.bigint() - started) / 1e6
  if (error !== undefined || status !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${error ?? stderr}`)
  return ms
}

/**
 * Runs a script of Node.js with its account.
 * @param {string[]} args what follows `node`
 * @returns {{ status: number | null, stdout: string, stderr: string, wall: number, cpu: number, rss: number }} ms, ms, MB
 */
export function account(args, env) {
  const folder = mkdtempSync(join(tmpdir(), 'akctl-bench-'))
  const [hook, file] = [join(folder, 'hook.cjs'), join(folder, 'account.json')]
  writeFileSync(hook, HOOK)
  const started = process.hrtime.bigint()
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--require', hook, ...args], {
    env: { ...env, AKCTL_BENCH_ACCOUNT: file },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  const ms = Number(process.hrtime.bigint() - started) / 1e6
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(readFileSync(file, 'utf8'))
  rmSync(folder, { recursive: true, force: true })
  return { status, stdout, stderr, wall: ms, cpu: (userCPUTime + systemCPUTime) / 1000, rss: maxRSS / 1024 }
}

/** The middle of some numbers. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
