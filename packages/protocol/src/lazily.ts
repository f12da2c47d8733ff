/** A value that is made when it is first asked for: a start does not wait for tables that few sessions need. */
export function lazily<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
