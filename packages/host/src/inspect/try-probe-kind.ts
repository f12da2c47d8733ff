import { RemoteError, type TargetFeatures } from "@sonde/protocol";
import { ElfError } from "../elf/elf-error.js";
import { ElfReader } from "../elf/elf-reader.js";
import { TargetError } from "../session/errors.js";
import { type Session } from "../session/session.js";
import { type ObjectSpec } from "../spec/object-spec.js";
import { type ProbeKind, type ProbeReport, type Trial } from "./probe-kind.js";

/** A report before anybody has thought about what to do; `hint` is the agent's. */
export type TrialResult = Omit<ProbeReport, "advice"> & { readonly hint?: string | undefined };

/** No more than a screen is wide, and more than any kernel's answer. */
const longestReason = 400;

/** e_machine of 32-bit ARM (include/uapi/linux/elf-em.h). */
const armMachine = 40;
const onlyInArmCode = "in ARM code; in Thumb code one would crash the program, and is refused";

/**
 * Finds out whether a kind of probe works by attaching a program that does nothing, to something that runs seldom, and
 * removing it. Throws ConnectionClosedError.
 */
export async function tryProbeKind(session: Session, { trial }: ProbeKind): Promise<TrialResult> {
  try {
    switch (trial.kind) {
      case "feature":
        return featureResult(session.features, trial.names);
      case "attach":
        return await tryAll(session, trial.to);
      case "attachToAgent":
        return await tryOnAgent(session, trial);
    }
  } catch (error) {
    if (!(error instanceof TargetError) && !(error instanceof ElfError)) throw error;
    return { state: "unknown", reason: error.message };
  }
}

/** The first that is not supported speaks for all. */
function featureResult(
  features: TargetFeatures,
  names: Extract<Trial, { kind: "feature" }>["names"],
): TrialResult {
  for (const name of names) {
    const result = features[name];
    if (result === undefined) {
      return { state: "unknown", reason: "this agent does not ask for it: it is older than sonde" };
    }
    const { state, reason } = result;
    if (state !== "supported") return { state, ...(reason === undefined ? {} : { reason }) };
  }
  return { state: "supported" };
}

/** At the entry of its program, which runs once. */
async function tryOnAgent(
  session: Session,
  { to }: Extract<Trial, { kind: "attachToAgent" }>,
): Promise<TrialResult> {
  const path = await session.files.resolve("/proc/self/exe");
  if (path === undefined) throw new TargetError("the agent's own program is not to be found");
  const elf = await ElfReader.open((offset, length) =>
    session.files.readPart(path, offset, length),
  );
  const { entry, machine } = elf.header;
  // The lowest bit says Thumb.
  if (machine === armMachine && (entry & 1n) === 1n) {
    const result = featureResult(session.features, ["uprobe"]);
    return result.state === "supported" ? { ...result, reason: onlyInArmCode } : result;
  }
  const offset = elf.fileOffset(entry);
  if (offset === undefined) throw new TargetError(`${path} has no entry point in its code`);
  return await tryAll(session, [to(path, offset)]);
}

/** What the target does not have at all says nothing of the kind: the next one is tried. */
async function tryAll(session: Session, objects: readonly ObjectSpec[]): Promise<TrialResult> {
  let missing: TrialResult | undefined;
  for (const object of objects) {
    if (!session.types.areKnown && object.programs.some(({ attachTo }) => attachTo !== undefined)) {
      return { state: "unsupported", reason: "the target has no BTF" };
    }
    try {
      return await attach(session, object);
    } catch (error) {
      if (error instanceof TargetError) {
        missing ??= { state: "unknown", reason: error.message };
        continue;
      }
      if (!(error instanceof RemoteError)) throw error;
      const refused: TrialResult = {
        state: "unsupported",
        reason: withoutAction(error.message),
        hint: error.details.hint,
      };
      if (error.code !== "missing") return refused;
      missing ??= refused;
    }
  }
  return missing ?? { state: "unknown", reason: "there is nothing to try it on" };
}

async function attach(session: Session, object: ObjectSpec): Promise<TrialResult> {
  let mechanism: string | undefined;
  try {
    await session.load(object, {
      onLoaded: ({ results }) => {
        mechanism = results.find((result) => result.mechanism !== undefined)?.mechanism;
      },
    });
  } finally {
    await session.clear();
  }
  return { state: "supported", ...(mechanism === undefined ? {} : { mechanism }) };
}

/** "attach kprobe do_exit: kprobe PMU: …" begins with what the row says already. */
function withoutAction(message: string): string {
  return message.replace(/^(attach|load|run|look) .*?: /, "").slice(0, longestReason);
}
