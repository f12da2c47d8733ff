import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { cacheFolder } from "./cache-folder.js";

export interface DebuginfodOptions {
  /** Of servers, which are asked one after the other ($DEBUGINFOD_URLS). */
  readonly urls: readonly string[];
  readonly onWarning: (text: string) => void;
  /** Called while a file comes; `total` is undefined where the server does not say. */
  readonly onProgress: (done: number, total: number | undefined) => void;
}

/** A server that says nothing for so long is given up. */
const timeoutMilliseconds = 30_000;
/** No debug file that is meant well is larger. */
const largestFileBytes = 4 * 1024 ** 3;
/** A server is asked again after so long for what it did not have. */
const missingMilliseconds = 600_000;

/** The path of the debug file with a build id: as it is kept on this machine, or fetched and then kept; undefined when no server has it. */
export async function fetchDebugFile(
  options: DebuginfodOptions,
  buildId: string,
): Promise<string | undefined> {
  if (options.urls.length === 0 || !/^[0-9a-f]{4,128}$/.test(buildId)) return undefined;
  const path = join(cacheFolder(), "debuginfod", buildId);
  if ((await modified(path)) !== undefined) return path;
  const missing = `${path}.missing`;
  const askedAt = await modified(missing);
  if (askedAt !== undefined && Date.now() - askedAt < missingMilliseconds) return undefined;
  await mkdir(dirname(path), { recursive: true });
  let isMissing = true;
  for (const url of options.urls) {
    const outcome = await fetchFrom(
      `${url.replace(/\/+$/, "")}/buildid/${buildId}/debuginfo`,
      path,
      options,
    );
    if (outcome === "fetched") return path;
    if (outcome === "failed") isMissing = false;
  }
  if (isMissing) await writeFile(missing, "");
  return undefined;
}

async function fetchFrom(
  url: string,
  path: string,
  { onWarning, onProgress }: DebuginfodOptions,
): Promise<"fetched" | "missing" | "failed"> {
  const temporary = `${path}.${process.pid}`;
  const abort = new AbortController();
  const timer = setTimeout(() => {
    abort.abort();
  }, timeoutMilliseconds);
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (response.status === 404) return "missing";
    if (!response.ok || response.body === null) {
      onWarning(`debuginfod: ${url}: the server answered ${response.status}`);
      return "failed";
    }
    const length = Number(response.headers.get("content-length") ?? Number.NaN);
    const total = Number.isFinite(length) && length > 0 ? length : undefined;
    let done = 0;
    const counting = new Transform({
      transform(chunk: Uint8Array, _encoding, callback): void {
        done += chunk.length;
        timer.refresh();
        if (done > largestFileBytes) {
          abort.abort();
          return;
        }
        onProgress(done, total);
        callback(null, chunk);
      },
    });
    await pipeline(Readable.fromWeb(response.body), counting, createWriteStream(temporary));
    await rename(temporary, path);
    return "fetched";
  } catch (error) {
    const why =
      error instanceof Error ? (describeCause(error.cause) ?? error.message) : String(error);
    onWarning(`debuginfod: ${url}: ${why}`);
    return "failed";
  } finally {
    clearTimeout(timer);
    await rm(temporary, { force: true });
  }
}

/** fetch() says no more than "fetch failed"; its cause knows why. */
function describeCause(cause: unknown): string | undefined {
  return cause instanceof Error ? cause.message : undefined;
}

/** When a file was written, in milliseconds since 1970; undefined when it is not there. */
async function modified(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    // Whatever keeps it from being seen keeps it from being read.
    return undefined;
  }
}
