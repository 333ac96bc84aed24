import {
  BaseAgent,
  createAgent,
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2'

type AnyKey = ParsedKey | Buffer | string

/** The user's ssh-agent, as ssh2 asks it; remembers what went wrong, and never lets it sign by SHA-1. */
export class SafeAgent extends BaseAgent {
  /** How many keys it offered. */
  count = 0
  /** The last thing that went wrong with it. */
  problem: string | undefined
  private readonly agent: BaseAgent

  constructor(socket: string) {
    super()
    this.agent = createAgent(socket)
  }

  override getIdentities(callback: IdentityCallback<AnyKey>): void {
    this.agent.getIdentities((error, keys) => {
      if (error != null) this.problem = error.message
      this.count = keys?.length ?? 0
      callback(error, keys)
    })
  }

  override sign(key: AnyKey, data: Buffer, options: SigningRequestOptions, callback?: SignCallback): void
  override sign(key: AnyKey, data: Buffer, callback: SignCallback): void
  override sign(key: AnyKey, data: Buffer, third: SigningRequestOptions | SignCallback, fourth?: SignCallback): void {
    const [options, callback] = typeof third === 'function' ? [{}, third] : [third, fourth]
    const done: SignCallback = (error, signature) => {
      if (error != null) this.problem = error.message
      callback?.(error, signature)
    }
    const rsa = typeof key === 'object' && 'type' in key && key.type === 'ssh-rsa'
    if (rsa && options.hash !== 'sha256' && options.hash !== 'sha512') done(new Error('the server takes RSA only with SHA-1'))
    else this.agent.sign(key, data, options, done)
  }
}
