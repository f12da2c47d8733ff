import { areEqual, AsymmetricMatcher, type EqualityOptions, show } from "./equality.js";

export class ExpectationError extends Error {
  override readonly name = "ExpectationError";
}

type ErrorPattern =
  string | RegExp | { readonly message: string } | (abstract new (...args: never[]) => unknown);
type Class = abstract new (...args: never[]) => unknown;

/** The matchers of jest that the engine-neutral tests use; another one is to be added here. */
export class Matchers {
  readonly #actual: unknown;
  readonly #isNegated: boolean;

  constructor(actual: unknown, isNegated = false) {
    this.#actual = actual;
    this.#isNegated = isNegated;
  }

  get not(): Matchers {
    return new Matchers(this.#actual, !this.#isNegated);
  }

  get resolves(): AsyncMatchers {
    return createAsyncMatchers(async () => await this.#actual, this.#isNegated);
  }

  get rejects(): AsyncMatchers {
    return createAsyncMatchers(() => rejectionOf(this.#actual), this.#isNegated);
  }

  toBe(expected: unknown): void {
    this.#check(Object.is(this.#actual, expected), "to be", expected);
  }
  toEqual(expected: unknown): void {
    this.#checkEqual(expected, {});
  }
  toStrictEqual(expected: unknown): void {
    this.#checkEqual(expected, { isStrict: true });
  }
  toMatchObject(expected: unknown): void {
    this.#checkEqual(expected, { isSubset: true });
  }
  toBeUndefined(): void {
    this.#check(this.#actual === undefined, "to be undefined");
  }
  toBeDefined(): void {
    this.#check(this.#actual !== undefined, "to be defined");
  }
  toBeNull(): void {
    this.#check(this.#actual === null, "to be null");
  }
  toBeTruthy(): void {
    this.#check(Boolean(this.#actual), "to be truthy");
  }
  toBeFalsy(): void {
    const isTruthy = Boolean(this.#actual);
    this.#check(!isTruthy, "to be falsy");
  }
  toBeNaN(): void {
    this.#check(Number.isNaN(this.#actual), "to be NaN");
  }
  toBeInstanceOf(expected: Class): void {
    this.#check(this.#actual instanceof expected, "to be an instance of", expected.name);
  }
  toHaveLength(expected: number): void {
    const { length } = this.#actual as { readonly length: number };
    this.#check(length === expected, "to have length", expected);
  }
  toHaveProperty(key: string): void {
    this.#check(key in (this.#actual as object), "to have the property", key);
  }
  toContain(expected: unknown): void {
    const actual = this.#actual;
    const isContained =
      typeof actual === "string"
        ? actual.includes(String(expected))
        : [...(actual as Iterable<unknown>)].includes(expected);
    this.#check(isContained, "to contain", expected);
  }
  toContainEqual(expected: unknown): void {
    const values = [...(this.#actual as Iterable<unknown>)];
    const isContained = values.some((value) => areEqual(value, expected, {}));
    this.#check(isContained, "to contain", expected);
  }
  toMatch(expected: RegExp | string): void {
    this.#check(matchesText(String(this.#actual), expected), "to match", String(expected));
  }
  toBeGreaterThan(expected: number | bigint): void {
    this.#check((this.#actual as number | bigint) > expected, "to be greater than", expected);
  }
  toBeGreaterThanOrEqual(expected: number | bigint): void {
    this.#check((this.#actual as number | bigint) >= expected, "to be at least", expected);
  }
  toBeLessThan(expected: number | bigint): void {
    this.#check((this.#actual as number | bigint) < expected, "to be less than", expected);
  }
  toBeLessThanOrEqual(expected: number | bigint): void {
    this.#check((this.#actual as number | bigint) <= expected, "to be at most", expected);
  }
  toBeCloseTo(expected: number, digits = 2): void {
    const distance = Math.abs((this.#actual as number) - expected);
    this.#check(distance < 10 ** -digits / 2, "to be close to", expected);
  }
  toThrow(expected?: ErrorPattern): void {
    // After `rejects` the actual value is the error itself.
    const thrown =
      typeof this.#actual === "function"
        ? thrownBy(this.#actual as () => unknown)
        : { error: this.#actual };
    const isExpected = thrown !== undefined && matchesError(thrown.error, expected);
    const got = thrown === undefined ? "nothing" : show(thrown.error);
    if (isExpected === this.#isNegated) {
      throw new ExpectationError(
        `${this.#isNegated ? "did not expect" : "expected"} ${show(expected)} to be thrown, was: ${got}`,
      );
    }
  }

  #checkEqual(expected: unknown, options: EqualityOptions): void {
    this.#check(areEqual(this.#actual, expected, options), "to equal", expected);
  }

  #check(isMet: boolean, relation: string, ...expected: readonly unknown[]): void {
    if (isMet !== this.#isNegated) return;
    const not = this.#isNegated ? "not " : "";
    throw new ExpectationError(
      `expected ${show(this.#actual)} ${not}${[relation, ...expected.map(show)].join(" ")}`,
    );
  }
}

/** The same matchers, of what a promise comes to. The tests are checked against jest's own types. */
type AsyncMatchers = Readonly<Record<string, (...args: unknown[]) => Promise<void>>>;

function createAsyncMatchers(settle: () => Promise<unknown>, isNegated: boolean): AsyncMatchers {
  return new Proxy<AsyncMatchers>(
    {},
    {
      get: (_target, name) => {
        if (name === "not") return createAsyncMatchers(settle, !isNegated);
        return async (...args: unknown[]): Promise<void> => {
          const matchers: object = new Matchers(await settle(), isNegated);
          const matcher = Reflect.get(matchers, name) as ((...args: unknown[]) => void) | undefined;
          if (matcher === undefined) throw new ExpectationError(`no matcher ${String(name)}`);
          matcher.apply(matchers, args);
        };
      },
    },
  );
}

async function rejectionOf(promise: unknown): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new ExpectationError("expected a promise to be rejected");
}

function thrownBy(action: () => unknown): { readonly error: unknown } | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return { error };
  }
}

function matchesError(error: unknown, expected: ErrorPattern | undefined): boolean {
  if (expected === undefined) return true;
  if (typeof expected === "function") return error instanceof expected;
  const message = error instanceof Error ? error.message : String(error);
  if (typeof expected === "string" || expected instanceof RegExp) {
    return matchesText(message, expected);
  }
  return message === expected.message;
}

function matchesText(text: string, expected: RegExp | string): boolean {
  return typeof expected === "string" ? text.includes(expected) : expected.test(text);
}

const primitives = new Map<unknown, string>([
  [String, "string"],
  [Number, "number"],
  [Boolean, "boolean"],
  [BigInt, "bigint"],
  [Function, "function"],
]);

export const asymmetricMatchers = {
  any: (expected: Class | typeof BigInt): AsymmetricMatcher =>
    new AsymmetricMatcher(`any ${expected.name}`, (value) => {
      const primitive = primitives.get(expected);
      return primitive === undefined
        ? value instanceof (expected as Class)
        : typeof value === primitive;
    }),
  anything: (): AsymmetricMatcher =>
    new AsymmetricMatcher("anything", (value) => value !== undefined && value !== null),
  objectContaining: (expected: object): AsymmetricMatcher =>
    new AsymmetricMatcher(`an object with ${show(expected)}`, (value) =>
      areEqual(value, expected, { isSubset: true }),
    ),
  arrayContaining: (expected: readonly unknown[]): AsymmetricMatcher =>
    new AsymmetricMatcher(
      `an array with ${show(expected)}`,
      (value) =>
        Array.isArray(value) &&
        expected.every((item) => value.some((candidate) => areEqual(candidate, item, {}))),
    ),
  stringContaining: (expected: string): AsymmetricMatcher =>
    new AsymmetricMatcher(
      `a string with ${expected}`,
      (value) => typeof value === "string" && value.includes(expected),
    ),
  stringMatching: (expected: RegExp | string): AsymmetricMatcher =>
    new AsymmetricMatcher(
      `a string like ${String(expected)}`,
      (value) => typeof value === "string" && matchesText(value, expected),
    ),
} as const;
