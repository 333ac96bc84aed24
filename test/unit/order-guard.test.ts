import { OrderGuard } from '../../src/operations/run/order-guard.ts'
import { CancelledError } from '../../src/outcome/errors.ts'
import { until } from '../support/until.ts'

/** How many timers keep this process from ending. */
const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length

const never = (): Promise<never> => new Promise(() => undefined)

test('between orders Ctrl-C cuts the connection at once', () => {
  const outer = new AbortController()
  const guard = new OrderGuard(outer.signal, 3600)
  expect(guard.signal.aborted).toBe(false)
  outer.abort()
  expect(guard.signal.aborted).toBe(true)
})

test('an order under way ends first, and no other one begins', async () => {
  const outer = new AbortController()
  const guard = new OrderGuard(outer.signal, 3600)
  const before = timers()
  const cutMeanwhile = await guard.run(() => {
    outer.abort()
    return Promise.resolve(guard.signal.aborted)
  })
  expect([cutMeanwhile, guard.signal.aborted]).toEqual([false, true])
  expect(timers()).toBe(before)
  await expect(guard.run(never)).rejects.toThrow(CancelledError)
})

test('an order that does not end is cut after its grace', async () => {
  const outer = new AbortController()
  const guard = new OrderGuard(outer.signal, 0)
  void guard.run(never)
  outer.abort()
  expect(guard.signal.aborted).toBe(false)
  await until('it is cut', 10, () => guard.signal.aborted || undefined)
})

test('a guard that was let go holds no timer and hears nothing more', () => {
  const outer = new AbortController()
  const guard = new OrderGuard(outer.signal, 3600)
  guard.release()
  outer.abort()
  expect(guard.signal.aborted).toBe(false)
})
