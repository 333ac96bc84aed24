import { Writable } from 'node:stream'
import { drawnTable } from '../../src/cli/drawn-table.ts'
import { askedFormat, render } from '../../src/cli/output.ts'
import { printable } from '../../src/cli/printable.ts'
import { exitOfReport } from '../../src/cli/report.ts'
import { write } from '../../src/cli/streams.ts'
import { PLAIN, wantsColor } from '../../src/cli/style.ts'
import { usageFrom } from '../../src/cli/usage.ts'
import { detailsTable, detailsText } from '../../src/cli/views/details.ts'
import type { Style, View } from '../../src/cli/views/view.ts'
import { withoutControls } from '../support/pty.ts'

const colour =
  (code: number) =>
  (text: string): string =>
    `\u001b[${code}m${text}\u001b[0m`
const LOUD: Style = { bold: colour(1), dim: colour(2), good: colour(32), bad: colour(31), warn: colour(33) }

describe('which format is asked for, before the line is parsed', () => {
  test.each([
    [[], {}, undefined],
    [['--json'], { AKCTL_OUTPUT: 'tsv' }, 'json'],
    [['-o', 'yaml'], { AKCTL_OUTPUT: 'json' }, 'yaml'],
    [['-oyaml'], {}, 'yaml'],
    [['-o=yaml'], {}, 'yaml'],
    [['--output', 'ndjson'], {}, 'ndjson'],
    [['--output=ndjson'], {}, 'ndjson'],
    [['-o', 'tsv', '--json'], {}, 'json'],
    [['-o', 'tsv', '-o', 'name'], {}, 'name'],
    [['--', '--json'], {}, undefined],
    [['-o'], {}, undefined],
    [['-o', 'xml'], { AKCTL_OUTPUT: 'json' }, undefined],
    [[], { AKCTL_OUTPUT: 'json' }, 'json'],
    [[], { AKCTL_OUTPUT: 'xml' }, undefined],
  ] as const)('%j with %j: %s', (argv, env, format) => {
    expect(askedFormat(argv, env)).toBe(format)
  })
})

describe('tables', () => {
  const table = {
    columns: ['A', 'LONG', 'C'],
    rows: [
      ['1', 'x', 'last'],
      ['22', 'yy', ''],
    ],
  }

  test('are aligned, without spaces at the end of a line', async () => {
    expect(await drawnTable(table, PLAIN)).toBe('A   LONG  C\n1   x     last\n22  yy\n')
    expect(await drawnTable({ columns: ['A'], rows: [] }, PLAIN)).toBe('')
  })

  test('are aligned by what is seen, not by colour or bytes', async () => {
    const drawn = await drawnTable(table, LOUD, { LONG: (cell) => (cell === 'x' ? 'good' : 'bad') })
    expect(withoutControls(drawn)).toBe(await drawnTable(table, PLAIN))
    expect(drawn).toContain(LOUD.good('x'))
    expect(drawn).toContain(LOUD.bad('yy'))
    expect(drawn).toContain(LOUD.bold('LONG'))
    const wide = {
      columns: ['A', 'B'],
      rows: [
        ['日本', 'x'],
        ['ab', 'y'],
      ],
    }
    expect(await drawnTable(wide, PLAIN)).toBe('A     B\n日本  x\nab    y\n')
  })

  test('hold what is hostile as text', async () => {
    const drawn = await drawnTable({ columns: ['A'], rows: [['a\u001b[31mb\nc\u0007\u009b2J\u007f']] }, PLAIN)
    expect(drawn).toBe('A\na\ufffd[31mb c\ufffd\ufffd2J\ufffd\n')
  })
})

