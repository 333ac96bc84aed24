import type { Host, RunResult } from '../../src/connection/host.ts'
import { runScript } from '../../src/connection/scripted/run-script.ts'
import { ScriptedConnection } from '../../src/connection/scripted/scripted-connection.ts'
import { COMMAND_LIMIT, type ShellText } from '../../src/script/program.ts'
import type { Script } from '../../src/script/script.ts'
import { FailedError, UnknownOutcomeError, UsageError } from '../../src/outcome/errors.ts'
import { newOrder, newSync } from '../support/local-node.ts'
import { toy } from '../support/toy.ts'

/** A host that gives this back, and keeps what it was told to run. */
class StubHost implements Host {
  readonly label = 'mx1'
  readonly ran: ShellText[] = []

  constructor(private readonly result: Partial<RunResult> = {}) {}

  run(program: ShellText): Promise<RunResult> {
    this.ran.push(program)
    return Promise.resolve({ stdout: '', stderr: '', overflow: false, end: { kind: 'exit', status: 0 }, ...this.result })
  }

  feed(): Promise<never> {
    return Promise.reject(new Error('not asked for'))
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

const script = (changes: boolean): Script<undefined> => ({
  ...{ name: 'toy verb', text: ['true'], args: [], changes },
  interpret: () => undefined,
})

describe('an answer that was cut off because it is too long', () => {
  const long = { overflow: true, stdout: 'a banner '.repeat(10) }

  test.each([
    ['of a change leaves its outcome unknown', true, UnknownOutcomeError],
    ['of a look is a failure', false, FailedError],
  ])('%s, and says so', async (_, changes, kind) => {
    const error = await runScript(new StubHost(long), script(changes), { timeout: 1 }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(kind)
    expect((error as Error).message).toContain('over the limit')
  })
})

describe('an order that no script can be made of is a failure, and nothing is sent', () => {
  const installation = { directory: '/opt/mx1', addresses: [] }

  test('because the driver refuses it', async () => {
    const host = new StubHost()
    const edits = (): never => {
      throw new UsageError('not these settings', { hints: ['others'] })
    }
    const connection = new ScriptedConnection(host, { ...toy, edits }, installation, { timeout: 1, changeTimeout: 1 })
    for (const call of [connection.sync(newSync({ settings: {} })), connection.diff({})]) {
      const error = await call.catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(FailedError)
      expect(error).toMatchObject({ message: 'nothing was sent: not these settings', hints: ['others'] })
    }
    expect(host.ran).toEqual([])
  })

  test('because it is too long for a command', async () => {
    const host = new StubHost()
    const connection = new ScriptedConnection(host, toy, installation, { timeout: 1, changeTimeout: 1 })
    await expect(connection.stop({ ...newOrder(), reason: 'x'.repeat(COMMAND_LIMIT) })).rejects.toThrow(FailedError)
    expect(host.ran).toEqual([])
  })
})
