test.each([0, -0, -1])('no test signals %d: its own process group, or everybody', (pid) => {
  expect(() => process.kill(pid, 0)).toThrow(/own process group/)
})

test('a test signals a process that it knows', () => {
  expect(process.kill(process.pid, 0)).toBe(true)
})
