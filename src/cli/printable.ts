/** Control characters (C0, DEL, C1) but tab: what a node prints must not reach a terminal as commands. */

const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g

/** The text as one line without control sequences; line breaks become spaces. */
export function printable(text: string): string {
  return text.replace(/\r?\n/g, ' ').replace(CONTROL, '\ufffd')
}
