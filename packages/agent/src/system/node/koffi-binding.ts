import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type koffi from "koffi";
import { UnsupportedPlatformError } from "../unsupported-platform-error.js";
import { errorCode } from "./system-error.js";

export type Koffi = typeof koffi;

/**
 * koffi's native addon. The bundled agent has it in a file of its own beside it, which loads in a few milliseconds; in
 * a checkout koffi's own loader finds it. Throws UnsupportedPlatformError.
 */
export function loadKoffi(): Koffi {
  if (process.platform !== "linux") {
    throw new UnsupportedPlatformError(
      `the agent runs on Linux only, and this is ${process.platform}`,
    );
  }
  const require = createRequire(import.meta.url);
  try {
    // koffi's addon exports the whole of koffi's interface, as its own index does.
    return require(bundledBinary()) as Koffi;
  } catch (cause) {
    if (errorCode(cause) !== "MODULE_NOT_FOUND") throw refusal(cause);
  }
  try {
    return require("koffi") as Koffi;
  } catch (cause) {
    throw refusal(cause);
  }
}

/** The name that scripts/bundle.js gives to the copies that lie beside the bundle. */
function bundledBinary(): string {
  return `./koffi-${process.arch}-${libcName()}.node`;
}

/** A musl process has its dynamic linker, ld-musl-ARCH.so.1, among its mappings. */
function libcName(): "musl" | "glibc" {
  return readFileSync("/proc/self/maps", "latin1").includes("/ld-musl-") ? "musl" : "glibc";
}

function refusal(cause: unknown): UnsupportedPlatformError {
  // The dynamic linker's own words: which library or version is lacking.
  const reason = (cause as Error).message.split("\n")[0] ?? "";
  return new UnsupportedPlatformError(`load koffi for ${process.arch}: ${reason}`, { cause });
}
