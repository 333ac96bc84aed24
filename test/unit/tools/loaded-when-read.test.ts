import { runInThisContext } from 'node:vm'
import { loadedWhenRead } from '../../../tools/loaded-when-read.mjs'

/** Runs a CommonJS text; its imports are noted when they are loaded. */
function run(text: string): { readonly exports: Record<string, unknown>; readonly loaded: readonly string[] } {
  const loaded: string[] = []
  const exports: Record<string, unknown> = {}
  const load = (name: string): unknown => {
    loaded.push(name)
    return {
      default: class {
        readonly of = name
      },
      add: (a: number, b: number) => a + b,
    }
  }
  const body = runInThisContext(`(function (require, exports, __importDefault) {${text}})`) as (...parts: unknown[]) => void
  body(load, exports, (module: unknown) => module)
  return { exports, loaded }
}

const TEXT = `
const one_1 = require("one");
const two_1 = __importDefault(require("two"));
var three_1 = require("three");
exports.sum = (a, b) => (0, one_1.add)(a, b) + one_1.add(1, 1);
exports.made = () => new two_1.default();
Object.defineProperty(exports, "three", { enumerable: true, get: function () { return three_1.add; } });
`

test('an import is loaded when it is first read from, and once', () => {
  const { exports, loaded } = run(loadedWhenRead(TEXT))
  expect(loaded).toEqual([])
  const { sum, made } = exports as { sum: (a: number, b: number) => number; made: () => { of: string } }
  expect([sum(2, 3), sum(2, 3), made().of]).toEqual([7, 7, 'two'])
  expect(loaded).toEqual(['one', 'two'])
  expect((exports['three'] as (a: number, b: number) => number)(1, 2)).toBe(3)
  expect(loaded).toEqual(['one', 'two', 'three'])
})

test('as it stands, all are loaded at once', () => {
  expect(run(TEXT).loaded).toEqual(['one', 'two', 'three'])
})
