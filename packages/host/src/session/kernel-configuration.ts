import { RemoteError } from "@sonde/protocol";
import { gunzipSync } from "node:zlib";
import { type RemoteFiles } from "./remote-files.js";

/** The options that a target's kernel was built with, as it tells them. */
export interface KernelConfiguration {
  /** Where on the target they stand. */
  readonly path: string;
  /** Lines "CONFIG_X=value". */
  readonly text: string;
}

/** The target's own, from /proc or from /boot, as its agent lets them be read; undefined when it shows none. */
export async function readKernelConfiguration(
  files: Pick<RemoteFiles, "readKept">,
  release: string,
): Promise<KernelConfiguration | undefined> {
  for (const path of ["/proc/config.gz", `/boot/config-${release}`]) {
    const bytes = await unlessRefused(files.readKept(path));
    if (bytes === undefined) continue;
    const text = Buffer.from(path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
    return { path, text };
  }
  return undefined;
}

async function unlessRefused<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    // Not there, or not to be read by this agent: then it is not known.
    if (error instanceof RemoteError) return undefined;
    throw error;
  }
}
