import { readFileSync } from "node:fs";
import {
  type DebugSections,
  readDebugSections,
} from "../../packages/host/src/dwarf/debug-entries.js";
import { ElfReader } from "../../packages/host/src/elf/elf-reader.js";
import { compile } from "./c-program.js";

const source = `struct inner { long deep; };
enum color { RED = -1, BLUE = 7 };
typedef unsigned int number_t;
struct point {
  int x; unsigned kind : 3, rest : 5;
  char name[10];
  struct inner in[2][3];
  union { double d; struct point *next; };
};
struct declared;
__attribute__((noinline)) int place(const struct point *p, char c, enum color color, number_t n, double d, struct declared **q) {
  return p->x + c + color + n + (q == 0) + (int)d;
}
int main(int argc, char **argv) { struct point p = { argc }; return place(&p, 'x', BLUE, 3, 1.5, 0); }
`;

/** The debug information of a small program with a bit of everything, of a version of DWARF; its file is debug-info-VERSION.c. */
export async function compileWithDebugInfo(version: number): Promise<DebugSections> {
  return await sectionsOf(compiledWithDebugInfo(version));
}

/** That program's file. */
export function compiledWithDebugInfo(version: number): string {
  return compile(`debug-info-${version}`, source, [`-gdwarf-${version}`]);
}

async function sectionsOf(path: string): Promise<DebugSections> {
  const file = readFileSync(path);
  const elf = await ElfReader.open(async (offset, length) =>
    Promise.resolve(file.subarray(offset, offset + length)),
  );
  const read = async (name: string): Promise<Uint8Array> => {
    const section = elf.sections.find((one) => one.name === name);
    return section === undefined ? new Uint8Array(0) : await elf.readSection(section);
  };
  const sections = await readDebugSections(elf.header.byteOrder, read);
  if (sections === undefined) throw new Error(`${path} has no debug information`);
  return sections;
}
