import { parseKey, readKeyFile } from "./key-file.js";
import { type SessionOptions } from "./session.js";
import { type TargetSettings } from "./target-config.js";
import { type TypesFile } from "./types-file.js";
import { withoutUndefined } from "./without-undefined.js";

/** What a session must be told for a target with these settings; a key itself comes before a file with one. Throws TargetError. */
export function settingsOptions(settings: TargetSettings): SessionOptions {
  const { caFile, pin, certFile, certKeyFile } = settings;
  return withoutUndefined({
    key: keyOf(settings),
    typesFile: typesFileOf(settings),
    systemMap: settings.systemMapFile,
    tls: withoutUndefined({ caFile, pin, certFile, certKeyFile }),
  });
}

function keyOf({ key, keyFile }: TargetSettings): Uint8Array | undefined {
  if (key !== undefined) return parseKey(key);
  return keyFile === undefined ? undefined : readKeyFile(keyFile);
}

function typesFileOf({ btfFile, vmlinuxFile }: TargetSettings): TypesFile | undefined {
  if (vmlinuxFile !== undefined) return { kind: "vmlinux", path: vmlinuxFile };
  return btfFile === undefined ? undefined : { kind: "btf", path: btfFile };
}
