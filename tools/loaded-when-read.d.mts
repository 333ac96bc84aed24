export function loadedWhenRead(text: string): string
