import type { Profile } from '../../profile/profile.ts'

/** Makes a revision the one this profile knows the node to be at. A node that was deleted meanwhile stays deleted. */
export async function adoptRevision(profile: Profile, nodeId: number, revision: number): Promise<void> {
  const known = (await profile.read()).nodes.find(({ id }) => id === nodeId)
  if (known === undefined || known.baseRevision === revision) return
  await profile.update((data) => ({
    data: {
      ...data,
      nodes: data.nodes.map((node) => (node.id === nodeId ? { ...node, baseRevision: revision } : node)),
    },
    result: undefined,
  }))
}
