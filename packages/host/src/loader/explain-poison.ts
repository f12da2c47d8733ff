import { RemoteError } from "@sonde/protocol";
import { poisonedCall } from "../core-relocation/patch-instruction.js";
import { LackingError } from "../object/object-error.js";

/**
 * When the verifier refused a program because it could come to an instruction for which the target lacks something: what that
 * is. `poisoned`: reasons, by program and instruction. Undefined for all other errors.
 */
export function explainPoison(
  error: unknown,
  poisoned: ReadonlyMap<string, ReadonlyMap<number, string>>,
): LackingError | undefined {
  const log = error instanceof RemoteError ? (error.details.log ?? "") : "";
  const reached = new RegExp(String.raw`^(\d+): .*#${poisonedCall}$`, "m").exec(log)?.[1];
  if (reached === undefined) return undefined;
  const named = /"(.+)"/.exec((error as Error).message)?.[1] ?? "";
  for (const [program, reasons] of poisoned) {
    const reason = reasons.get(Number(reached));
    // The kernel knows the first letters of its name.
    if (reason === undefined || !program.startsWith(named)) continue;
    return new LackingError(`program ${program}: it comes to ${reason}`, {
      hint: "sonde object FILE -t TARGET says of each program what the target lacks; --without PROGRAM leaves it out",
      cause: error,
    });
  }
  return undefined;
}
