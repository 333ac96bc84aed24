import { parseAssignments, parseKeys, splitWords } from '../../src/operations/settings/assignments.ts'
import { setting, unsetting } from '../../src/operations/settings/change.ts'
import { describeSettings } from '../../src/operations/settings/describe.ts'
import { AkctlError } from '../../src/outcome/errors.ts'
import { memoryWorlds } from '../support/memory-node.ts'

const memoryWorld = memoryWorlds()

function refusal(words: readonly string[]): AkctlError {
  try {
    parseAssignments(words)
  } catch (error) {
    if (error instanceof AkctlError) return error
    throw error
  }
  throw new Error('it was not refused')
}

test('assignments by key and by page label, each in its canonical form', () => {
  expect(parseAssignments(['dns-lookup-timeout=5s', 'Enable profiling=on', 'SMTP administrator email=a=b@example.com'])).toEqual({
    'dns-lookup-timeout': 5,
    profiling: true,
    'smtp-admin-email': 'a=b@example.com',
  })
})

test('all bad assignments are reported at once, each with what is allowed', () => {
  const error = refusal(['spool-readers=99', 'bogus=1', 'profiling=maybe', 'dns-lookup-timeout=5s', 'mta-observer='])
  expect(error.exit).toBe(2)
  expect(error.message.split('\n')).toEqual([
    'spool-readers: "99" is not allowed: give a whole number from 1 to 32',
    'there is no setting "bogus"',
    'profiling: "maybe" is not allowed: give true, false, on, off, yes or no',
    'mta-observer: no value given',
  ])
  expect(error.hints).toEqual([
    'all of them: akctl settings describe',
    'to remove a setting: akctl settings unset NODE mta-observer',
  ])
})

test('unknown settings alone are exit 9, with what may have been meant', () => {
  const error = refusal(['dns-lokup-timeout=5', 'bogus=1'])
  expect([error.exit, error.message]).toEqual([9, 'there is no setting "dns-lokup-timeout"\nthere is no setting "bogus"'])
  expect(error.hints[0]).toBe('did you mean dns-lookup-timeout?')
})

test('one setting twice is refused, whatever it is called', () => {
  expect(refusal(['profiling=on', 'Enable profiling=off']).message).toBe('profiling: given twice')
})

test('keys by key and label; all unknown ones are named', () => {
  expect(parseKeys(['profiling', 'DNS lookup timeout']).map(({ key }) => key)).toEqual(['profiling', 'dns-lookup-timeout'])
  expect(() => parseKeys(['x', 'profiling', 'y'])).toThrow('there is no setting "x"\nthere is no setting "y"')
})

describe('the words of unset', () => {
  test.each<[string[], string[], string[]]>([
    [['mx1', 'profiling'], ['mx1'], ['profiling']],
    [
      ['mx1', '2', 'DNS lookup timeout', 'spool-readers'],
      ['mx1', '2'],
      ['DNS lookup timeout', 'spool-readers'],
    ],
    [['profiling'], [], ['profiling']],
    [['mx1', 'dns-lokup-timeout'], ['mx1'], ['dns-lokup-timeout']],
    [['mx9', 'profiling'], ['mx9'], ['profiling']],
    [['mta', 'profiling'], ['mta'], ['profiling']],
  ])('%j are the nodes %j and the keys %j', async (words, nodes, keys) => {
    const { context } = await memoryWorld(['mx1', 'mx2', 'mta'])
    expect(await splitWords(context, words)).toEqual({ nodes, keys })
  })

  test('without a key are a usage error', async () => {
    const { context } = await memoryWorld(['mx1'])
    await expect(splitWords(context, ['mx1'])).rejects.toMatchObject({ exit: 2, message: 'no setting given' })
  })
})

test('setting goes over what was there, unsetting takes only what it names', () => {
  const before = { profiling: true, 'spool-readers': 2 } as const
  expect(setting({ profiling: false, 'mta-observer': true })(before)).toEqual({
    profiling: false,
    'spool-readers': 2,
    'mta-observer': true,
  })
  expect(unsetting(['profiling', 'mta-observer'])(before)).toEqual({ 'spool-readers': 2 })
  expect(before).toEqual({ profiling: true, 'spool-readers': 2 })
})

describe('settings described', () => {
  test('tell of every setting what it becomes on every kind of installation, with words for each', () => {
    const all = describeSettings([])
    expect(all).toHaveLength(23)
    for (const { key, support, allowed } of all) {
      expect([key, support.map(({ mta }) => mta)]).toEqual([key, ['postfix', 'haraka', 'postfix-system']])
      expect(support.filter(({ what }) => what.length < 5)).toEqual([])
      expect(allowed.length).toBeGreaterThan(10)
    }
  })

  test('are named by key or label, in the order named', () => {
    expect(describeSettings(['Enable profiling', 'dns-lookup-timeout']).map(({ key }) => key)).toEqual([
      'profiling',
      'dns-lookup-timeout',
    ])
    expect(() => describeSettings(['nothing'])).toThrow(expect.objectContaining({ exit: 9 }) as Error)
  })

  test('say that the fetcher setting is a size, whatever the page labels it', () => {
    expect(describeSettings(['fetcher-prior-spool-timeout'])[0]).toMatchObject({
      unit: 'messages',
      description: expect.stringContaining('the page labels it a timeout') as string,
    })
  })
})
