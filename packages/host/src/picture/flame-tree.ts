import { type FrameKind, type PictureFrame, type StackPicture } from "./stack-picture.js";

/** A frame with what was called from it: the form in which a page has its data. */
export interface FlameNode {
  readonly name: string;
  readonly kind: FrameKind | "root";
  readonly file?: string;
  /** With all that was called from it. */
  value: number;
  readonly children: FlameNode[];
}

/** Stacks as a tree, equal beginnings joined. */
export function flameTree({ samples }: Pick<StackPicture, "samples">): FlameNode {
  const root: FlameNode = { name: "all", kind: "root", value: 0, children: [] };
  const places = new Map<FlameNode, Map<string, FlameNode>>();
  for (const { frames, weight } of samples) {
    const value = Number(weight);
    let node = root;
    node.value += value;
    for (const frame of frames) {
      node = childOf(node, frame, places);
      node.value += value;
    }
  }
  return root;
}

function childOf(
  parent: FlameNode,
  { name, kind, file }: PictureFrame,
  places: Map<FlameNode, Map<string, FlameNode>>,
): FlameNode {
  let children = places.get(parent);
  if (children === undefined) places.set(parent, (children = new Map<string, FlameNode>()));
  const key = `${kind} ${name}`;
  let child = children.get(key);
  if (child === undefined) {
    child = { name, kind, ...(file === undefined ? {} : { file }), value: 0, children: [] };
    children.set(key, child);
    parent.children.push(child);
  }
  return child;
}
