/* eslint "jest/no-conditional-expect": "off" -- decided by a table, or asserted by a helper */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type CliRun, testCli } from '../support/cli.ts'
import { freePort } from '../support/ports.ts'
import { masterPids, postfixFolder } from '../support/postfix.ts'
import { fitsSchema } from '../support/schemas.ts'
import { startSshd, type Sshd } from '../support/sshd.ts'

// Every command with a real node (Postfix on this machine) and with a bad line: whatever comes of it, the exit code is
// the same with and without --json, and stdout is one document that fits its schema.

const cli = testCli()
const folder = postfixFolder()
const manifest = JSON.parse(readFileSync(resolve(__dirname, '../../oclif.manifest.json'), 'utf8')) as { commands: object }
let sshd: Sshd
let port = 0

/** One line of a story; `%` becomes the name of the run (`plain` or `json`), so that both runs find the same. */
type Line = readonly [line: string, exit: number]

const print = `SHA256:${'a'.repeat(43)}`
const stories = (): readonly Line[] => [
  ['help', 0],
  ['help exit-codes', 0],
  ['help nope', 2],
  ['profiles create p-%', 0],
  ['profiles create p-%', 2],
  ['profiles list', 0],
  ['profiles show', 0],
  ['profiles show nope', 9],
  ['profiles use p-%', 0],
  ['profiles use default', 0],
  ['profiles delete p-% --yes', 0],
  ['profiles delete default --yes', 2],
  ['keys create k-% --no-passphrase', 0],
  ['keys create k-% --no-passphrase', 2],
  [`keys import i-% ${join(folder, 'key')}`, 0],
  ['keys import j-% /nope', 2],
  ['keys list', 0],
  ['keys show k-%', 0],
  ['keys show nope', 9],
  ['keys delete k-% --yes', 0],
  ['keys delete nope --yes', 9],
  [`nodes create far-% --host 127.0.0.1 --port ${sshd.port} --dir /opt/far-% --key i-% --jump ops@127.0.0.1:1 --label a=b`, 0],
  ['nodes create far-% --host h --dir /opt/a', 2],
  ['nodes edit far-% --no-jump --sudo --no-label', 0],
  ['nodes edit far-% --port x', 2],
  ['trust add far-%', 2],
  [`trust add far-% --fingerprint ${print}`, 0],
  ['trust add nope --fingerprint x', 2],
  ['trust list', 0],
  ['trust show far-%', 0],
  ['trust show nope', 9],
  ['nodes test far-%', 5],
  ['nodes list', 0],
  ['nodes show far-%', 0],
  ['nodes show nope', 9],
  ['trust remove far-%', 0],
  ['trust remove far-%', 9],
  [`nodes create mx-% --access local --dir ${folder}/mx-% --mta postfix --address 127.0.0.1`, 0],
  ['nodes test mx-%', 0],
  ['mta start mx-%', 1],
  [`nodes install mx-% --smtp-listen 127.0.0.1:${port} --hostname mx.example.com --dry-run`, 0],
  [`nodes install mx-% --smtp-listen 127.0.0.1:${port} --hostname mx.example.com`, 0],
  ['nodes test mx-%', 0],
  ['settings set mx-% esmtp-connection-timeout=45s spool-cleaner-timeout=3d', 0],
  ['settings set mx-% esmtp-connection-timeout=x', 2],
  ['settings set --defaults smtp-admin-email=ops@example.com', 0],
  ['settings list mx-%', 0],
  ['settings list --defaults', 0],
  ['settings get mx-% spool-cleaner-timeout', 0],
  ['settings get mx-% nope', 9],
  ['settings describe', 0],
  ['settings describe spool-cleaner-timeout', 0],
  ['groups set g-% mx-%', 0],
  ['groups set g-% nope', 9],
  ['groups list', 0],
  ['nodes select @g-% --fold', 0],
  ['nodes select @nope', 9],
  ['groups delete g-%', 0],
  ['groups delete g-%', 9],
  ['mta diff mx-%', 10],
  ['mta sync mx-% --dry-run', 0],
  ['mta sync mx-%', 0],
  ['mta sync mx-%', 0],
  ['mta start mx-%', 0],
  ['mta start mx-%', 0],
  ['mta status mx-%', 0],
  ['mta status mx-% far-%', 5],
  ['mta status mx-% --expect stopped', 10],
  ['nodes show mx-%', 0],
  ['node interfaces mx-%', 0],
  ['node logs mx-% -n 5', 0],
  ['node logs nope', 9],
  ['mta restart mx-%', 0],
  ['locks list mx-%', 0],
  ['locks list nope', 9],
  ['locks show mx-%', 0],
  ['locks show nope', 9],
  ['locks release 01JE3Z4Q9W8V7T6S5R4P3N2M1K mx-% --yes', 0],
  ['locks release nope mx-% --yes', 2],
  ['mta watch mx-% --once', 0],
  ['mta watch mx-% --print-cron', 0],
  ['settings unset mx-% spool-cleaner-timeout', 0],
  ['settings unset --defaults smtp-admin-email', 0],
  ['mta sync mx-% --no-restart', 0],
  ['settings set mx-% spool-cleaner-timeout=4d --sync', 0],
  ['mta rollback mx-%', 0],
  ['settings pull mx-%', 0],
  ['mta stop mx-%', 0],
  ['mta stop mx-%', 0],
  ['fleet export', 0],
  [`fleet export -f ${folder}/%.yaml`, 0],
  [`fleet plan -f ${folder}/%.yaml mx-% --detailed-exitcode --out ${folder}/%.plan`, 0],
  [`fleet plan -f ${folder}/empty`, 2],
  [`fleet apply -f ${folder}/%.yaml mx-%`, 0],
  [`fleet apply ${folder}/%.plan`, 0],
  ['fleet apply', 2],
  ['nodes delete mx-%', 2],
  ['nodes delete mx-% --yes', 0],
  [`nodes archive far-% --out ${folder}/a-%`, 2],
  ['nodes create web-% --host 203.0.113.9 --dir /opt/web-% --access https --mta postfix', 0],
  [`nodes archive web-% --runtime system --plaintext --out ${folder}/a-%`, 0],
  [`nodes archive web-% --runtime system --out ${folder}/b-%`, 2],
  [`nodes archive web-% --rotate --out ${folder}/b-%`, 0],
  ['nodes archive nope --out /nope', 9],
  ['profiles protect', 2],
  [`profiles protect --new-key-file ${folder}/protect-%`, 0],
  [`profiles protect --plaintext --secrets-key-file ${folder}/protect-%`, 0],
  ['journal list', 0],
  ['journal list --node 9999', 9],
]

