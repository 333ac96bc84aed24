export function oversize(name: string, text: string): readonly string[]
