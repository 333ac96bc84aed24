import { readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The project's folder. */
export const ROOT = resolve(__dirname, '../..')

/** Every document written for people, relative to the project. */
export function documents(): readonly string[] {
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md'))
  return [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    ...docs.map((file) => join('docs', file)),
    'src/mta/shared/functions.md',
  ]
}

/** A file of the project as text. */
export function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}

/** The targets of relative links: files, and anchors of them. */
export function links(markdown: string): readonly string[] {
  return [...withoutCode(markdown).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
}

/** The anchors of a document's headings, as they are made by GitHub. */
export function anchors(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  )
}

/** Every akctl command line shown, in blocks and in `code`, without prompt, comment and what a shell does with it. */
export function commandLines(markdown: string): readonly string[] {
  const blocks = [...markdown.matchAll(/^```[^\n]*\n(.*?)^```/gms)].flatMap(([, body = '']) => body.split('\n'))
  const spans = [...markdown.replace(/^```.*?^```/gms, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)
  return [...blocks, ...spans]
    .map((line) => line.trim().replace(/^(\$|->|exec|sudo) /, ''))
    .filter((line) => line.startsWith('akctl '))
    .map((line) => line.replace(/\s+#.*$/, '').replace(/\s+(&&|\||>|<|2>).*$/, ''))
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^```.*?^```/gms, '').replace(/`[^`\n]*`/g, '')
}
