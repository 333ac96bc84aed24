import { blankNode, merged } from '../../src/operations/nodes/merge.ts'
import { JUMP, WHOLE } from '../support/node-spec.ts'

test('what nothing is said about stays, field by field', () => {
  expect(merged(WHOLE, {})).toEqual(WHOLE)
  for (const said of [{ name: 'mx2' }, { host: 'h.example.com' }, { user: 'root' }, { port: 22 }, { service: 'mta.service' }])
    expect(merged(WHOLE, said)).toEqual({ ...WHOLE, ...said })
})

test('what is said is taken, field by field', () => {
  expect(merged(blankNode('a', 'b', '/c'), { ...WHOLE, jump: JUMP })).toEqual(WHOLE)
})

test('a key for the jump host alone, and what is taken away', () => {
  expect(merged(WHOLE, { jumpKey: 'other' }).jump).toEqual({ ...WHOLE.jump, key: 'other' })
  const less = merged(WHOLE, {}, new Set(['jump', 'service', 'label']))
  expect(less).toEqual({ ...WHOLE, jump: undefined, service: undefined, labels: {} })
  expect(Object.keys(less)).not.toContain('jump')
})

test('with another access goes what belonged to the one before, but for what is said with it', () => {
  const { port = 0, user = '', key = '', jump, ...plain } = WHOLE
  expect(merged(WHOLE, { access: 'https' })).toEqual({ ...plain, access: 'https', sudo: false })
  expect(merged(WHOLE, { access: 'local' })).toEqual({ ...plain, access: 'local' })
  for (const said of [{ port }, { user }, { key }, { sudo: true }])
    expect(merged(WHOLE, { access: 'https', ...said })).toEqual({ ...plain, access: 'https', sudo: false, ...said })
  expect(merged(WHOLE, { access: 'https', jump: JUMP }).jump).toEqual(jump)
  expect(merged({ ...plain, access: 'https' }, { access: 'ssh' })).toEqual({ ...plain, access: 'ssh' })
})
