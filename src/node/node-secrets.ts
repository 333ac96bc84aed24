/** The names of a node's secrets in its profile. */
export interface NodeSecrets {
  /** What calls of the agent carry. */
  readonly apiKey: string
  /** While keys are rotated: what they will carry. */
  readonly nextApiKey: string
  /** While keys are rotated: the agent's next certificate and its private key, PEM. */
  readonly nextServer: string
  /** How the archive was made (JSON), so that later ones say the same. No secret, but kept with what belongs to it. */
  readonly archive: string
}

/** @param id the node's id */
export function nodeSecrets(id: number): NodeSecrets {
  const name = (what: string): string => `node/${id}/${what}`
  return {
    apiKey: name('api-key'),
    nextApiKey: name('api-key-next'),
    nextServer: name('server-next'),
    archive: name('archive'),
  }
}
