// What a run of the tests leaves behind: processes that know its temporary folder, and mounts in that folder.
import { readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Seconds that what the tests have told to end may take for it. */
const GRACE = 5
/** Characters of a command line that are shown. */
const SHOWN = 200

/**
 * The processes of this machine whose command line, environment, program or directory names a folder.
 * @param {string} folder an absolute path that nobody else uses
 * @returns {{ pid: number, command: string }[]}
 */
export function processesOf(folder) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && knows(name, folder))
    .map((name) => ({
      pid: Number(name),
      command: read(name, 'cmdline')
        .replace(/[\0\s]+/g, ' ')
        .trim()
        .slice(0, SHOWN),
    }))
}

/**
 * Ends what still runs of a run of the tests and removes its folder.
 * @param {string} folder the temporary folder of that run alone
 * @param {number} [grace] seconds until what runs counts as left behind
 * @returns {Promise<string[]>} a line for each process and each mount that was left behind
 */
export async function clearAway(folder, grace = GRACE) {
  const until = performance.now() + grace * 1000
  let left = processesOf(folder)
  while (left.length > 0 && performance.now() < until) {
    await sleep(100)
    left = processesOf(folder)
  }
  for (const { pid } of left) kill(pid)
  const mounts = mountsIn(folder)
  // What is mounted there may be this machine's own files.
  if (mounts.length === 0) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  return [
    ...left.map(({ pid, command }) => `the tests left process ${pid} behind: ${command}`),
    ...mounts.map((place) => `the tests left ${place} mounted`),
  ]
}

function knows(pid, folder) {
  // A daemon may have emptied its environment, renamed itself or gone to another directory: any trace is enough.
  return (
    ['cmdline', 'environ'].some((name) => read(pid, name).includes(folder)) ||
    ['cwd', 'exe', 'root'].some((name) => target(pid, name).startsWith(folder))
  )
}

/** Empty for a process that is gone, or is somebody else's. */
function read(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return ''
  }
}

function target(pid, name) {
  try {
    return readlinkSync(`/proc/${pid}/${name}`)
  } catch {
    return ''
  }
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it is gone already
  }
}

function mountsIn(folder) {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((place) => place.startsWith(`${folder}/`))
}
