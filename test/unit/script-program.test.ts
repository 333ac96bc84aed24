// A program as a node runs it: values, payload, the frame of its answer, and what becomes of a half of it.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { failureOf, frame } from '../../src/script/answer.ts'
import { Packing } from '../../src/script/packing.ts'
import { COMMAND_LIMIT, commandLine, programOf, type ShellText, wholeText } from '../../src/script/program.ts'
import { ConflictError, FailedError, UnauthorizedError } from '../../src/outcome/errors.ts'
import { tempDir } from '../support/temp.ts'

const folder = tempDir()
const payload = Buffer.from(Array.from({ length: 4096 }, (_, index) => index % 256))

/** Runs a program text by sh with something on stdin, and reads its frame. */
function run(
  parts: { readonly text: string; readonly args: readonly string[]; readonly payload?: Uint8Array },
  stdin: Uint8Array = parts.payload ?? new Uint8Array(),
  shell: readonly string[] = ['sh'],
): ReturnType<typeof frame> {
  const program = programOf({ ...parts, text: [parts.text] })
  const [command = 'sh', ...args] = shell
  const { stdout } = spawnSync(command, [...args, '-c', wholeText(program.text)], { input: stdin, encoding: 'utf8' })
  return frame(stdout, program.mark)
}

function answered(framed: ReturnType<typeof frame>): Extract<ReturnType<typeof frame>, { kind: 'whole' }>['answer'] {
  if (framed.kind !== 'whole') throw new Error(`the answer is ${framed.kind}`)
  return framed.answer
}

describe.each([
  ['dash', ['dash']],
  ['busybox', ['busybox', 'sh']],
] as const)('under %s', (_, shell) => {
  test('values, fields, bytes and the exit status arrive', () => {
    const text = `put one "$1"\nput two "$2"\nprintf 'a\\nb\\001' >"$3"\nput_file bytes "$3"\nput lines "$(printf 'x\\ny')"\nexit 3`
    const { status, fields } = answered(run({ text, args: ["it's", '$(id) *', join(folder, 'f')] }, undefined, shell))
    expect(status).toBe(3)
    expect([fields.text('one'), fields.text('two'), fields.text('bytes'), fields.text('lines')]).toEqual([
      "it's",
      '$(id) *',
      'a\nb\u0001',
      'x y',
    ])
  })

  test('a payload is taken whole', () => {
    const file = join(folder, `whole-${shell[0]}`)
    expect(answered(run({ text: 'payload "$1"\nput done yes', args: [file], payload }, undefined, shell)).status).toBe(0)
    expect(readFileSync(file).equals(payload)).toBe(true)
  })

  test.each([
    ['cut', payload.subarray(0, 4095)],
    ['changed', Buffer.from(payload).fill(1, 7, 8)],
    ['missing', Buffer.alloc(0)],
  ])('a payload that is %s is refused, and nothing is left of it', (how, sent) => {
    const file = join(folder, `${how}-${shell[0]}`)
    const { status, fields } = answered(run({ text: 'payload "$1"\nput done yes', args: [file], payload }, sent, shell))
    expect([status, fields.optional('done'), fields.optional('failure')]).toEqual([1, undefined, 'failed'])
    expect(fields.text('message')).toContain('nothing was changed')
    expect(existsSync(file)).toBe(false)
  })

  test('a killed script has no end mark, whatever signal it was', () => {
    for (const signal of ['KILL', 'TERM', 'HUP'])
      expect(run({ text: `kill -${signal} $$\nsleep 1`, args: [] }, undefined, shell).kind).toBe('begun')
  })

  test('the system folders of commands are in PATH, whatever the login gave', () => {
    const program = programOf({ text: ['put path "$PATH"'], args: [] })
    const [command = 'sh', ...args] = shell
    const sh = spawnSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).stdout.trim()
    const { stdout } = spawnSync(sh, [...args, '-c', wholeText(program.text)], { env: {}, encoding: 'utf8' })
    const path = answered(frame(stdout, program.mark)).fields.text('path').split(':')
    expect(path).toEqual(expect.arrayContaining(['/usr/sbin', '/sbin', '/usr/local/sbin', '/bin']))
  })
})

