import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import type { Installation, MtaDriver } from '../../mta/driver.ts'
import { installScript } from '../../mta/shared/operations.ts'
import type { InstallResult } from '../../mta/shared/results.ts'
import { FailedError } from '../../outcome/errors.ts'
import type { Host, RunOptions } from '../host.ts'
import { runScript } from '../scripted/run-script.ts'

/** The file of an archive's conf folder that says how the MTA is to be prepared. */
export const INSTALL_FILE = 'install.json'

/** What is in it: the fields' names are like node.json's. */
export interface FirstStart {
  /** `ADDRESS:PORT` of the SMTP listener. */
  readonly SMTP_LISTEN: string
  /** The MTA's own name. */
  readonly HOSTNAME: string
  /** Who made the archive. */
  readonly BY: string
}

const word = v.pipe(v.string(), v.regex(/^[^\p{Cc}]{1,256}$/u))
const schema = v.object({ SMTP_LISTEN: word, HOSTNAME: word, BY: word })

/**
 * Prepares the directory of a node that was unpacked from an archive, as `nodes install` does by SSH: the base and
 * revision 0. For every start of the agent: done again it changes only what is not as it should be, and never the base.
 * @param conf the folder of node.json
 * @returns undefined when no archive said what to prepare (a conf made by hand)
 * @throws FailedError with the reason, UnauthorizedError without the right to
 */
export async function prepareUnpacked(
  conf: string,
  host: Host,
  mta: { readonly driver: MtaDriver; readonly installation: Installation },
  options: RunOptions,
): Promise<InstallResult | undefined> {
  const wanted = await readFirstStart(join(conf, INSTALL_FILE))
  if (wanted === undefined) return undefined
  const { SMTP_LISTEN: listen, HOSTNAME: hostname, BY: by } = wanted
  const at = new Date().toISOString()
  return runScript(host, installScript(mta.driver, mta.installation, { listen, hostname, by, at }), options)
}

async function readFirstStart(file: string): Promise<FirstStart | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT') return undefined
    throw new FailedError(`${file} can't be read: ${error instanceof Error ? error.message : String(error)}`)
  }
  try {
    return v.parse(schema, JSON.parse(text))
  } catch (error) {
    throw new FailedError(`${file} is not in order: ${error instanceof Error ? error.message : String(error)}`)
  }
}
