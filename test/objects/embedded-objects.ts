import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** e_machine of BPF (include/uapi/linux/elf-em.h). */
const bpfMachine = 247;
const magic = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
const sectionTypeNoBits = 8;

/** A BPF object, and what it was found in. */
export interface EmbeddedObject {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The BPF objects within a program that libbpf's skeletons were linked into. */
export function embeddedObjects(path: string): readonly EmbeddedObject[] {
  const file = readFileSync(path);
  const found: EmbeddedObject[] = [];
  for (let at = file.indexOf(magic); at >= 0; at = file.indexOf(magic, at + magic.length)) {
    if (file.readUInt16LE(at + 18) !== bpfMachine) continue;
    const name = found.length === 0 ? basename(path) : `${basename(path)}.${found.length}`;
    found.push({ name, bytes: file.subarray(at, at + sizeOf(file, at)) });
  }
  return found;
}

/** To the end of the last section, or of the list of them (struct Elf64_Ehdr and Elf64_Shdr of elf.h). */
function sizeOf(file: Buffer, start: number): number {
  const list = Number(file.readBigUInt64LE(start + 40));
  const [entrySize, count] = [file.readUInt16LE(start + 58), file.readUInt16LE(start + 60)];
  let end = list + entrySize * count;
  for (let index = 0; index < count; index++) {
    const header = start + list + entrySize * index;
    if (file.readUInt32LE(header + 4) === sectionTypeNoBits) continue;
    const [offset, size] = [file.readBigUInt64LE(header + 24), file.readBigUInt64LE(header + 32)];
    end = Math.max(end, Number(offset + size));
  }
  return end;
}

/** Enough kinds of maps, programs and relocations for every day; all of them take minutes. */
const few = ["biolatency", "execsnoop", "exitsnoop", "opensnoop", "runqlat", "tcpconnect"];

/**
 * Some of the programs that Debian's package installs; with $SONDE_OBJECTS "all" of them, or the files of the folder that it names.
 */
export function objectsToTry(): readonly EmbeddedObject[] {
  const wanted = process.env["SONDE_OBJECTS"];
  if (wanted !== undefined && wanted !== "all") {
    const names = readdirSync(wanted).filter((name) => name.endsWith(".o"));
    return names.map((name) => ({ name, bytes: readFileSync(join(wanted, name)) }));
  }
  return packagedPrograms()
    .filter((path) => wanted === "all" || few.includes(basename(path)))
    .flatMap((path) => embeddedObjects(path));
}

function packagedPrograms(): readonly string[] {
  try {
    return readFileSync("/var/lib/dpkg/info/libbpf-tools.list", "utf8")
      .split("\n")
      .filter((path) => path.startsWith("/usr/sbin/") && lstatSync(path).isFile());
  } catch {
    // Not installed: the test says so.
    return [];
  }
}
