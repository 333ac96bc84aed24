// npm ci refuses a lock file that lacks optional packages of other platforms; the tool finds them and adds them.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { tempDir } from '../../support/temp.ts'

const root = resolve(__dirname, '../../..')
const file = join(tempDir(), 'package-lock.json')
const run = (...words: string[]): { status: number | null; stdout: string } => {
  const { status, stdout } = spawnSync(process.execPath, ['tools/complete-lock.mjs', ...words, file], {
    cwd: root,
    encoding: 'utf8',
  })
  return { status, stdout }
}
const optional = {
  '@a/b-darwin-arm64': '1.2.3',
  '@a/b-linux-x64-musl': '^1.2.3',
  '@a/b-linux-arm-gnueabihf': '1.2.3',
  '@a/b-linux-x64-gnu': '1.2.3',
}

it('names what is missing and fails, adds it, and is content then', () => {
  const packages = {
    '': { name: 'x' },
    'node_modules/z': { version: '9.0.0' },
    'node_modules/@a/b': { version: '1.2.3', dev: true, optionalDependencies: optional },
    'node_modules/@a/b/node_modules/@a/b-linux-x64-gnu': { version: '1.2.3' },
  }
  writeFileSync(file, JSON.stringify({ packages }))

  const before = run('--check')
  expect(before.status).toBe(1)
  expect(before.stdout).toContain('node_modules/@a/b-darwin-arm64')
  expect(before.stdout).not.toContain('linux-x64-gnu')

  expect(run().status).toBe(0)
  const { packages: after } = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, object> }
  expect(after).toEqual({
    ...packages,
    'node_modules/@a/b-darwin-arm64': { version: '1.2.3', cpu: ['arm64'], os: ['darwin'], dev: true, optional: true },
    'node_modules/@a/b-linux-x64-musl': {
      version: '1.2.3',
      cpu: ['x64'],
      libc: ['musl'],
      os: ['linux'],
      dev: true,
      optional: true,
    },
    'node_modules/@a/b-linux-arm-gnueabihf': {
      version: '1.2.3',
      cpu: ['arm'],
      libc: ['glibc'],
      os: ['linux'],
      dev: true,
      optional: true,
    },
  })
  expect(Object.keys(after).at(-1)).toBe('node_modules/z')
  expect(run('--check')).toEqual({ status: 0, stdout: '' })
})
