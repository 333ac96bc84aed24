// What the demo prints, in a form that two runs of it have in common.

/** A text of the demo without what is another at each run: folders, ports, numbers of processes, times, keys, sums, ids. */
export function settled(text: string): string {
  return text
    .replace(/[\w./-]*\/akctl-demo-\w+/g, 'FOLDER')
    .replace(/SHA256:[\w+/…]+/g, 'FINGERPRINT')
    .replace(/ssh-ed25519 AAAA[\w+/=]+/g, 'ssh-ed25519 KEY')
    .replace(/\broot@(?!127\.0\.0\.1)[\w.-]+/g, 'root@HERE')
    .replace(/(127\.0\.0\.1[\]:]+|127\.0\.0\.1 port |--port )\d+/g, '$1PORT')
    .replace(/\bpid \d+/g, 'pid PID')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/\b01[0-9A-HJKMNP-TV-Z]{24}\b/g, 'ORDER')
    .replace(/\(within [\d.]+ m?s\)/g, '(within a moment)')
    .replace(/\([\d.]+ MB\)/g, '(SIZE)')
}

/**
 * The demo's output, command by command: what it printed, settled. Columns are as wide as their longest cell, nodes that
 * are worked on at the same time end in any order, and the last lines of an MTA's log are whatever it wrote last: so
 * the lines are in order of the alphabet, without the widths, and of a log only whose lines they are.
 */
export function chapters(output: string): readonly (readonly string[])[] {
  return settled(output)
    .split(/^(?=[$#] )/m)
    .map((chapter) => {
      const [typed = '', ...printed] = chapter.split('\n').filter((line) => line !== '')
      const lines = typed.startsWith('$ akctl node logs') ? printed.map((line) => line.split(' ')[0] ?? '') : printed.map(bare)
      return [typed, ...lines.sort()]
    })
}

/** Without the widths of columns, the system's release of Postfix, and what an MTA's status says of its process. */
function bare(line: string): string {
  return line
    .replace(/ {2,}/g, '  ')
    .replace(/^(mx1 .*|  version  ok  )\d+\.\d+\.\d+$/, '$1VERSION')
    .replace(/^(mx\d  running  \w+  \d+)  \d+  \S+  (\d+  )/, '$1  PID  UPTIME  $2')
}
