import { RemoteError } from "@sonde/protocol";
import { type CachedLibrary } from "../elf/ld-so-cache.js";
import { type TargetFiles } from "./target-files.js";

/** Where the dynamic linkers of glibc, musl and Android look unless told otherwise; 64-bit libraries come first. */
const usualFolders = ["/lib64", "/usr/lib64", "/lib", "/usr/lib", "/system/lib64", "/system/lib"];

/**
 * The libraries of a target that has no /etc/ld.so.cache, as small systems have none: what lies in the linker's usual
 * folders, and in those of Debian for each architecture (/lib/aarch64-linux-gnu).
 */
export async function librariesInFolders(
  files: Pick<TargetFiles, "list" | "resolve">,
): Promise<readonly CachedLibrary[]> {
  const resolved = await Promise.all(usualFolders.map((folder) => resolveFolder(files, folder)));
  const folders = [...new Set(resolved.filter((folder) => folder !== undefined))];
  const libraries = await Promise.all(folders.map((folder) => librariesBelow(files, folder)));
  return libraries.flat();
}

async function librariesBelow(
  files: Pick<TargetFiles, "list">,
  folder: string,
): Promise<readonly CachedLibrary[]> {
  const names = await files.list(folder);
  const ofArchitectures = names
    .filter((name) => /^[^.]+-linux-[^.]+$/.test(name))
    .map((name) => `${folder}/${name}`);
  const others = await Promise.all(ofArchitectures.map((below) => files.list(below)));
  return [
    ...librariesNamed(folder, names),
    ...ofArchitectures.flatMap((below, index) => librariesNamed(below, others[index] ?? [])),
  ];
}

function librariesNamed(folder: string, names: readonly string[]): readonly CachedLibrary[] {
  return names
    .filter((name) => /\.so(\.|$)/.test(name))
    .map((name) => ({
      // musl's linker is its C library.
      name: name.startsWith("ld-musl-") ? "libc.so" : name,
      path: `${folder}/${name}`,
    }));
}

/** `undefined` where there is none, and where the agent does not let it be listed. */
async function resolveFolder(
  files: Pick<TargetFiles, "resolve">,
  folder: string,
): Promise<string | undefined> {
  try {
    return await files.resolve(folder);
  } catch (error) {
    if (error instanceof RemoteError && error.code === "forbidden") return undefined;
    throw error;
  }
}
