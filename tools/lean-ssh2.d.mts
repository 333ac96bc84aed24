export function leaner(name: string, text: string): string
