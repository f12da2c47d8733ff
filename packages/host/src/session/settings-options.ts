import { parseKey, readKeyFile } from "./key-file.js";
import { type SessionOptions } from "./session.js";
import { type TargetSettings } from "./target-config.js";
import { withoutUndefined } from "./without-undefined.js";

/** What a session must be told for a target with these settings; a key itself comes before a file with one. Throws TargetError. */
export function settingsOptions(settings: TargetSettings): SessionOptions {
  const { btfFile, caFile, pin, certFile, certKeyFile } = settings;
  return withoutUndefined({
    key: keyOf(settings),
    btfFile,
    tls: withoutUndefined({ caFile, pin, certFile, certKeyFile }),
  });
}

function keyOf({ key, keyFile }: TargetSettings): Uint8Array | undefined {
  if (key !== undefined) return parseKey(key);
  return keyFile === undefined ? undefined : readKeyFile(keyFile);
}
