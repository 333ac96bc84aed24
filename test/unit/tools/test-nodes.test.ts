import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(__dirname, '../../..')

test.each([
  [['--node', '23'], '--node 23: there are 22 and 24'],
  [['--node'], '--node : there are 22 and 24'],
])('test:nodes %j: a release that is not pinned is named, with those that are, before anything is fetched', (words, message) => {
  const run = spawnSync(process.execPath, [join(root, 'tools/test-nodes.mjs'), ...words], { encoding: 'utf8' })
  expect([run.status, run.stdout]).toEqual([1, ''])
  expect(run.stderr).toContain(message)
  expect(run.stderr).not.toContain('TypeError')
})

test('npm ci builds: the package is prepared by the build', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  expect(scripts['prepare']).toBe('node tools/build.mjs')
})
