// An agent whose disk is full, and then has room again.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { syncBody, testAgents } from '../support/agent.ts'
import { parameter, postfixNode } from '../support/postfix.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'

// Before tempDir() below asks for its own cleaning, which would find the disk in use.
afterAll(() => execFileSync('umount', ['-l', disk]))
const place = tempDir()
const disk = join(place, 'disk')
const filler = join(disk, 'filler')
const makeAgent = testAgents()

beforeAll(() => {
  chmodSync(place, 0o755) // Postfix works as a user of its own
  mkdirSync(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0755', 'akctl-test', disk])
})

it('serves on, keeps the old revision, and its log is whole afterwards and tells what it lacks', async () => {
  const { node, listen } = await postfixNode(join(disk, 'mx1'))
  await node.install({ listen, hostname: 'mx.example.com' })
  const file = join(disk, 'log/agent.log')
  const agent = await makeAgent({ BASEDIR: node.directory, MTA: 'postfix', LOG_FILE: file })
  await agent.start()
  const sync = (seconds: number) => agent.call('POST', '/v1/sync', syncBody({ 'esmtp-connection-timeout': seconds }))
  expect((await sync(11)).status).toBe(200)
  const at = node.currentRevision()

  const { bfree, bsize } = statfsSync(disk)
  writeFileSync(filler, Buffer.alloc(bfree * bsize))
  for (let call = 0; call < 60; call += 1) {
    expect((await agent.call('GET', '/v1/version')).status).toBe(200)
  }
  expect(await sync(12)).toMatchObject({ status: 422, json: { error: { kind: 'failed' } } })
  expect(node.currentRevision()).toBe(at)

  rmSync(filler)
  expect((await sync(13)).status).toBe(200)
  expect(parameter(node.directory, 'smtp_connect_timeout')).toBe('13s')
  const calls = (): { readonly whole: number; readonly lost: number } => {
    const entries = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const lost = entries.filter(({ event }) => event === 'log').reduce((sum, entry) => sum + Number(entry['lost']), 0)
    return { lost, whole: entries.filter(({ event }) => event === 'call').length }
  }
  await until('every call is there or counted', 5, () => (calls().whole + calls().lost === 63 ? true : undefined))
  expect(calls().lost).toBeGreaterThan(0)
})
