import { PassThrough } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { CappedOutput } from '../../src/connection/capped-output.ts'
import { LINE_LIMIT, linesOf } from '../../src/connection/lines.ts'
import { ChunkQueue } from '../../src/connection/chunk-queue.ts'
import { Countdown } from '../../src/connection/ssh/countdown.ts'

/** Node's own way to the collector without a flag of the process. */
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

describe('capped output', () => {
  test.each([1, 3, 7, 4096, 100_000])('keeps the first bytes, whatever the size of chunks (%i)', (size) => {
    const all = Buffer.from('0123456789'.repeat(2000))
    const output = new CappedOutput(15_000)
    for (let at = 0; at < all.length; at += size) output.add(all.subarray(at, at + size))
    expect(output.text()).toBe(all.toString('utf8', 0, 15_000))
    expect(output.overflow).toBe(true)
  })

  test('exactly full is no overflow', () => {
    const output = new CappedOutput(10)
    output.add(Buffer.from('01234'))
    output.add(Buffer.from('56789'))
    expect([output.text(), output.overflow]).toEqual(['0123456789', false])
    output.add(Buffer.from('x'))
    expect([output.text(), output.overflow]).toEqual(['0123456789', true])
  })

  test('does not hold on to the buffers its chunks were cut from', async () => {
    const output = new CappedOutput(1024 * 1024)
    const wholes = Array.from({ length: 50 }, () => {
      const whole = new ArrayBuffer(64 * 1024)
      output.add(Buffer.from(whole, 0, 1))
      return new WeakRef(whole)
    })
    await nextTurn() // until then each is held by its reference having been made
    collectGarbage()
    expect(output.text()).toHaveLength(50)
    expect(wholes.filter((whole) => whole.deref() !== undefined)).toHaveLength(0)
  })
})

describe('lines', () => {
  async function lines(...chunks: (string | Buffer)[]): Promise<string[]> {
    const all: string[] = []
    async function* source(): AsyncIterable<Buffer> {
      for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk))
    }
    for await (const line of linesOf(source())) all.push(line)
    return all
  }

  test.each<[string, (string | Buffer)[], string[]]>([
    ['nothing', [], []],
    ['one', ['a\n'], ['a']],
    ['a last one without end', ['a\nb'], ['a', 'b']],
    ['cut anywhere', ['a', 'b\nc', '\n', '\nd\n'], ['ab', 'c', '', 'd']],
    ['of Windows', ['a\r\nb\r', '\n'], ['a', 'b']],
    ['a letter cut in two', [Buffer.from([0xc3]), Buffer.from([0xa4, 10])], ['ä']],
  ])('%s', async (_, chunks, expected) => {
    expect(await lines(...chunks)).toEqual(expected)
  })

  test('an endless line is cut off', async () => {
    const endless = Array.from({ length: 50 }, () => 'x'.repeat(10_000))
    expect((await lines(...endless, '\nnext\n')).map(({ length }) => length)).toEqual([LINE_LIMIT, 4])
  })
})

describe('a queue of chunks', () => {
  test('gives what arrives, before and while it is read, and ends with its source', async () => {
    const source = new PassThrough()
    const queue = new ChunkQueue(source)
    source.write('a')
    const seen: string[] = []
    const reading = (async () => {
      for await (const chunk of queue.chunks()) seen.push(chunk.toString())
    })()
    source.write('b')
    source.end('c')
    await reading
    expect(seen.join('')).toBe('abc')
  })

  test('holds the other side up when nobody reads, and lets go when dropped', async () => {
    const source = new PassThrough({ highWaterMark: 1024 })
    const queue = new ChunkQueue(source)
    let written = 0
    while (written < 10_000_000 && source.write(Buffer.alloc(64 * 1024))) {
      written += 64 * 1024
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(source.isPaused()).toBe(true)
    expect(written).toBeLessThan(1_000_000)
    queue.drop()
    source.end()
    await new Promise((resolve) => source.once('end', resolve))
    for await (const chunk of queue.chunks()) throw new Error(`dropped, and yet ${chunk.length} bytes`)
  })
})

describe('a countdown', () => {
  beforeEach(() => jest.useFakeTimers())
  afterEach(() => jest.useRealTimers())

  function started(seconds: number): { readonly countdown: Countdown; readonly ended: () => boolean } {
    let over = false
    const countdown = new Countdown()
    countdown.start(seconds, () => (over = true))
    return { countdown, ended: () => over }
  }

  test('ends after its seconds, and not before', () => {
    const { ended } = started(2)
    jest.advanceTimersByTime(1999)
    expect(ended()).toBe(false)
    jest.advanceTimersByTime(1)
    expect(ended()).toBe(true)
  })

  test('stands still while paused', () => {
    const { countdown, ended } = started(2)
    jest.advanceTimersByTime(1500)
    countdown.pause()
    jest.advanceTimersByTime(60_000)
    countdown.resume()
    jest.advanceTimersByTime(499)
    expect(ended()).toBe(false)
    jest.advanceTimersByTime(1)
    expect(ended()).toBe(true)
  })

  test('once stopped, nothing starts it again but a new start', () => {
    const { countdown, ended } = started(1)
    countdown.pause()
    countdown.stop()
    countdown.resume()
    jest.advanceTimersByTime(60_000)
    expect(ended()).toBe(false)
    expect(jest.getTimerCount()).toBe(0)
  })
})
