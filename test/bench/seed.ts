// Fills a store by the program's own code: a command for each of 300 nodes would take a minute.
import { openHome } from '../../src/profile/home.ts'
import type { NodeRecord } from '../../src/node/record.ts'

/** Adds nodes to the profile in use; what is not given is that of a Postfix node over SSH. */
export async function seed(home: string, nodes: readonly Partial<NodeRecord>[]): Promise<void> {
  const profile = await openHome({ AKCTL_HOME: home }).open()
  await profile.update((data) => {
    const added = nodes.map((node, index): NodeRecord => ({
      id: data.nextId + index,
      name: `mx${data.nextId + index}`,
      host: '192.0.2.1',
      directory: '/srv/mx',
      access: 'ssh',
      mta: 'postfix',
      sudo: false,
      addresses: [],
      labels: {},
      settings: {},
      createdAt: new Date().toISOString(),
      ...node,
    }))
    return { data: { ...data, nextId: data.nextId + added.length, nodes: [...data.nodes, ...added] }, result: undefined }
  })
}
