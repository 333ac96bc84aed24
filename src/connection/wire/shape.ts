import type * as v from 'valibot'

/** A type with everything in it read-only, as results are. */
export type Frozen<T> = T extends (infer E)[]
  ? readonly Frozen<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T

/**
 * Says that every value of the result type T fits a schema; the compiler refuses one that lost or misnamed a field.
 * @returns the schema itself
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- given by the caller, who names the result
export function shapeOf<T>() {
  return <S extends v.GenericSchema>(schema: S & ([T] extends [Frozen<v.InferOutput<S>>] ? unknown : never)): S => schema
}
