export function checkIntegrity(bytes: Uint8Array, pinned: string, name: string): void
