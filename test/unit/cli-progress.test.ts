import { Writable } from 'node:stream'
import { liveText, Progress } from '../../src/cli/progress.ts'
import { withoutControls } from '../support/pty.ts'
import { until } from '../support/until.ts'

class Screen extends Writable {
  text = ''
  readonly columns = 60

  constructor(readonly isTTY: boolean) {
    super()
  }

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

test('the line tells how many, how fast, and which node keeps everybody waiting', () => {
  const tally = { total: 30, done: 13, failed: 1, elapsed: 4000, part: 'wave 2 of 3', slowest: { node: 'mx07', time: 12_300 } }
  expect(liveText(tally)).toBe('wave 2 of 3 | 13 done, 1 failed, 17 left | 3.3/s | slowest: mx07, 12 s')
  expect(liveText({ total: 3, done: 0, failed: 0, elapsed: 0, part: '' })).toBe('0 done, 0 failed, 3 left')
})

test('a terminal gets one line that is drawn anew and taken away at the end, and is never wider than the terminal', async () => {
  const screen = new Screen(true)
  let now = 0
  const progress = new Progress(screen, () => now)
  const watch = progress.of(3)
  watch.started('mx1')
  watch.started('mx2')
  watch.settled({ node: 'mx1', outcome: 'failed' })
  now = 2000
  await until('a line', 5, () => screen.text.includes('1 done, 1 failed, 2 left') || undefined)
  expect(withoutControls(screen.text)).toContain('slowest: mx2, 2 s')
  watch.settled({ node: 'mx1', outcome: 'failed' }) // seen again when it is put back: still one node
  watch.started('a-node-with-a-name-that-is-longer-than-what-is-left-of-the-line')
  watch.settled({ node: 'mx2', outcome: 'ok' })
  await until('the next line', 5, () => screen.text.includes('2 done, 1 failed, 1 left') || undefined)
  watch.end()
  const lines = screen.text.split('\r\u001b[2K')
  expect(lines.every((line) => line.length < 60)).toBe(true)
  expect(lines.at(-1)).toBe('')
})

test('nothing is drawn over a question', async () => {
  const screen = new Screen(true)
  const progress = new Progress(screen, () => 0)
  const watch = progress.of(2)
  await until('a line', 5, () => screen.text.includes('2 left') || undefined)
  const during = await progress.aside(async () => {
    const before = screen.text
    await new Promise((resolve) => setTimeout(resolve, 1000)) // two drawings would fit
    return screen.text.slice(before.length)
  })
  expect(during).toBe('')
  watch.end()
})

test('without a terminal there is a line for each part of a run, and nothing else', async () => {
  const screen = new Screen(false)
  const watch = new Progress(screen, () => 0).of(3)
  watch.part('wave 1 of 2: 1 node')
  watch.started('mx1')
  await new Promise((resolve) => setTimeout(resolve, 600)) // a terminal would have its line by now
  watch.settled({ node: 'mx1', outcome: 'ok' })
  watch.part('wave 2 of 2: 2 nodes')
  watch.end()
  expect(screen.text).toBe('wave 1 of 2: 1 node\nwave 2 of 2: 2 nodes\n')
})
