import { type ActionBlock } from "../../syntax/ast.js";

/** Whether a block reads `args` or `argN`: only then are the fields of its tracepoints asked for. */
export function readsArguments(block: ActionBlock): boolean {
  return namesArgument(block.predicate) || namesArgument(block.body);
}

/** Syntax trees are plain objects: a word or call of that name anywhere in one will do. */
function namesArgument(node: unknown): boolean {
  if (typeof node !== "object" || node === null) return false;
  if (Array.isArray(node)) return node.some(namesArgument);
  if ("kind" in node && (node.kind === "identifier" || node.kind === "call") && "name" in node) {
    if (typeof node.name === "string" && /^arg(?:s|[0-9]+)$/.test(node.name)) return true;
  }
  return Object.values(node).some(namesArgument);
}
