import { FailedError } from '../../src/outcome/errors.ts'
import { neededArch } from '../../src/operations/payload/node-runtime.ts'

test.each([
  ['20 is enough', { machine: 'x86_64', nodeVersion: 'v20.0.0', glibc: true }, undefined],
  ['so is any later one', { machine: 'riscv64', nodeVersion: 'v24.3.1', glibc: false }, undefined],
  ['none', { machine: 'x86_64', glibc: true }, 'x64'],
  ['none, on ARM', { machine: 'aarch64', glibc: true }, 'arm64'],
  ['one that is too old', { machine: 'x86_64', nodeVersion: 'v18.20.4', glibc: true }, 'x64'],
  ['one that cannot be run', { machine: 'x86_64', node: '/usr/bin/node', glibc: true }, 'x64'],
])('Node.js on the node: %s', (_, probe, arch) => {
  expect(neededArch(probe)).toBe(arch)
})

test.each([
  ['another machine', { machine: 'riscv64', glibc: true }, /has no Node\.js, and there is none to send to a riscv64/],
  ['no glibc', { machine: 'x86_64', nodeVersion: 'v12.1.0', glibc: false }, /has Node\.js v12\.1\.0, .* needs glibc/],
])('what cannot be helped is said, with the way out: %s', (_, probe, message) => {
  let error: unknown
  try {
    neededArch(probe)
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(FailedError)
  expect(String(error)).toMatch(message)
  expect((error as FailedError).hints.join()).toMatch(/install Node\.js 20 or newer on the node/)
})
