/** What `npm test` says of a run of jest. */
export function countRun(
  results: object | undefined,
  run: { readonly status: number | null; readonly whole: boolean; readonly left?: readonly string[] },
): { readonly passed: number; readonly failed: number; readonly notes: readonly string[] }
export function slowest(results: object | undefined, count?: number): readonly string[]
