import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { tempDir } from '../../support/temp.ts'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'

const root = resolve(__dirname, '../../..')
const folder = tempDir()
const names = ['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'CI', 'AKCTL_OUTPUT', 'SSH_AUTH_SOCK']

it('processes started by a test see none of the settings of the shell that runs the tests', () => {
  mkdirSync(`${folder}/test`)
  const out = `${folder}/seen.json`
  writeFileSync(
    `${folder}/test/seen.test.js`,
    `it('looks', () => {
      const { execFileSync } = require('node:child_process')
      const seen = execFileSync(process.execPath, ['-p', 'JSON.stringify(process.env)'], { encoding: 'utf8' })
      require('node:fs').writeFileSync('${out}', seen)
    })`,
  )
  const config = { rootDir: folder, globalSetup: `${root}/test/support/clean-environment.cjs` }
  const env = {
    ...process.env,
    NODE_OPTIONS: '--no-warnings',
    NODE_EXTRA_CA_CERTS: '/dev/null',
    CI: 'true',
    AKCTL_OUTPUT: 'json',
    SSH_AUTH_SOCK: '/x',
  }
  const { status, stderr } = spawnSync(
    process.execPath,
    [`${root}/node_modules/jest/bin/jest.js`, '--config', JSON.stringify(config)],
    {
      cwd: folder,
      env,
      encoding: 'utf8',
    },
  )
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
  const seen = JSON.parse(readFileSync(out, 'utf8')) as Record<string, string>
  expect(names.filter((name) => name in seen)).toEqual([])
  expect(seen['PATH']).toBe(process.env['PATH'])
})
