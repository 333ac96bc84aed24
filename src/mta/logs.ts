export const LOG_SOURCES = ['mta', 'agent'] as const
export type LogSource = (typeof LOG_SOURCES)[number]

export const LOG_LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'fatal'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** One line of a node's log. */
export interface LogRecord {
  /** Milliseconds since 1970 on the node's clock; absent when the line carries no time. */
  readonly at?: number
  readonly level: LogLevel
  /** The line as the MTA wrote it, without its time. */
  readonly text: string
}
