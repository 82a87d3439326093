/** A value now or later. Stages stay synchronous where they can: a promise costs more than most of their work. */
export type Eventual<T> = T | Promise<T>;

/** Goes on with a value: at once if it is there, else when it comes. */
export function after<In, Out>(value: Eventual<In>, then: (value: In) => Eventual<Out>): Eventual<Out> {
  return value instanceof Promise ? value.then(then) : then(value);
}

/** All values in their order: at once if all are there, else when the last comes. */
export function allOf<T>(values: readonly Eventual<T>[]): Eventual<readonly T[]> {
  const present = values.filter((value): value is T => !(value instanceof Promise));
  return present.length === values.length ? present : Promise.all(values);
}
