import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FailedError } from '../../outcome/errors.ts'
import type { SmallFile } from './small-files.ts'

/** The built agent: beside the bundle where akctl is built, else in dist. */
export function agentFolder(): string {
  const built = join(__dirname, 'agent')
  return existsSync(join(built, 'agent.cjs')) ? built : join(__dirname, '..', '..', '..', 'dist', 'agent')
}

/**
 * The agent's launcher and bundle, as an archive has them.
 * @param folder where they were built
 * @throws FailedError when they were not
 */
export async function agentFiles(folder: string): Promise<readonly SmallFile[]> {
  try {
    const [launcher, bundle] = await Promise.all([readFile(join(folder, 'node')), readFile(join(folder, 'agent.cjs'))])
    return [
      { path: 'bin/node', mode: 0o755, content: launcher },
      { path: 'lib/agent.cjs', mode: 0o644, content: bundle },
    ]
  } catch (error) {
    throw new FailedError(`the agent is not in this copy of akctl: ${folder}`, {
      hints: ['install akctl again; in its sources: npm run build'],
      cause: error,
    })
  }
}
