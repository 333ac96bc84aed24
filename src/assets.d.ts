/** Shell scripts are imported as text: the build and the test runner both inline the file's content. */
declare module '*.sh' {
  const text: string
  export default text
}
