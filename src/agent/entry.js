// The agent's bundle begins here. Like bin/ for the CLI, the one place that ends the process.
import { main } from './main.ts'

void main(process.argv.slice(2)).then((code) => process.exit(code))
