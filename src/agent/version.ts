declare const AKCTL_VERSION: string | undefined

/** The release of akctl this bundle was built from; the build puts it in. */
export function agentRelease(): string {
  return typeof AKCTL_VERSION === 'string' ? AKCTL_VERSION : 'unbuilt'
}
