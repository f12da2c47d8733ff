import { type ActionBlock } from "../../syntax/ast.js";

/** How a block reads arguments: by name (`args`), perhaps or only by number (`argN`), or not at all. */
export function readsArguments(block: ActionBlock): "by name" | "by number" | undefined {
  const { predicate, body } = block;
  if (mentions([predicate, body], /^args$/)) return "by name";
  return mentions([predicate, body], /^arg[0-9]+$/) ? "by number" : undefined;
}

/** Syntax trees are plain objects: a word or call of that name anywhere in one will do. */
export function mentions(node: unknown, name: RegExp): boolean {
  if (typeof node !== "object" || node === null) return false;
  if (Array.isArray(node)) return node.some((one) => mentions(one, name));
  if ("kind" in node && (node.kind === "identifier" || node.kind === "call") && "name" in node) {
    if (typeof node.name === "string" && name.test(node.name)) return true;
  }
  return Object.values(node).some((one) => mentions(one, name));
}
