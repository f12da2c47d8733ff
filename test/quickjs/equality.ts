/** What stands in for a value in a comparison, as `expect.any(String)` does. */
export class AsymmetricMatcher {
  readonly matches: (value: unknown) => boolean;
  readonly description: string;
  constructor(description: string, matches: (value: unknown) => boolean) {
    this.description = description;
    this.matches = matches;
  }
}

export interface EqualityOptions {
  /** Classes count, and a key whose value is undefined is not an absent one. */
  readonly isStrict?: boolean;
  /** The expected value's keys are enough. */
  readonly isSubset?: boolean;
}

/** Deep equality, as jest has it for toEqual, toStrictEqual and toMatchObject. */
export function areEqual(actual: unknown, expected: unknown, options: EqualityOptions): boolean {
  if (expected instanceof AsymmetricMatcher) return expected.matches(actual);
  if (Object.is(actual, expected)) return true;
  if (typeof actual !== "object" || typeof expected !== "object") return false;
  if (actual === null || expected === null) return false;
  const isPlainSubset = options.isSubset === true && expected.constructor === Object;
  if (!isPlainSubset && tagOf(actual) !== tagOf(expected)) return false;
  if (options.isStrict === true && actual.constructor !== expected.constructor) return false;
  if (expected instanceof Error) {
    return actual instanceof Error && actual.message === expected.message;
  }
  if (expected instanceof Map || expected instanceof Set) {
    return areCollectionsEqual(actual, expected, options);
  }
  if (Array.isArray(expected) || ArrayBuffer.isView(expected)) {
    return areListsEqual(actual, expected, options);
  }
  return areObjectsEqual(actual, expected, options);
}

/** "[object Map]": what kind of object the language itself says it is. */
function tagOf(value: object): string {
  return Object.prototype.toString.call(value);
}

function areCollectionsEqual(
  actual: object,
  expected: Map<unknown, unknown> | Set<unknown>,
  options: EqualityOptions,
): boolean {
  if (!(actual instanceof Map || actual instanceof Set)) return false;
  return areEqual([...actual], [...expected], options);
}

function areListsEqual(actual: object, expected: object, options: EqualityOptions): boolean {
  // Both are arrays or typed arrays: their tags are the same.
  const [left, right] = [actual as ArrayLike<unknown>, expected as ArrayLike<unknown>];
  if (left.length !== right.length) return false;
  return Array.from(right).every((value, index) => areEqual(left[index], value, options));
}

function areObjectsEqual(actual: object, expected: object, options: EqualityOptions): boolean {
  const [left, right] = [actual as Record<string, unknown>, expected as Record<string, unknown>];
  const isPresent = (object: Record<string, unknown>, key: string): boolean =>
    options.isStrict === true ? Object.hasOwn(object, key) : object[key] !== undefined;
  const hasAll = Object.keys(right).every(
    (key) =>
      (options.isSubset !== true || key in left || right[key] === undefined) &&
      areEqual(left[key], right[key], options),
  );
  if (!hasAll || options.isSubset === true) return hasAll;
  return Object.keys(left).every((key) => !isPresent(left, key) || isPresent(right, key));
}

/** A short text of any value, for a failed comparison. */
export function show(value: unknown): string {
  if (value instanceof AsymmetricMatcher) return value.description;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value === "function") return value.name;
  if (value instanceof RegExp) return String(value);
  const text = JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "bigint") return `${part}n`;
    if (part instanceof AsymmetricMatcher) return part.description;
    if (part instanceof Uint8Array) return `bytes ${Array.from(part).join(" ")}`;
    return part;
  }) as string | undefined;
  const shown = text ?? String(value);
  return shown.length > 500 ? `${shown.slice(0, 500)}…` : shown;
}
