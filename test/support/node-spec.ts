import { type NodeSpec, blankNode } from '../../src/operations/nodes/merge.ts'

export const JUMP = { user: 'ops', host: 'bastion.example.com', port: 22, key: 'main' } as const

/** A node of which every field is said. */
export const WHOLE: NodeSpec = {
  ...blankNode('mx1', 'mx1.example.com', '/opt/akmta'),
  ...{ access: 'ssh', mta: 'haraka', sudo: true, port: 2222, user: 'deploy', key: 'main', service: 'haraka.service' },
  jump: JUMP,
  addresses: ['203.0.113.5'],
  labels: { role: 'relay' },
}
