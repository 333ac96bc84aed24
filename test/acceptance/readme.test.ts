// The README's tour is what the demo really does, and its commands are there.
import { story } from '../../tools/demo/story.mjs'
import { settled } from '../support/demo-output.ts'
import { read } from '../support/documents.ts'

const readme = read('README.md')
const stage = { folder: '/tmp/akctl-demo-x', ports: { ssh: 1, mx1: 2, mx2: 3, mx3: 4, agent: 5, sink: 6 }, mails: () => [] }
const told = story(stage, 'SHA256:x')
const tour = /<!-- begin demo -->(.*)<!-- end demo -->/s.exec(readme)?.[1] ?? ''

test("the tour's commands are the demo's, line by line", () => {
  const typed = told.flatMap((step) => ('line' in step ? [settled(step.line)] : []))
  const shown = [...tour.matchAll(/^\$ (.*)$/gm)].map(([, line = '']) => settled(line))
  expect(shown).toEqual(typed)
})

test('the tour shows what every command printed, exit codes too', () => {
  expect(tour).toMatch(/mx1 .*running +yes/)
  const exits = told.flatMap((step) => ('line' in step && step.exit !== undefined ? [`(exit ${step.exit})`] : []))
  expect(exits).toContain('(exit 1)')
  expect(tour.match(/^\(exit \d+\)$/gm)).toEqual(exits)
  expect(tour).toMatch(/^Subject: Hello by mx2$/m)
})

test('the two commands are scripts of the package', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const named = [...readme.matchAll(/^npm (?:run )?([\w:]+) /gm)].map(([, name = '']) => name)
  expect(named).toEqual(['test', 'demo'])
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([])
})
