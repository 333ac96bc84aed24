// Where CPU time goes: the samples of V8's profiles, by package and by function. Samples are counted, not the times between
// them: on a busy machine those hold the time in which others ran.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The dearest places of all profiles in a folder, as text. */
export function hotSpots(folder, count = 25) {
  const byFunction = new Map()
  const byPlace = new Map()
  let total = 0
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.cpuprofile'))) {
    const { nodes, samples } = JSON.parse(readFileSync(join(folder, name), 'utf8'))
    const frames = new Map(nodes.map((node) => [node.id, node.callFrame]))
    for (const id of samples) {
      const { functionName, url, lineNumber } = frames.get(id)
      if (functionName === '(idle)') continue
      total++
      add(byFunction, `${functionName || '(anonymous)'} ${shorten(url)}:${lineNumber + 1}`, 1)
      add(byPlace, placeOf(functionName, url), 1)
    }
  }
  const table = (map) =>
    [...map]
      .sort((a, b) => b[1] - a[1])
      .slice(0, count)
      .map(([name, samples]) => `${String(samples).padStart(7)} ${((100 * samples) / total).toFixed(1).padStart(5)} %  ${name}`)
      .join('\n')
  return `CPU by place (${total} samples):\n${table(byPlace)}\n\nCPU by function:\n${table(byFunction)}`
}

function add(map, key, ms) {
  map.set(key, (map.get(key) ?? 0) + ms)
}

function placeOf(functionName, url) {
  if (functionName.startsWith('(')) return functionName
  if (url === '') return 'V8 and native'
  if (url.startsWith('node:')) return url
  return /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? shorten(url)
}

function shorten(url) {
  return url.replace(/^file:\/\//, '').replace(/^.*\/(node_modules|dist)\//, '')
}
