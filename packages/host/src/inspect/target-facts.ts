import { RemoteError, type TargetDescription } from "@sonde/protocol";
import { type RemoteFiles } from "../session/remote-files.js";
import { type Session } from "../session/session.js";
import { KernelConfig } from "./kernel-config.js";

/** What explains why something does not work. */
export interface TargetFacts {
  readonly description: TargetDescription;
  /** undefined: the target does not show it. Asked for when something needs to be explained. */
  readonly config: () => Promise<KernelConfig | undefined>;
  /** By name: "kernel.kptr_restrict" is "1". Those that could be read. */
  readonly settings: ReadonlyMap<string, string>;
}

const settingNames = [
  "kernel.perf_event_paranoid",
  "kernel.kptr_restrict",
  "kernel.unprivileged_bpf_disabled",
  "net.core.bpf_jit_enable",
] as const;

/** Asks a target for them. */
export async function readTargetFacts({ description, files }: Session): Promise<TargetFacts> {
  const values = await Promise.all(settingNames.map((name) => readSetting(files, name)));
  const settings = new Map<string, string>();
  for (const [index, name] of settingNames.entries()) {
    const value = values[index];
    if (value !== undefined) settings.set(name, value);
  }
  let config: Promise<KernelConfig | undefined> | undefined;
  return {
    description,
    settings,
    config: async () => await (config ??= KernelConfig.read(files, description.release)),
  };
}

async function readSetting(files: RemoteFiles, name: string): Promise<string | undefined> {
  try {
    return (await files.textNow(`/proc/sys/${name.replaceAll(".", "/")}`))?.trim();
  } catch (error) {
    // For root's eyes, or an agent that does not give it out: then it is not known.
    if (error instanceof RemoteError) return undefined;
    throw error;
  }
}
