import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Removes a folder in which what was killed just now may still be writing: what is new in it then is removed as well. */
export function removeFolder(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}

/** A fresh folder that goes when the test file's tests are over. */
export function tempDir(prefix = 'akctl-test-'): string {
  const directory = mkdtempSync(join(tmpdir(), prefix))
  afterAll(() => removeFolder(directory))
  return directory
}
