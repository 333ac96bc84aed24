// Optional packages of other platforms that package-lock.json lacks: npm leaves them out when the registry it asks does
// not have them all, and `npm ci` then refuses the lock everywhere. With --check it only names them.
// Usage: node tools/complete-lock.mjs [--check] [LOCK]; default: package-lock.json
import { readFileSync, writeFileSync } from 'node:fs'

const PLATFORMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const CPUS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64']
const LIBCS = { gnu: 'glibc', musl: 'musl' }

/**
 * Entries that are missing in a lock file.
 * @param {{ packages: Record<string, object> }} lock
 * @returns {Map<string, object>} place in the tree → entry
 */
export function missingEntries({ packages }) {
  const missing = new Map()
  for (const [place, entry] of Object.entries(packages))
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      if (isThere(packages, place, name)) continue
      missing.set(`node_modules/${name}`, {
        version: range.replace(/^[~^]/, ''),
        ...platformOf(name),
        ...(entry.dev ? { dev: true } : {}),
        optional: true,
      })
    }
  return missing
}

/** Whether Node.js, starting in `place`, finds a package. */
function isThere(packages, place, name) {
  for (let at = place; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    if (packages[`${at === '' ? '' : `${at}/`}node_modules/${name}`] !== undefined) return true
    if (at === '') return false
  }
}

/** `os`, `cpu` and `libc` of a package by its name: `@swc/core-linux-arm-gnueabihf`. */
function platformOf(name) {
  const words = name.replace(/^.*\//, '').split('-')
  const os = words.find((word) => PLATFORMS.includes(word))
  const cpu = words.find((word) => CPUS.includes(word))
  const libc = LIBCS[words.at(-1).replace(/eabihf$/, '')]
  if (os === undefined || cpu === undefined)
    throw new Error(`${name} is optional, and its name tells no platform; add it by hand`)
  return { cpu: [cpu], ...(libc === undefined ? {} : { libc: [libc] }), os: [os] }
}

const file = process.argv.slice(2).find((word) => !word.startsWith('-')) ?? 'package-lock.json'
const lock = JSON.parse(readFileSync(file, 'utf8'))
const missing = missingEntries(lock)
if (missing.size > 0 && process.argv.includes('--check')) {
  console.log(`${file} lacks ${[...missing.keys()].join(', ')}`)
  console.log('npm ci would refuse it: run node tools/complete-lock.mjs')
  process.exitCode = 1
} else if (missing.size > 0) {
  for (const [place, entry] of missing) lock.packages[place] = entry
  const [top, ...rest] = Object.entries(lock.packages)
  lock.packages = Object.fromEntries([top, ...rest.sort(([a], [b]) => a.localeCompare(b, 'en'))])
  writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`)
  console.log(`${file}: added ${missing.size} entries`)
}
