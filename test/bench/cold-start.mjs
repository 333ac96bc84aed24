// Cold start as a ratio: every round runs each command once, in turn, so that a noisy machine hits all of them alike.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchEnv, median, wall } from './measure.mjs'
import { seedNodes } from './seed.mjs'

/**
 * @param {string} bin bin/run.js
 * @param {number} rounds counted rounds; two more warm up (and make the code cache)
 * @returns {{ name: string, value: number, unit: string, target: number, note: string }[]}
 */
export async function coldStart(bin, rounds) {
  const home = mkdtempSync(join(tmpdir(), 'akctl-bench-home-'))
  try {
    const env = benchEnv({ AKCTL_HOME: home })
    await seedNodes(
      home,
      Array.from({ length: 10 }, (_, index) => ({ name: `mx${index + 1}`, host: `192.0.2.${index + 1}` })),
    )
    const commands = [
      ['-e', '0'],
      [bin, '--version'],
      [bin, 'nodes', 'list', '--no-status'],
    ]
    const times = commands.map(() => [])
    for (let round = -2; round < rounds; round++)
      for (const [index, args] of commands.entries()) {
        const ms = wall(process.execPath, args, env)
        if (round >= 0) times[index].push(ms)
      }
    const [base, ...rest] = times
    const row = (index, name, target) => {
      const ratio = median(rest[index].map((ms, round) => ms / base[round]))
      return {
        name,
        value: ratio,
        unit: 'x',
        target,
        note: `${median(rest[index]).toFixed(0)} ms over ${median(base).toFixed(0)} ms`,
      }
    }
    return [row(0, 'akctl --version over node -e 0', 1.2), row(1, 'akctl nodes list --no-status, 10 nodes', 2.5)]
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}
