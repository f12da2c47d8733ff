/** Says whether a value of unknown origin is a T. */
export type Guard<T> = (value: unknown) => value is T;

/** A guard for each property. */
export type Shape<T> = { readonly [K in keyof T]-?: Guard<T[K]> };

export const isString: Guard<string> = (value) => typeof value === "string";
export const isBoolean: Guard<boolean> = (value) => typeof value === "boolean";
export const isBigint: Guard<bigint> = (value) => typeof value === "bigint";
export const isBytes: Guard<Uint8Array> = (value) => value instanceof Uint8Array;
/** A whole number from 0 to 2^32 - 1: sizes, offsets, indexes. */
export const isWhole: Guard<number> = (value): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0xffff_ffff;

/** One of a few strings or numbers. */
export function isOneOf<const T extends string | number>(...values: readonly T[]): Guard<T> {
  return (value): value is T => (values as readonly unknown[]).includes(value);
}

export function isOptional<T>(guard: Guard<T>): Guard<T | undefined> {
  return (value): value is T | undefined => value === undefined || guard(value);
}

export function isEither<A, B>(first: Guard<A>, second: Guard<B>): Guard<A | B> {
  return (value): value is A | B => first(value) || second(value);
}

export function isArrayOf<T>(guard: Guard<T>): Guard<readonly T[]> {
  return (value): value is readonly T[] => Array.isArray(value) && value.every(guard);
}

/** An object with these properties; others do not matter. */
export function isObject<T extends object>(shape: Shape<T>): Guard<T> {
  const guards = Object.entries<Guard<unknown>>(shape);
  return (value): value is T =>
    typeof value === "object" &&
    value !== null &&
    guards.every(([name, guard]) => guard((value as Record<string, unknown>)[name]));
}

/** A union that `kind` tells apart: for each kind the other properties. */
export function isKindOf<T extends { readonly kind: string }>(shapes: {
  readonly [K in T["kind"]]: Shape<Omit<Extract<T, { readonly kind: K }>, "kind">>;
}): Guard<T> {
  const guards = new Map<unknown, Guard<object>>(
    Object.entries<Shape<object>>(shapes).map(([kind, shape]) => [kind, isObject(shape)]),
  );
  return (value): value is T =>
    typeof value === "object" &&
    value !== null &&
    "kind" in value &&
    guards.get(value.kind)?.(value) === true;
}
