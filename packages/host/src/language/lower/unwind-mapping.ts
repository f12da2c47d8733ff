import { type IrCallback, type VirtualRegister } from "../ir.js";
import { type Lowering } from "./lowering.js";
import { behind, constant, ProgramBuilder } from "./program-builder.js";
import { fileEntry, unwindMapName } from "./unwind-map.js";
import { state, type UnwindAbout } from "./unwind-state.js";

/** Writes the function that the kernel gives a mapping (struct vm_area_struct): it notes where it is, and its file's rows. */
export function writeMapping(
  name: string,
  { target }: Lowering,
  { layout, members }: UnwindAbout,
): Omit<IrCallback, "caller"> {
  const builder = new ProgramBuilder(name);
  const parameters = [builder.register(), builder.register(), builder.register()] as const;
  const [, mapping, about] = parameters;
  const done = builder.newLabel("done");
  parameters.forEach((to, index) => {
    builder.emit({ kind: "parameter", to, index });
  });
  const member = (base: VirtualRegister, offset: number): VirtualRegister =>
    builder.load(behind(base, offset), 8, false);
  const start = member(mapping, members.mappingStart);
  builder.store(behind(about, state.start), 8, start);
  builder.store(behind(about, state.end), 8, member(mapping, members.mappingEnd));
  const shift = constant(Math.log2(target.pageSize));
  const place = builder.binary("lsh", member(mapping, members.mappingPage), shift);
  builder.store(behind(about, state.distance), 8, builder.binary("sub", start, place));
  const file = member(mapping, members.mappingFile);
  builder.jumpIf("eq", file, constant(0), done);
  const inode = member(file, members.fileInode);
  builder.jumpIf("eq", inode, constant(0), done);
  const number = member(inode, members.inodeNumber);
  const size = member(inode, members.inodeSize);
  const [entry, left] = [builder.register(), builder.register()];
  const [next, other] = [builder.newLabel("file"), builder.newLabel("other")];
  builder.emit({ kind: "mapValue", to: entry, map: unwindMapName, offset: 0 });
  builder.move(left, constant(layout.fileCount));
  builder.label(next);
  builder.jumpIf("ne", member(entry, fileEntry.inode), number, other);
  builder.jumpIf("ne", member(entry, fileEntry.fileSize), size, other);
  for (const [from, to] of [
    [fileEntry.first, state.first],
    [fileEntry.count, state.count],
  ] as const) {
    builder.store(behind(about, to), 8, builder.load(behind(entry, from), 4, false));
  }
  builder.jump(done);
  builder.label(other);
  for (const [register, operation, by] of [
    [entry, "add", fileEntry.sizeBytes],
    [left, "sub", 1],
  ] as const) {
    const right = constant(by);
    builder.emit({ kind: "binary", operation, width: 64, to: register, left: register, right });
  }
  builder.jumpIf("ne", left, constant(0), next);
  builder.label(done);
  builder.exit(0n);
  return { ...builder.finish(name), parameterCount: 3, contextOffset: 0 };
}
