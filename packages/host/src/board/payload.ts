import { createHash } from "node:crypto";
import { ConnectError } from "../session/errors.js";
import { type BoardFacts } from "./facts.js";
import { microAgentFolder, microAgentIn } from "./micro-agent.js";
import { nodeAgent } from "./node-agent.js";
import { type PayloadKind } from "./payload-kind.js";
import { type ArchivedFile } from "./tar.js";

/** An agent as it lies on a board. Its program is the file `sonde-agent`. */
export interface Payload {
  /** Tells it from any other: the first line of its manifest. */
  readonly id: string;
  /** For people: "sonde-agent 0.1.0 for Node 20.11.1, arm64, glibc". */
  readonly name: string;
  readonly files: readonly ArchivedFile[];
}

/** The one that is preferred first; $SONDE_AGENT, "micro" or "node", asks for one of them. */
function wantedKinds(): readonly PayloadKind[] {
  const kinds = { micro: microAgentIn(microAgentFolder()), node: nodeAgent };
  const wanted = process.env["SONDE_AGENT"];
  return wanted === "micro" || wanted === "node" ? [kinds[wanted]] : Object.values(kinds);
}

/** The agent for a board. Throws ConnectError, which says what the board lacks for each kind. */
export function choosePayload(boardName: string, facts: BoardFacts): Payload {
  const choices = wantedKinds().map((kind) => kind.choose(facts));
  const chosen = choices.find((choice) => choice.kind === "payload");
  if (chosen !== undefined) {
    const { name, files } = chosen;
    return { id: `${name} ${digest(files)}`, name, files };
  }
  const lacks = choices.filter((choice) => choice.kind === "lack");
  throw new ConnectError(`${boardName}: ${lacks.map(({ what }) => what).join("; ")}`, {
    hint: lacks.map(({ hint }) => hint).join("; or "),
  });
}

function digest(files: readonly ArchivedFile[]): string {
  const hash = createHash("sha256");
  for (const { name, bytes } of files) hash.update(`${name}\n${bytes.length}\n`).update(bytes);
  return hash.digest("hex").slice(0, 32);
}
