/** What a run of the tests leaves behind. */
export function processesOf(folder: string): readonly { readonly pid: number; readonly command: string }[]
export function clearAway(folder: string, grace?: number): Promise<readonly string[]>
