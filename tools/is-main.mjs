import { pathToFileURL } from 'node:url'

/** Whether a tool was started itself, and not imported by another one or a test. @param url its import.meta.url */
export function isMain(url) {
  return process.argv[1] !== undefined && url === pathToFileURL(process.argv[1]).href
}
