import { type NodeSpec, blankNode, merged } from '../../src/operations/nodes/merge.ts'

/** A node of which every field is said. */
const whole: NodeSpec = {
  ...blankNode('mx1', 'mx1.example.com', '/opt/akmta'),
  ...{ access: 'ssh', mta: 'haraka', sudo: true, port: 2222, user: 'deploy', key: 'main', service: 'haraka.service' },
  jump: { user: 'ops', host: 'bastion.example.com', port: 22, key: 'main' },
  addresses: ['203.0.113.5'],
  labels: { role: 'relay' },
}

test('what nothing is said about stays, field by field', () => {
  expect(merged(whole, {})).toEqual(whole)
  for (const said of [{ name: 'mx2' }, { host: 'h.example.com' }, { user: 'root' }, { port: 22 }, { service: 'mta.service' }])
    expect(merged(whole, said)).toEqual({ ...whole, ...said })
})

test('what is said is taken, field by field', () => {
  const { jump, labels, ...plain } = whole
  const said = merged(blankNode('a', 'b', '/c'), { ...plain, labels, ...(jump === undefined ? {} : { jump }) })
  expect(said).toEqual({ ...whole, jump: { ...jump, key: 'main' } })
})

test('a key for the jump host alone, and what is taken away', () => {
  expect(merged(whole, { jumpKey: 'other' }).jump).toEqual({ ...whole.jump, key: 'other' })
  const less = merged(whole, {}, new Set(['jump', 'service', 'label']))
  expect(less).toEqual({ ...whole, jump: undefined, service: undefined, labels: {} })
  expect(Object.keys(less)).not.toContain('jump')
})

test('with another access goes what belonged to the one before, but for what is said with it', () => {
  const { port = 0, user = '', key = '', jump, ...plain } = whole
  expect(merged(whole, { access: 'https' })).toEqual({ ...plain, access: 'https', sudo: false })
  expect(merged(whole, { access: 'local' })).toEqual({ ...plain, access: 'local' })
  for (const said of [{ port }, { user }, { key }, { sudo: true }])
    expect(merged(whole, { access: 'https', ...said })).toEqual({ ...plain, access: 'https', sudo: false, ...said })
  if (jump === undefined) throw new Error('no jump host')
  expect(merged(whole, { access: 'https', jump }).jump).toMatchObject({ host: jump.host })
  expect(merged({ ...plain, access: 'https' }, { access: 'ssh' })).toEqual({ ...plain, access: 'ssh' })
})
