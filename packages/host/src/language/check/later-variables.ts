import { type Block, type Statement, type StatementOf } from "../syntax/ast.js";
import { type Span } from "../syntax/span.js";

/** A variable by its name, and where it is first assigned. */
export interface AssignedVariable {
  readonly name: string;
  readonly span: Span;
}

/**
 * Variables that both sides of an `if` assign and that are mentioned behind it: older scripts, whose variables lived as long as
 * their probe, go on with them there.
 */
export function variablesBehind(
  { then, otherwise }: StatementOf<"if">,
  following: readonly Statement[],
): readonly AssignedVariable[] {
  if (otherwise === undefined || following.length === 0) return [];
  const others = new Set(assignedIn(otherwise).map(({ name }) => name));
  return assignedIn(then).filter(
    ({ name }) => others.has(name) && following.some((statement) => mentions(statement, name)),
  );
}

/** What a block assigns in any case, and does not declare. */
function assignedIn({ statements }: Block): readonly AssignedVariable[] {
  const declared = new Set<string>();
  return statements
    .flatMap((statement): readonly AssignedVariable[] => {
      if (statement.kind === "declaration") declared.add(statement.name);
      if (statement.kind === "assignment" && statement.target.kind === "scratch") {
        return [statement.target];
      }
      if (statement.kind !== "if" || statement.otherwise === undefined) return [];
      const others = new Set(assignedIn(statement.otherwise).map(({ name }) => name));
      return assignedIn(statement.then).filter(({ name }) => others.has(name));
    })
    .filter(({ name }) => !declared.has(name));
}

function mentions(node: unknown, name: string): boolean {
  if (typeof node !== "object" || node === null) return false;
  if ("kind" in node && node.kind === "scratch" && "name" in node && node.name === name) {
    return true;
  }
  return Object.values(node).some((part) => mentions(part, name));
}
