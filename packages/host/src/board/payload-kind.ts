import { type BoardFacts } from "./facts.js";
import { type ArchivedFile } from "./tar.js";

/** One kind of agent. */
export interface PayloadKind {
  /** The agent for such a board, or what the board lacks for it. */
  choose(facts: BoardFacts): Choice;
}

export type Choice =
  | { readonly kind: "payload"; readonly name: string; readonly files: readonly ArchivedFile[] }
  | { readonly kind: "lack"; readonly what: string; readonly hint: string };
