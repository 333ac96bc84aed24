'use strict'
// A process id that was read before it was written is 0, and signals to 0 or -1 reach this very run of the tests, or all there is.
const { kill } = process
process.kill = (pid, signal) => {
  if (pid === 0 || pid === -1) throw new Error(`no test may signal ${pid}: that is its own process group, or everybody`)
  return kill.call(process, pid, signal)
}
