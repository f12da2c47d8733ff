import { type ActionBlock } from "../../syntax/ast.js";

/** How a block reads arguments: by name (`args`), perhaps or only by number (`argN`), or not at all. */
export function readsArguments(block: ActionBlock): "by name" | "by number" | undefined {
  const { predicate, body } = block;
  if (mentions([predicate, body], /^args$/)) return "by name";
  return mentions([predicate, body], /^arg[0-9]+$/) ? "by number" : undefined;
}

/** Whether a block asks which probe it was run for. */
export function asksForProbe({ predicate, body }: ActionBlock): boolean {
  return mentions([predicate, body], /^probe$/);
}

/** Whether a block takes anything of `args` but these fields. */
export function readsOtherFields(
  { predicate, body }: ActionBlock,
  fields: readonly string[],
): boolean {
  const reads = (node: unknown): boolean => {
    if (typeof node !== "object" || node === null) return false;
    if (Array.isArray(node)) return node.some(reads);
    if (isNamed(node, /^args$/)) return true;
    const isOfArgs = "object" in node && isNamed(node.object, /^args$/);
    if (isOfArgs && "name" in node) return !fields.includes(String(node.name));
    return Object.values(node).some(reads);
  };
  return reads([predicate, body]);
}

/** Syntax trees are plain objects: a word or call of that name anywhere in one will do. */
export function mentions(node: unknown, name: RegExp): boolean {
  if (typeof node !== "object" || node === null) return false;
  if (Array.isArray(node)) return node.some((one) => mentions(one, name));
  return isNamed(node, name) || Object.values(node).some((one) => mentions(one, name));
}

/** Whether an argument of one of these calls is just such a word. */
export function mentionsAsArgument(node: unknown, calls: RegExp, name: RegExp): boolean {
  if (typeof node !== "object" || node === null) return false;
  if (Array.isArray(node)) return node.some((one) => mentionsAsArgument(one, calls, name));
  const args = "args" in node && Array.isArray(node.args) ? node.args : [];
  if (isNamed(node, calls) && args.some((one) => isNamed(one, name))) return true;
  return Object.values(node).some((one) => mentionsAsArgument(one, calls, name));
}

function isNamed(node: unknown, name: RegExp): boolean {
  if (typeof node !== "object" || node === null || !("kind" in node && "name" in node))
    return false;
  const isWord = node.kind === "identifier" || node.kind === "call";
  return isWord && typeof node.name === "string" && name.test(node.name);
}