describe('the frame', () => {
  const mark = 'akctl-0123456789abcdef'

  test('what login shells print around it is passed over', () => {
    const answer = answered(frame(`Welcome!\n\n${mark} begin\na=1\n\n${mark} end 0\nlogout\n`, mark))
    expect([answer.status, answer.fields.text('a')]).toEqual([0, '1'])
  })

  test("another run's mark is not taken for this one's", () => {
    expect(frame(`\nakctl-ffff begin\na=1\n\nakctl-ffff end 0\n`, mark).kind).toBe('nothing')
  })

  test('an answer that prints an end of its own is read to the first one', () => {
    expect(answered(frame(`\n${mark} begin\na=1\n\n${mark} end 1\n\n${mark} end 0\n`, mark)).status).toBe(1)
  })

  test('two programs never have the same mark', () => {
    const marks = Array.from({ length: 100 }, () => programOf({ text: [], args: [] }).mark)
    expect(new Set(marks).size).toBe(100)
  })
})

describe('what a node prints', () => {
  const fieldsOf = (text: string): ReturnType<typeof answered>['fields'] =>
    answered(frame(`\nm begin\n${text}\n\nm end 0\n`, 'm')).fields

  test('is read field by field; lines of another form are passed over', () => {
    const fields = fieldsOf('a=1\nnonsense\nB=2\na=2\nb:=aGk=\nempty=\nc=x=y')
    expect([fields.all('a'), fields.optional('a'), fields.text('b'), fields.optional('empty'), fields.text('c')]).toEqual([
      ['1', '2'],
      '2',
      'hi',
      undefined,
      'x=y',
    ])
  })

  test.each([
    ['integer', 'n=1e9', (f: ReturnType<typeof fieldsOf>) => f.integer('n')],
    ['integer', 'n=12345678901234567890', (f: ReturnType<typeof fieldsOf>) => f.integer('n')],
    ['flag', 'n=maybe', (f: ReturnType<typeof fieldsOf>) => f.flag('n')],
    ['text', 'm=1', (f: ReturnType<typeof fieldsOf>) => f.text('n')],
  ])('an answer without the %s it should have is an error: %s', (_, text, read) => {
    expect(() => read(fieldsOf(text))).toThrow(FailedError)
  })

  test.each([
    ['conflict', ConflictError],
    ['unauthorized', UnauthorizedError],
    ['failed', FailedError],
    ['of another kind', FailedError],
  ])('a failure that is %s keeps its message, detail and hints', (kind, type) => {
    const framed = run({
      text: `put detail 'line 1'\nput detail 'line 2'\nput hint 'do this'\nfail '${kind}' 'it broke'`,
      args: [],
    })
    const error = failureOf(answered(framed), 'postfix status on mx1')
    expect(error).toBeInstanceOf(type)
    expect([error.message, error.detail, error.hints]).toEqual([
      'postfix status on mx1: it broke',
      ['line 1', 'line 2'],
      ['do this'],
    ])
  })
})

describe('a command line', () => {
  test('holds nothing that a login shell would touch', () => {
    const program = programOf({ text: [`echo "it's" \\ ! $HOME\n`], args: ['a b'] })
    expect(commandLine(new Packing().pack(program.text), { sudo: true })).toMatch(
      /^exec sudo -n \/bin\/sh -c 'eval "\$\(printf %s "\$0" \| base64 -d \| gzip -d\)"' [A-Za-z0-9+/=]+$/,
    )
  })

  test.each([
    ['gzip', ['gzip', '-d']],
    ['busybox', ['busybox', 'gzip', '-d']],
  ])(
    'is unpacked by %s, also when another of the same script, or one like it, was packed before',
    (_, [command = '', ...args]) => {
      const packing = new Packing()
      const unpacked = (program: ShellText): string =>
        spawnSync(command, args, { input: packing.pack(program), encoding: 'utf8' }).stdout
      for (const pieces of [['put word "$1"'], ['put word "$2"'], ['put word "$1"', 'put word "$2"']]) {
        for (const word of ['one', 'ünï', 'x'.repeat(40_000)]) {
          const { text } = programOf({ text: pieces, args: [word] })
          expect(unpacked(text)).toBe(wholeText(text))
          expect(unpacked(text).endsWith(pieces.join('\n'))).toBe(true)
        }
      }
      expect(unpacked('echo by itself')).toBe('echo by itself')
    },
  )

  test('that is too long for one argument is refused before it is sent', () => {
    expect(() => programOf({ text: ['x'.repeat(COMMAND_LIMIT)], args: [] })).toThrow(RangeError)
  })
})
