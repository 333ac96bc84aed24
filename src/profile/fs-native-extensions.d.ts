/** The part of fs-native-extensions that the store uses; the package has no types. */
declare module 'fs-native-extensions' {
  /** False when another open file has the lock. @throws the system's error for a file system without locks */
  export function tryLock(fd: number): boolean
}
