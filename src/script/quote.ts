/**
 * One word for a POSIX shell: the text in single quotes, every quote in it spelled `'\''`.
 * @throws TypeError for a NUL character, which no argument of a process can hold
 */
export function quote(text: string): string {
  if (text.includes('\0')) throw new TypeError('a shell argument cannot hold a NUL character')
  return `'${text.replaceAll("'", `'\\''`)}'`
}
