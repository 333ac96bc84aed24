import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { leaner } from '../../../tools/lean-ssh2.mjs'

const textOf = (name: string): string => readFileSync(join('node_modules/ssh2/lib', name), 'utf8')

test.each(['protocol/kex.js', 'protocol/crypto.js', 'client.js', 'Channel.js'])('%s is changed once, or not at all', (name) => {
  const lean = leaner(name, textOf(name))
  expect(lean).not.toBe(textOf(name))
  expect(() => leaner(name, lean)).toThrow(`ssh2's ${name} has`)
  expect(() => leaner(name, '')).toThrow(`ssh2's ${name} has`)
})

test('what has no place to change stays as it is', () => {
  expect(leaner('server.js', textOf('server.js'))).toBe(textOf('server.js'))
})
