import { type ItaniumNode } from "./itanium-node.js";

type Pack = Extract<ItaniumNode, { kind: "pack" }>;

/** The first parameter of a pattern that stands for several; undefined when none does. */
export function findPack(
  pattern: ItaniumNode,
  resolve: (node: ItaniumNode) => ItaniumNode,
): Pack | undefined {
  const seen = new Set<ItaniumNode>();
  const waiting = [pattern];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === "parameter") {
      const target = resolve(node);
      if (target.kind === "pack") return target;
    } else {
      waiting.push(...[...partsOf(node)].reverse());
    }
  }
  return undefined;
}

function partsOf(node: ItaniumNode): readonly ItaniumNode[] {
  return Object.values(node).flatMap((value: unknown) => {
    if (Array.isArray(value)) return value.filter(isNode);
    return isNode(value) ? [value] : [];
  });
}

function isNode(value: unknown): value is ItaniumNode {
  return typeof value === "object" && value !== null && "kind" in value;
}
