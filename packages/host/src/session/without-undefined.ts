/** The same without what is undefined, which is not the same as absent. */
export function withoutUndefined<T extends object>(
  values: T,
): { readonly [Name in keyof T]?: Exclude<T[Name], undefined> } {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  // The entries that are left are T's own.
  return Object.fromEntries(given) as { readonly [Name in keyof T]?: Exclude<T[Name], undefined> };
}