describe('views', () => {
  const view: View<{ readonly name: string; readonly note: string }> = {
    schema: 'test/1',
    table: ({ data }) => ({ columns: ['NAME', 'NOTE'], rows: [[data?.name ?? '', data?.note ?? '']] }),
  }
  const report = { data: { name: 'mx1', note: 'tab\there\nline\u001b[2J' } }

  test('tsv has one line a row and one tab between cells, whatever is in them', async () => {
    expect(await render('tsv', view, report, [], PLAIN)).toBe('mx1\ttab here line\ufffd[2J\n')
  })

  test('name is the first column, ndjson the data', async () => {
    expect(await render('name', view, report, [], PLAIN)).toBe('mx1\n')
    expect(JSON.parse(await render('ndjson', view, report, [], PLAIN))).toEqual(report.data)
  })

  test('json escapes what it holds and carries warnings and the exit code', async () => {
    const nodes = [
      { node: 'a', outcome: 'untrusted' as const },
      { node: 'b', outcome: 'ok' as const },
    ]
    const text = await render('json', view, { ...report, nodes }, ['careful'], PLAIN)
    expect(text).not.toContain('\u001b')
    expect(JSON.parse(text)).toEqual({ schema: 'test/1', ok: false, exit: 5, data: report.data, nodes, warnings: ['careful'] })
  })

  test('details are aligned, several values below each other', () => {
    const details = [
      ['id', '1'],
      ['labels', ['a=1', 'b=2\u0007']],
      ['none', []],
    ] as const
    expect(detailsText(details, PLAIN)).toBe('id      1\nlabels  a=1\n        b=2\ufffd\nnone    -\n')
    expect(detailsTable(details).rows).toEqual([
      ['id', '1'],
      ['labels', 'a=1'],
      ['labels', 'b=2\u0007'],
    ])
  })
})

describe('the exit code of a report', () => {
  const of = (outcomes: readonly string[], differences = false): number =>
    exitOfReport({ nodes: outcomes.map((outcome, at) => ({ node: String(at), outcome: outcome as 'ok' })), differences })

  test.each([
    [[], false, 0],
    [['ok', 'changed'], false, 0],
    [['ok'], true, 10],
    [['failed', 'unreachable'], false, 1],
    [['unreachable'], true, 4],
    [['untrusted', 'unauthorized', 'failed'], false, 5],
    [['unknown', 'untrusted'], false, 7],
    [['cancelled', 'unknown'], false, 130],
    [['skipped'], false, 1],
  ])('%j, differences %p: %i', (outcomes, differences, exit) => expect(of(outcomes, differences)).toBe(exit))
})

describe('streams and colour', () => {
  const failing = (code: string): Writable =>
    new Writable({ write: (_, __, done) => done(Object.assign(new Error(code), { code })) }).on('error', () => undefined)

  test('a reader that has gone is no error, anything else is', async () => {
    await write(failing('EPIPE'), 'x')
    await expect(write(failing('ENOSPC'), 'x')).rejects.toMatchObject({
      kind: 'store',
      exit: 1,
      message: expect.stringMatching(/could not be written: ENOSPC/) as string,
    })
    await write(failing('ENOSPC'), '')
  })

  test.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '', FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ TERM: 'dumb' }, true, false],
  ])('colour with %j, terminal %p: %p', (env, terminal, wanted) => expect(wantsColor(env, terminal)).toBe(wanted))

  test('printable keeps text and tabs', () => {
    expect(printable('ümlaut\tand 日本\r\nnext')).toBe('ümlaut\tand 日本 next')
  })
})

describe("oclif's complaints", () => {
  const complaint = (message: string): Error => Object.assign(new Error(message), { oclif: { exit: 2 } })

  test.each([
    [
      'Parsing --port \n\tExpected an integer but received: x\nSee more help with --help',
      '--port: expected an integer but received: x',
    ],
    ['Missing 1 required arg:\nname  what\nSee more help with --help', 'Missing 1 required arg:\nname  what'],
    ['The following error occurred:\n  Missing required flag file\nSee more help with --help', '--file is missing'],
  ])('%j', (message, said) => {
    expect(usageFrom(complaint(message), 'nodes list')).toMatchObject({
      kind: 'usage',
      message: said,
      hints: ['see: akctl help nodes list'],
    })
  })

  test('what is none of them stays what it is', () => {
    const bug = new TypeError('x')
    expect(usageFrom(bug, 'nodes list')).toBe(bug)
  })
})
