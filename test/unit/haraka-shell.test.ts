import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { haraka } from '../../src/mta/haraka/driver.ts'
import { harakaPrograms } from '../support/haraka.ts'
import { tempDir } from '../support/temp.ts'

const SHELLS: readonly (readonly [string, readonly string[]])[] = [
  ['dash', ['dash']],
  ['busybox', ['busybox', 'sh']],
]
const folder = tempDir()
const applets = join(folder, 'applets')
mkdirSync(applets)
execFileSync('busybox', ['--install', '-s', applets])
const file = join(folder, 'x.ini')

/** Runs driver functions in a shell, with a directory as an installation. */
function run(shell: readonly string[], script: string, args: readonly string[] = []): string {
  const [command = 'sh', ...rest] = shell
  const text = `DIR=${folder}\n${haraka.functions}\n${haraka.making}\nmta_paths\n${script}`
  // busybox's shell with busybox's own awk, sed, grep…
  const PATH = `${command === 'busybox' ? `${applets}:` : ''}${process.env['PATH'] ?? ''}`
  const options = { encoding: 'utf8', stdio: 'pipe', env: { ...process.env, PATH } } as const
  return execFileSync(command, [...rest, '-c', text, 'sh', ...args], options)
}

describe.each(SHELLS)('in %s', (_, shell) => {
  const set = (text: string, ...args: string[]): string => {
    writeFileSync(file, text)
    run(shell, 'hk_ini_set "$@"', [file, ...args])
    return readFileSync(file, 'utf8')
  }
  const get = (text: string, section: string, key: string): string => {
    writeFileSync(file, text)
    return run(shell, 'hk_ini_get "$@"', [file, section, key]).trimEnd()
  }

  test.each([
    ['the first of the file when main has no such key', 'b=1\n[s]\na=2\n', ['main', 'a', 'x'], 'a=x\nb=1\n[s]\na=2\n'],
    ['in its old place', '; c\nb=1\na=0\nc=2\n', ['main', 'a', 'x'], '; c\nb=1\na=x\nc=2\n'],
    ['once, where it was several times', 'a=0\nb=1\n a = 2\n', ['main', 'a', 'x'], 'a=x\nb=1\n'],
    ['in a section', '[s]\nb=1\n[t]\na=0\n', ['s', 'a', 'x'], '[s]\na=x\nb=1\n[t]\na=0\n'],
    ['in a section that comes twice', '[s]\nb=1\n[t]\n[s]\na=0\n', ['s', 'a', 'x'], '[s]\nb=1\n[t]\n[s]\na=x\n'],
    ['in a new section', 'a=1\n', ['dns', 'timeout', '5000'], 'a=1\n[dns]\ntimeout=5000\n'],
    ['in an explicit main', '[s]\na=1\n[main]\nb=1\n', ['main', 'a', 'x'], '[s]\na=1\n[main]\na=x\nb=1\n'],
    ['in an empty file', '', ['main', 'a', 'x'], 'a=x\n'],
    ['without the continued lines of the old value', 'a=0\\\n1\\\n2\nb=1\n', ['main', 'a', 'x'], 'a=x\nb=1\n'],
    ['beside a continued line that looks alike', 'b=0\\\na=1\n', ['main', 'a', 'x'], 'a=x\nb=0\\\na=1\n'],
    ['beside a comment', ';a=1\n#a=2\n', ['main', 'a', 'x'], 'a=x\n;a=1\n#a=2\n'],
    ['with every character', 'a=0\n', ['main', 'a', '&\\1 "q" $x `y`'], 'a=&\\1 "q" $x `y`\n'],
    ['not at all, without a value', 'a=0\nb=1\n', ['main', 'a'], 'b=1\n'],
  ])('a value is written %s', (__, text, args, expected) => {
    expect(set(text, ...args)).toBe(expected)
  })

  test('writing keeps the mode of a file that holds a secret', () => {
    writeFileSync(file, '')
    chmodSync(file, 0o600)
    set('a=1\n', 'main', 'a', '2')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    chmodSync(file, 0o644)
  })

  test('values are read as haraka-config reads them', async () => {
    const text = [
      'a = 1 ',
      'b=two words',
      '; c=3',
      'd=x=y',
      'e=one,\\',
      'two',
      'a=last',
      '[s]',
      'a=5',
      '[ t ]',
      'a=6',
      '[main]',
      'f=7',
      '',
    ].join('\n')
    const theirs = await iniReader(text)
    for (const [section, keys] of [
      ['main', 'abdef'],
      ['s', 'a'],
      ['t', 'a'],
    ] as const) {
      for (const key of keys)
        expect([section, key, get(text, section, key)]).toEqual([section, key, String(theirs[section]?.[key])])
    }
    expect(get(text, 'main', 'c')).toBe('')
    expect(get(text, 'main', 'nothing')).toBe('')
  })

  test.each([
    ['listen=127.0.0.1:2525', ['127.0.0.1:2525']],
    ['listen=127.0.0.1:2525, 127.0.0.2:26 ,127.0.0.3', ['127.0.0.1:2525', '127.0.0.2:26', '127.0.0.3:25']],
    ['listen=[::0]:25', ['0:0:0:0:0:0:0:0:25']],
    ['listen=[::1],2626', ['0:0:0:0:0:0:0:0:2626', '0:0:0:0:0:0:0:1:25']],
    ['listen=[2001:0DB8::A:0]:25', ['2001:db8:0:0:0:0:a:0:25']],
    ['port=587', ['0:0:0:0:0:0:0:0:587']],
    ['port=587\nlisten_host=10.0.0.1\nlisten=10.0.0.2:25', ['10.0.0.1:587', '10.0.0.2:25']],
    ['listen=localhost:25,/run/x.sock', []],
    ['; listen=127.0.0.1:25', []],
  ])('%s listens on %j', (ini, expected) => {
    mkdirSync(join(folder, 'akctl/live/conf/config'), { recursive: true })
    writeFileSync(join(folder, 'akctl/live/conf/config/smtp.ini'), ini)
    expect(run(shell, 'hk_wanted').split('\n').filter(Boolean)).toEqual(expected)
  })

  test.each([
    ['listen=127.0.0.1:2525', '192.0.2.1,2001:db8::1', '192.0.2.1:2525,[2001:db8::1]:2525'],
    ['listen=127.0.0.1:25,127.0.0.1:587,[::1]:25', '192.0.2.1', '192.0.2.1:25,192.0.2.1:587'],
    ['listen=127.0.0.1', '192.0.2.1', '192.0.2.1:25'],
    ['port=2526', '192.0.2.1', '192.0.2.1:2526'],
    ['', '192.0.2.1', '192.0.2.1:25'],
  ])('%s on %s', (ini, ips, expected) => {
    writeFileSync(join(folder, 'smtp.ini'), `${ini}\nuser=nobody\n`)
    run(shell, 'HK_CONFIG=$DIR; hk_listen_on "$1"', [ips])
    const written = readFileSync(join(folder, 'smtp.ini'), 'utf8')
    expect(written).toContain(`listen=${expected}\n`)
    expect(written).toMatch(/^user=nobody$/m)
    expect(written).not.toMatch(/^port=|127\.0\.0\.1/m)
  })

  test.each([
    ['From: a\nTo: {to}\n\nFrom: text\n', 'From: x&y@z.example\nTo: {to}\n\nFrom: text\n'],
    ['To: {to}\n\ntext\n', 'To: {to}\nFrom: x&y@z.example\n\ntext\n'],
  ])('the sender of bounces, in %j', (template, expected) => {
    writeFileSync(join(folder, 'outbound.bounce_message'), template)
    run(shell, 'HK_CONFIG=$DIR; hk_bounces_from "$1"', ['x&y@z.example'])
    expect(readFileSync(join(folder, 'outbound.bounce_message'), 'utf8')).toBe(expected)
  })

  test('a default is only for what is not set', () => {
    writeFileSync(file, 'a=1\n')
    run(shell, 'hk_ini_default "$1" main a 2; hk_ini_default "$1" main b 3', [file])
    expect(readFileSync(file, 'utf8')).toBe('b=3\na=1\n')
  })
})

/** What the ini reader of the Haraka that is shipped makes of a text. */
async function iniReader(text: string): Promise<Record<string, Record<string, unknown>>> {
  const module = join(await harakaPrograms(), 'node_modules/haraka-config/lib/readers/ini.js')
  const { parseIni } = createRequire(__filename)(module) as {
    parseIni: (name: string, options: object, data: string) => Record<string, Record<string, unknown>>
  }
  return parseIni('x.ini', {}, text)
}
