import * as Args from '@oclif/core/args'

/** A word that must be given. Never read from stdin: with an open pipe (cron, CI) oclif would wait for it, and take it. */
export const wordArg = (description: string) => Args.string({ description, required: true, ignoreStdin: true })

/** A word that may be left out. */
export const optionalArg = (description: string) => Args.string({ description, ignoreStdin: true })
