import { isFailure } from '../fleet/fail-budget.ts'
import { foldNames } from '../fleet/node-set/fold.ts'
import { NewFile } from '../operations/files/new-file.ts'
import { StoreError } from '../outcome/errors.ts'
import type { NodeOutcome } from '../outcome/outcome.ts'

/** The file of `--failed-to`: what is to be done again, as a node set. */
export class FailedNodes {
  private constructor(private readonly file: NewFile) {}

  /**
   * Makes sure, before anything is done on any node, that the file can be written.
   * @throws UsageError
   */
  static async at(path: string): Promise<FailedNodes> {
    return new FailedNodes(await NewFile.open(path, true, 0o666, '--failed-to'))
  }

  /**
   * Puts the file there: a node a line, none when all went well.
   * @throws StoreError with the nodes, which must not be lost
   */
  async write(nodes: readonly NodeOutcome<unknown>[]): Promise<void> {
    const names = nodes.filter(({ outcome }) => isFailure(outcome) || outcome === 'skipped' || outcome === 'cancelled')
    try {
      await this.file.append(Buffer.from(names.map(({ node }) => `${node}\n`).join('')))
      await this.file.finish()
      await this.file.commit()
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      const lost = foldNames(names.map(({ node }) => node)) || 'none'
      throw new StoreError(`${why}; the nodes that belong in it: ${lost}`)
    }
  }

  /** The run ended before anything was tried: a file that was there stays as it is. */
  drop(): Promise<void> {
    return this.file.discard()
  }
}
