import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeBinary } from '../../src/operations/payload/node-runtime.ts'
import { npm } from '../../src/operations/payload/npm.ts'
import { tempDir } from '../support/temp.ts'

const directory = tempDir()

/** What npm would be told by its environment: a program of that name says so. */
async function told(env: Readonly<Record<string, string>>): Promise<string[]> {
  writeFileSync(join(directory, 'npm'), '#!/bin/sh\nenv\n', { mode: 0o755 })
  const text = await npm(['view'], 'a test', { cwd: directory, env: { PATH: `${directory}:/usr/bin:/bin`, ...env } })
  return text.split('\n').filter((line) => /^(npm|AKCTL)_/i.test(line))
}

test('where the registry is, through which proxy and whose certificates count is passed on to npm', async () => {
  const wishes = {
    npm_config_registry: 'https://npm.example.com/',
    npm_config_https_proxy: 'http://proxy.example.com:3128',
    npm_config_noproxy: 'localhost',
    npm_config_cafile: '/etc/ssl/company.pem',
  }
  expect((await told(wishes)).sort()).toEqual(
    Object.entries(wishes)
      .map(([name, value]) => `${name}=${value}`)
      .sort(),
  )
})

test('what an npm that started akctl says of its own run is not', async () => {
  expect(await told({ npm_config_global: 'true', npm_lifecycle_event: 'test', npm_package_name: 'x' })).toEqual([])
})

test("what is akctl's own is not either: a passphrase is no business of npm's", async () => {
  expect(await told({ AKCTL_PASSPHRASE: 'secret', AKCTL_HOME: '/srv/akctl' })).toEqual([])
})

test('a registry that Node.js can not be fetched from is named as the reason', async () => {
  const env = { ...process.env, npm_config_registry: 'http://127.0.0.1:9/' }
  await expect(nodeBinary('x64', join(directory, 'cache'), { env })).rejects.toThrow(
    /npm could not reach its registry \(ECONNREFUSED\)/,
  )
}, 60_000)
