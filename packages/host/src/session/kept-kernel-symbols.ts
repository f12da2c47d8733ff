import { RemoteError, type TargetDescription } from "@sonde/protocol";
import { join } from "node:path";
import { type KernelSymbolSource } from "../symbols/kernel-symbol-source.js";
import { type KernelSymbol, parseKernelSymbols } from "../symbols/kernel-symbols.js";
import { type AskedSymbols } from "./asked-symbols.js";
import { cacheFolder } from "./cache-folder.js";
import { keepFile, readKeptFile, keptName } from "./kept-file.js";
import { type RemoteFiles } from "./remote-files.js";

/** Few functions are longer: what lies further behind a symbol may be of a program that was loaded since. */
const longFunctionSizeBytes = 0x1_0000n;

/**
 * The symbols of a kernel as they are kept on this machine for this boot and these modules, or fetched and then kept. BPF
 * programs come and go: of addresses in them, and where no symbol is near or all are hidden, the agent is asked. Undefined
 * where boots or modules cannot be told from others. Throws RemoteError.
 */
export async function openKeptSymbols(
  files: RemoteFiles,
  { bootId, buildId }: Pick<TargetDescription, "bootId" | "buildId">,
  asked: AskedSymbols,
): Promise<KernelSymbolSource | undefined> {
  const modules = bootId === "" ? undefined : await readModules(files);
  if (modules === undefined) return undefined;
  const path = join(cacheFolder(), "kallsyms", keptName([bootId, buildId, modules]));
  const kept = readKeptFile(path);
  const table = kept ?? (await files.read("/proc/kallsyms"));
  const symbols = parseKernelSymbols(table);
  // Not kept, for whoever may see them the next time.
  if (symbols.isHidden) return asked;
  if (kept === undefined) keepFile(path, table);
  const find = (address: bigint): KernelSymbol | undefined => {
    const found = symbols.resolve(address);
    const isSure =
      found !== undefined && found.module !== "bpf" && found.offset < longFunctionSizeBytes;
    return isSure ? found : undefined;
  };
  return {
    prepare: (addresses) => asked.prepare(addresses.filter((one) => find(one) === undefined)),
    resolve: (address) => find(address) ?? asked.resolve(address),
    addressesOf: (names) => Promise.resolve(names.map((one) => symbols.addressOf(one))),
  };
}

/** Which are loaded, and where: NAME SIZE USERS USED-BY STATE ADDRESS, of which users change. */
async function readModules(files: RemoteFiles): Promise<readonly string[] | undefined> {
  try {
    const text = (await files.textNow("/proc/modules")) ?? "";
    return text.split("\n").map((line) => {
      const [module = "", size = "", , , , address = ""] = line.split(" ");
      return `${module} ${size} ${address}`;
    });
  } catch (error) {
    if (error instanceof RemoteError) return undefined;
    throw error;
  }
}
