import { type TargetDescription } from "../../spec/target-description.js";
import { type CheckedStatement } from "../check/checked-program.js";
import { loopMeans } from "../loop-means.js";

/** Statements that are run again and again. */
export type Loop = Extract<CheckedStatement, { readonly kind: "while" | "range" | "entries" }>;

export type EntriesLoop = Extract<Loop, { readonly kind: "entries" }>;

/** A function of a program: a loop whose body is one, or `undefined` for the program itself. */
export type Home = Loop | undefined;

/** Where the variables of a program belong. */
export interface VariableHomes {
  /** By scratch id: the innermost function that all mentions of it are in, itself or in what it calls. */
  readonly homes: ReadonlyMap<number, Home>;
  /** Those that more than one function mentions. */
  readonly shared: ReadonlySet<number>;
  /** Loops whose bodies are functions, outer ones first. */
  readonly callbacks: readonly Loop[];
  /** Of those, the ones over maps, by what they call their entries. */
  readonly entries: ReadonlyMap<number, EntriesLoop>;
  /** How many of them stand in each other at most. */
  readonly depth: number;
}

/** Whether a loop's body is a function of its own. */
export function isCallback(loop: Loop, target: Pick<TargetDescription, "features">): boolean {
  return loop.kind === "entries" || loopMeans(target) === "callback";
}

export function findHomes(
  body: readonly CheckedStatement[],
  target: Pick<TargetDescription, "features">,
): VariableHomes {
  const paths = new Map<number, readonly Loop[]>();
  const shared = new Set<number>();
  const callbacks: Loop[] = [];
  let depth = 0;
  const mention = (scratch: number, path: readonly Loop[]): void => {
    const known = paths.get(scratch);
    if (known === undefined) {
      paths.set(scratch, path);
      return;
    }
    const common = commonStart(known, path);
    if (common.length < Math.max(known.length, path.length)) shared.add(scratch);
    paths.set(scratch, common);
  };
  const visit = (node: unknown, path: readonly Loop[]): void => {
    if (typeof node !== "object" || node === null) return;
    if (isLoop(node) && isCallback(node, target)) {
      callbacks.push(node);
      const inner = [...path, node];
      depth = Math.max(depth, inner.length);
      if (node.kind === "range") visit([node.first, node.last], path);
      if (node.kind === "while") visit(node.condition, inner);
      else mention(node.scratch, inner);
      visit(node.body, inner);
      return;
    }
    if ("scratch" in node && typeof node.scratch === "number") mention(node.scratch, path);
    for (const [key, part] of Object.entries(node)) {
      if (key !== "type" && key !== "span") visit(part, path);
    }
  };
  visit(body, []);
  return {
    homes: new Map([...paths].map(([scratch, path]) => [scratch, path.at(-1)])),
    shared,
    callbacks,
    entries: new Map(
      callbacks.flatMap((loop) => (loop.kind === "entries" ? [[loop.scratch, loop]] : [])),
    ),
    depth,
  };
}

function isLoop(node: object): node is Loop {
  return (
    "kind" in node && ["while", "range", "entries"].includes(String(node.kind)) && "body" in node
  );
}

function commonStart(left: readonly Loop[], right: readonly Loop[]): readonly Loop[] {
  const end = left.findIndex((loop, index) => loop !== right[index]);
  return end === -1 ? left : left.slice(0, end);
}

/** Variables that a loop's body gives other values. */
export function changedVariables(loop: Loop): ReadonlySet<number> {
  const changed = new Set<number>();
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    if ("target" in node && typeof node.target === "object" && node.target !== null) {
      const { target } = node;
      if ("scratch" in target && typeof target.scratch === "number") changed.add(target.scratch);
    }
    if (isLoop(node) && node.kind !== "while") changed.add(node.scratch);
    for (const [key, part] of Object.entries(node)) {
      if (key !== "type" && key !== "span") visit(part);
    }
  };
  visit(loop);
  return changed;
}
