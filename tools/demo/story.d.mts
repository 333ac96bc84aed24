/** The lines of the demo as typed, in order. */
export function story(
  stage: { readonly folder: string; readonly ports: Readonly<Record<string, number>>; readonly mails: () => readonly string[] },
  fingerprint: string,
): readonly ({ readonly title: string } | { readonly line: string; readonly exit?: number })[]
