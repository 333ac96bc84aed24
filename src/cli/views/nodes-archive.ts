import { basename } from 'node:path'
import type { MadeArchive } from '../../operations/archive/result.ts'
import { printable } from '../printable.ts'
import type { Style, View } from './view.ts'

/** An archive that was made, and what to do with it. */
export const nodesArchiveView: View<MadeArchive> = {
  schema: 'nodes.archive/1',
  table: ({ data }) => ({
    columns: ['NAME', 'FILE', 'BYTES', 'CONTENTS', 'LISTEN', 'FINGERPRINT'],
    rows:
      data === undefined
        ? []
        : [[data.node, data.file, String(data.bytes), data.contents, data.listen ?? '-', data.fingerprint ?? '-']],
  }),
  text: ({ data }, style) => (data === undefined ? '' : words(data, style)),
  names: ({ data }) => [data?.file ?? ''],
}

function words(data: MadeArchive, style: Style): string {
  const { node, file, bytes, contents, listen, fingerprint } = data
  const size = bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
  const facts = [
    ...(listen === undefined ? [] : [`listens on ${listen}`]),
    ...(fingerprint === undefined ? [] : [`certificate ${fingerprint}`]),
  ]
  const lines = [
    `${style.good('made')} ${printable(file)} (${size}) for ${node}${facts.length > 0 ? `: ${facts.join(', ')}` : ''}`,
    ...nextSteps(contents, printable(basename(file)), node).map((line) => style.dim(line)),
  ]
  return `${lines.join('\n')}\n`
}

function nextSteps(contents: MadeArchive['contents'], file: string, node: string): readonly string[] {
  switch (contents) {
    case 'all':
      return [
        `on the server, in an empty directory: tar -xzf ${file} && ./bin/node -d --https --config=$PWD/conf/`,
        `then: akctl nodes test ${node}, akctl mta start ${node}`,
      ]
    case 'programs':
      return [
        `on the server, in the node's directory: tar -xzf ${file}, then restart the agent`,
        `then: akctl mta restart ${node}`,
      ]
    case 'conf':
      return [
        `on the server, in the node's directory: tar -xzf ${file} && kill -HUP $(cat run/agent.pid)`,
        `then: akctl nodes test ${node}`,
      ]
  }
}