/**
 * Commands without a line in the journal: they change neither the profile nor a node, or have nothing to change in this story
 * (`fleet apply`, `locks release`). A new command has a line, or belongs here.
 */
const SILENT = [
  ...['fleet apply', 'fleet export', 'fleet plan', 'groups list', 'help', 'journal list', 'keys list', 'keys show', 'locks list'],
  ...[
    'locks release',
    'locks show',
    'mta diff',
    'mta status',
    'mta watch',
    'node interfaces',
    'node logs',
    'nodes list',
    'nodes select',
  ],
  ...[
    'nodes show',
    'nodes test',
    'profiles list',
    'profiles show',
    'settings describe',
    'settings get',
    'settings list',
    'trust list',
    'trust show',
  ],
]

beforeAll(async () => {
  sshd = await startSshd()
  port = await freePort()
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')])
  writeFileSync(join(folder, 'empty'), '')
})

afterAll(() => sshd.stop())

test(
  'every command, in one story told twice',
  async () => {
    const seen = new Set<string>()
    const told = async (way: 'plain' | 'json'): Promise<readonly string[]> => {
      const exits: string[] = []
      for (const [line] of stories()) {
        const args = line.replaceAll('%', way).split(' ')
        const run = await cli.run(way === 'json' ? [...args, '--json'] : args)
        exits.push(`${line}: ${run.exit}${run.exit === 70 ? `\n${run.stderr}` : ''}`)
        if (way === 'json') expectDocument(run, seen)
        else if (run.exit !== 0 && run.exit !== 10) expect([line, run.stderr]).not.toEqual([line, ''])
      }
      return exits
    }
    const wanted = stories().map(([line, exit]) => `${line}: ${exit}`)
    expect(await told('json')).toEqual(wanted)
    expect(await told('plain')).toEqual(wanted)
    const all = Object.keys(manifest.commands).map((id) => `${id.replace(':', '.')}/1`)
    expect(all.filter((schema) => !seen.has(schema))).toEqual([])
    const { json } = await cli.ok(['journal', 'list', '-n', '10000', '--json'])
    const journalled = new Set((json.data as readonly { readonly verb: string }[]).map(({ verb }) => verb))
    const silent = Object.keys(manifest.commands).map((id) => id.replace(':', ' '))
    expect(silent.filter((verb) => !journalled.has(verb)).toSorted()).toEqual(SILENT)
    expect(masterPids(join(folder, 'mx-json'))).toEqual([])
  },
  15 * 60_000,
)

/** One document on stdout, of a schema, with the exit code of the process. */
function expectDocument(run: CliRun, seen: Set<string>): void {
  const { json } = run
  seen.add(json.schema)
  expect([run.args.join(' '), ...fitsSchema(json)]).toEqual([run.args.join(' ')])
  expect([run.args.join(' '), json.exit, json.ok]).toEqual([run.args.join(' '), run.exit, run.exit === 0])
  expect(run.stdout.endsWith('}\n')).toBe(true)
}
