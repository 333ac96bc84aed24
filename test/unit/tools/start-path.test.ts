// The start path is read off a bundle; here a small one is built by esbuild itself.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { tempDir } from '../../support/temp.ts'

const root = resolve(__dirname, '../../..')
const temp = tempDir()

/** What the check says of a bundle made of these files, whose libraries all have the given externals. */
function findingsOf(files: Readonly<Record<string, string>>): string[] {
  const folder = mkdtempSync(join(temp, 'tree-'))
  const library = Object.fromEntries(
    ['yaml', 'ssh2', 'valibot'].map((name) => [`node_modules/${name}/index.js`, 'exports.a = 1']),
  )
  for (const [name, text] of Object.entries({ 'src/cli/main.ts': '', ...library, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  const script = `
    import { build } from '${root}/node_modules/esbuild/lib/main.js'
    import { findings } from '${root}/tools/start-path.mjs'
    const { metafile } = await build({ absWorkingDir: '${folder}', bundle: true, format: 'cjs', platform: 'node', write: false, metafile: true,
      outdir: 'dist', entryPoints: ['src/cli/main.ts'], external: ['yaml'], supported: { 'dynamic-import': false } })
    console.log(JSON.stringify(findings(metafile)))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as string[]
}

describe('the start path', () => {
  it('takes the listed libraries, lazy imports, and files that only those reach', () => {
    const found = findingsOf({
      'src/cli/main.ts':
        "import { a } from 'valibot'\nimport { readFileSync } from 'node:fs'\nexport const f = () => [a, readFileSync, import('../connection/ssh/a.ts')]",
      'src/connection/ssh/a.ts': "import * as y from 'yaml'\nimport 'node:tls'\nexport const b = y",
    })
    expect(found).toEqual([])
  })

  it('refuses a heavy library at the top of a file', () => {
    expect(
      findingsOf({ 'src/cli/main.ts': "import './b.ts'", 'src/cli/b.ts': "import * as y from 'yaml'\nconsole.log(y)" }),
    ).toEqual(['src/cli/b.ts imports yaml at its top, and is on the start path'])
  })

  it('refuses a heavy library inside the bundle, lazy or not', () => {
    expect(findingsOf({ 'src/cli/main.ts': "export const f = () => import('ssh2')" })).toEqual([
      'ssh2 is inside the bundle (node_modules/ssh2/index.js)',
    ])
  })

  it('refuses a dear built-in module', () => {
    expect(findingsOf({ 'src/cli/main.ts': "import 'node:tls'" })).toEqual([
      'src/cli/main.ts imports node:tls at its top, and is on the start path',
    ])
  })

  it('refuses a client of agents that is not lazy', () => {
    expect(
      findingsOf({ 'src/cli/main.ts': "import '../connection/agent/a.ts'", 'src/connection/agent/a.ts': 'console.log(1)' }),
    ).toEqual(['src/connection/agent/a.ts is on the start path (imported by src/cli/main.ts)'])
  })

  it('refuses SSH that is not lazy', () => {
    expect(
      findingsOf({ 'src/cli/main.ts': "import '../connection/ssh/a.ts'", 'src/connection/ssh/a.ts': 'console.log(1)' }),
    ).toEqual(['src/connection/ssh/a.ts is on the start path (imported by src/cli/main.ts)'])
  })
})
