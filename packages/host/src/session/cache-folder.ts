import { homedir } from "node:os";
import { join } from "node:path";

/** Where what is known of targets is kept: $SONDE_CACHE, or a folder of the user's cache (XDG Base Directory). */
export function cacheFolder(): string {
  const own = process.env["SONDE_CACHE"];
  if (own !== undefined && own !== "") return own;
  const shared = process.env["XDG_CACHE_HOME"];
  return join(shared !== undefined && shared !== "" ? shared : join(homedir(), ".cache"), "sonde");
}
