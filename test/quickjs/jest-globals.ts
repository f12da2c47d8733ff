import { asymmetricMatchers, Matchers } from "./expectation.js";

/**
 * As much of @jest/globals as the engine-neutral tests use, for engines in which jest does not run. Tests are gathered
 * while their files load and run one after the other.
 */

type Action = () => unknown;

interface Group {
  readonly path: readonly string[];
  readonly beforeEach: readonly Action[];
  readonly afterEach: readonly Action[];
}

interface GatheredTest {
  readonly name: string;
  readonly group: Group;
  readonly action: Action;
}

export interface TestReport {
  readonly passed: number;
  readonly failures: readonly { readonly name: string; readonly message: string }[];
}

const gathered: GatheredTest[] = [];
let current: { path: string[]; beforeEach: Action[]; afterEach: Action[] } = {
  path: [],
  beforeEach: [],
  afterEach: [],
};

export function describe(name: string, gather: () => void): void {
  const outer = current;
  current = {
    path: [...outer.path, name],
    beforeEach: [...outer.beforeEach],
    afterEach: [...outer.afterEach],
  };
  gather();
  current = outer;
}

export function test(name: string, action: Action): void {
  gathered.push({ name: [...current.path, name].join(" › "), group: current, action });
}

test.each =
  <Row>(rows: readonly Row[]) =>
  (
    name: string,
    action: (...values: Row extends readonly unknown[] ? Row : [Row]) => unknown,
  ): void => {
    rows.forEach((row, index) => {
      const values = (Array.isArray(row) ? row : [row]) as Row extends readonly unknown[]
        ? Row
        : [Row];
      test(`${name} (${index})`, () => action(...values));
    });
  };

export const it = test;

export function beforeEach(action: Action): void {
  current.beforeEach.push(action);
}

export function afterEach(action: Action): void {
  current.afterEach.unshift(action);
}

export const expect = Object.assign((actual: unknown) => new Matchers(actual), asymmetricMatchers);

/** Runs what was gathered; `onStart` hears the name of each test before it runs. */
export async function runTests(onStart: (name: string) => void): Promise<TestReport> {
  const failures: { name: string; message: string }[] = [];
  for (const { name, group, action } of gathered) {
    onStart(name);
    try {
      for (const before of group.beforeEach) await before();
      await action();
      for (const after of group.afterEach) await after();
    } catch (error) {
      const message =
        error instanceof Error
          ? `${error.name}: ${error.message}\n${error.stack ?? ""}`
          : String(error);
      failures.push({ name, message });
    }
  }
  return { passed: gathered.length - failures.length, failures };
}
