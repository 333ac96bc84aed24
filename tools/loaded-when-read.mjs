/** A CommonJS file as TypeScript compiles it, with imports that are loaded when they are first read from. */
export function loadedWhenRead(text) {
  const names = []
  const lazy = text.replace(
    /^(?:const|var) (\w+) = ((?:__importDefault\(|__importStar\()?require\("[^"]+"\)\)?);$/gm,
    (_, name, load) => {
      names.push(name)
      return `let ${name}$; const ${name} = () => (${name}$ ??= ${load});`
    },
  )
  return names.reduce((all, name) => all.replace(new RegExp(`\\b${name}\\.`, 'g'), `(${name}()).`), lazy)
}
