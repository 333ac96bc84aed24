import { randomBytes } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isFailure } from '../fleet/fail-budget.ts'
import { FailedError, UsageError } from '../outcome/errors.ts'
import type { NodeOutcome } from '../outcome/outcome.ts'

/** The file of `--failed-to`: what is to be done again, as a node set. */
export class FailedNodes {
  private constructor(
    private readonly path: string,
    private readonly fresh: string,
  ) {}

  /**
   * Makes sure, before anything is done on any node, that the file can be written.
   * @throws UsageError
   */
  static async at(path: string): Promise<FailedNodes> {
    const fresh = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.new`)
    try {
      await writeFile(fresh, '', { flag: 'wx' })
    } catch (error) {
      throw new UsageError(`--failed-to: cannot write to ${dirname(path)}: ${wordsOf(error)}`)
    }
    return new FailedNodes(path, fresh)
  }

  /**
   * Puts the file there: a node a line, none when all went well.
   * @throws FailedError with the nodes, which must not be lost
   */
  async write(nodes: readonly NodeOutcome<unknown>[]): Promise<void> {
    const names = nodes.filter(({ outcome }) => isFailure(outcome) || outcome === 'skipped' || outcome === 'cancelled')
    try {
      await writeFile(this.fresh, names.map(({ node }) => `${node}\n`).join(''))
      await rename(this.fresh, this.path)
    } catch (error) {
      await this.drop()
      throw new FailedError(`--failed-to: ${this.path} could not be written: ${wordsOf(error)}`, {
        detail: [`the nodes that failed or were left out: ${names.map(({ node }) => node).join(' ')}`],
      })
    }
  }

  /** The run ended before anything was tried: a file that was there stays as it is. */
  async drop(): Promise<void> {
    await rm(this.fresh, { force: true })
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
