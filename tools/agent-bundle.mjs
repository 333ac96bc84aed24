// The agent's bundle must be whole (no library is loaded from elsewhere) and hold nothing that only the CLI needs.
// Usage: node tools/agent-bundle.mjs
import { build } from 'esbuild'
import { isBuiltin } from 'node:module'
import { agent } from './bundle.mjs'

const NEVER_INSIDE = ['ssh2', 'undici', '@oclif', 'inquirer', 'chalk', 'yaml', 'cli-table3', 'fs-native-extensions', 'tar']

const { metafile } = await build({ ...agent, write: false, metafile: true })
const found = Object.keys(metafile.inputs).flatMap((input) => {
  const inside = NEVER_INSIDE.filter((name) => input.includes(`node_modules/${name}/`))
  if (/^src\/(cli|operations|fleet|profile|connection\/(ssh|agent))\//.test(input)) inside.push(input)
  return inside.map((name) => `${name} is inside the agent's bundle (${input})`)
})
for (const output of Object.values(metafile.outputs)) {
  const outside = output.imports.filter(({ path, external }) => external && !isBuiltin(path))
  found.push(...outside.map(({ path }) => `${path} is not inside the agent's bundle`))
}
for (const finding of [...new Set(found)]) console.error(finding)
process.exitCode = found.length === 0 ? 0 : 1
