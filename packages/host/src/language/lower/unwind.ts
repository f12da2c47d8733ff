import { helpers } from "../../asm/helpers.js";
import { InternalError } from "../../asm/internal-error.js";
import { type UnwindMembers } from "../check/checked-program.js";
import { type Address, type IrValue, type VirtualRegister } from "../ir.js";
import { threadAndProcess } from "./builtin.js";
import { type Lowering } from "./lowering.js";
import { behind, constant, moved, pointerTo, ProgramBuilder } from "./program-builder.js";
import { unwindRegisters, type UnwindRegisters } from "../unwind-registers.js";
import {
  fileEntry,
  layOutUnwind,
  rowEntry,
  ruleEntry,
  ruleKinds,
  unwindMapName,
  unwindPagesSpec,
  type UnwindLayout,
} from "./unwind-map.js";

/** What goes from frame to frame, in u64s on the program's stack; the mapping that the code is in comes last. */
const state = {
  pc: 0,
  stackPointer: 8,
  framePointer: 16,
  returnAddress: 24,
  depth: 32,
  frames: 40,
  start: 48,
  end: 56,
  /** What is taken off an address to have its place in the file. */
  distance: 64,
  first: 72,
  count: 80,
} as const;
const stateBytes = 88;
const mappingWords = [state.start, state.end, state.distance, state.first, state.count] as const;

const noEntry = -2;
const bitsOfPage = 12;

/**
 * Unwinds the user's stack by the rules of its files (spec/unwind-table.ts), and writes the address of each frame to `frames`,
 * zeros behind the last. Callers are told by the last byte of their call, as a debugger finds them. Gives how many there are.
 *
 * The kernel is asked which mapping an address is in (bpf_find_vma), and the file is known again by its number and size: so
 * processes that do not run yet need no word from the host. Where interrupts are off that can be asked once for each stack only: there
 * mappings are remembered, by process and page.
 */
export function unwind(lowering: Lowering, limit: number, frames: Address): IrValue {
  const { builder, program, callbacks } = lowering;
  const { unwinding } = program;
  if (unwinding === undefined) throw new InternalError("a stack is unwound by no tables");
  const at: Address = {
    kind: "slot",
    slot: builder.allocateSlot(stateBytes, "unwinding"),
    offset: 0,
  };
  // What cannot be read is zero.
  builder.callOnly(helpers.probe_read_kernel, pointerTo(frames), constant(8 * limit), constant(0));
  // Zero too, which the verifier does not know: else it would take what holds at the first frame for what always holds.
  const zero = builder.binary("arsh", threadAndProcess(lowering), constant(63));
  for (const offset of [state.depth, ...mappingWords]) builder.store(moved(at, offset), 8, zero);
  builder.store(moved(at, state.frames), 8, builder.addressOf(frames));
  const registers = unwindRegisters(lowering.target);
  storeRegisters(lowering, registers, at);
  const step = callbacks.begin("unwind");
  const mapping = callbacks.begin("mapping");
  const layout = layOutUnwind(unwinding.files);
  const remembers = lowering.probe.attachment.kind !== "uprobe";
  const common = { layout, members: unwinding.members, remembers };
  const writer = new StepWriter(step, { ...common, limit, mapping, registers });
  callbacks.end({ ...writer.write(), caller: lowering.name });
  callbacks.end({ ...writeMapping(mapping, lowering, common), caller: step });
  builder.callOnly(
    helpers.loop,
    constant(limit),
    { kind: "function", name: step },
    pointerTo(at),
    constant(0),
  );
  const depth = builder.load(moved(at, state.depth), 8, false);
  builder.releaseSlot(at.slot);
  return depth;
}

const halved = { kind: "binary", operation: "rsh", width: 64, right: constant(1) } as const;

interface Common {
  readonly layout: UnwindLayout;
  readonly members: UnwindMembers;
  readonly remembers: boolean;
}

interface StepAbout extends Common {
  readonly limit: number;
  /** The function that is given a mapping. */
  readonly mapping: string;
  readonly registers: UnwindRegisters;
}

/** What the user's registers hold: those of a uprobe are its context. */
function storeRegisters(
  { builder, probe }: Lowering,
  registers: UnwindRegisters,
  at: Address,
): void {
  const from: Address =
    probe.attachment.kind === "uprobe"
      ? { kind: "context", offset: 0 }
      : behind(builder.call(helpers.task_pt_regs, builder.call(helpers.get_current_task_btf)));
  const { pc, stackPointer, framePointer, returnAddress } = registers.saved;
  for (const [offset, place] of [
    [pc, state.pc],
    [stackPointer, state.stackPointer],
    [framePointer, state.framePointer],
    [returnAddress, state.returnAddress],
  ] as const) {
    const value = offset === undefined ? constant(0) : builder.load(moved(from, offset), 8, false);
    builder.store(moved(at, place), 8, value);
  }
}

interface UnwoundFrame {
  readonly pc: VirtualRegister;
  /** Where its address is kept. */
  readonly place: VirtualRegister;
}

/** Writes the function that goes from a frame to its caller's. */
class StepWriter {
  readonly #builder: ProgramBuilder;
  readonly #name: string;
  readonly #about: StepAbout;
  readonly #index: VirtualRegister;
  readonly #state: VirtualRegister;
  readonly #done: string;

  constructor(name: string, about: StepAbout) {
    this.#name = name;
    this.#about = about;
    this.#builder = new ProgramBuilder(name);
    [this.#index, this.#state] = [this.#builder.register(), this.#builder.register()];
    this.#done = this.#builder.newLabel("done");
  }

  write() {
    const builder = this.#builder;
    [this.#index, this.#state].forEach((to, index) => {
      builder.emit({ kind: "parameter", to, index });
    });
    builder.jumpIf("ge", this.#index, constant(this.#about.limit), this.#done);
    const pc = this.#load(state.pc);
    builder.jumpIf("eq", pc, constant(0), this.#done);
    this.#findMapping(pc);
    const place = builder.advance(
      this.#load(state.frames),
      builder.binary("lsh", this.#index, constant(3)),
    );
    builder.store(behind(place), 8, pc);
    this.#store(state.depth, builder.binary("add", this.#index, constant(1)));
    this.#apply(this.#findRule(pc), { pc, place });
    builder.exit(0n);
    builder.label(this.#done);
    builder.exit(1n);
    return {
      ...builder.finish(this.#name),
      parameterCount: 2,
      contextOffset: 0,
    };
  }

  #load(offset: number): VirtualRegister {
    return this.#builder.load(behind(this.#state, offset), 8, false);
  }

  #store(offset: number, value: IrValue): void {
    this.#builder.store(behind(this.#state, offset), 8, value);
  }

  /** Callers are in the same mapping more often than not. */
  #findMapping(pc: VirtualRegister): void {
    const builder = this.#builder;
    const [search, found] = [builder.newLabel("search"), builder.newLabel("found")];
    builder.jumpIf("lt", pc, this.#load(state.start), search);
    builder.jumpIf("lt", pc, this.#load(state.end), found);
    builder.label(search);
    this.#store(state.count, constant(0));
    const task = builder.call(helpers.get_current_task_btf);
    if (this.#about.remembers) {
      this.#remember(pc, task, found);
    } else {
      this.#askKernel(pc, task);
    }
    builder.label(found);
  }

  #askKernel(pc: VirtualRegister, task: VirtualRegister): VirtualRegister {
    const builder = this.#builder;
    const result = builder.call(
      helpers.find_vma,
      task,
      pc,
      { kind: "function", name: this.#about.mapping },
      pointerTo(behind(this.#state)),
      constant(0),
    );
    builder.jumpIf("eq", result, constant(noEntry), this.#done);
    return result;
  }

  /** What was found before, by the process's memory and the page. */
  #remember(pc: VirtualRegister, task: VirtualRegister, found: string): void {
    const builder = this.#builder;
    const map = { kind: "map", map: unwindPagesSpec.name } as const;
    const key: Address = {
      kind: "slot",
      slot: builder.allocateSlot(unwindPagesSpec.keySizeBytes, "page"),
      offset: 0,
    };
    const { taskMemory } = this.#about.members;
    builder.store(key, 8, builder.load(behind(task, taskMemory), 8, false));
    builder.store(moved(key, 8), 8, builder.binary("rsh", pc, constant(bitsOfPage)));
    const known = builder.call(helpers.map_lookup_elem, map, pointerTo(key));
    const unknown = builder.newLabel("unknown");
    builder.jumpIf("eq", known, constant(0), unknown);
    mappingWords.forEach((offset, at) => {
      this.#store(offset, builder.load(behind(known, 8 * at), 8, false));
    });
    builder.jump(found);
    builder.label(unknown);
    const result = this.#askKernel(pc, task);
    builder.jumpIf("ne", result, constant(0), found);
    builder.callOnly(
      helpers.map_update_elem,
      map,
      pointerTo(key),
      pointerTo(behind(this.#state, state.start)),
      constant(0),
    );
    builder.releaseSlot(key.slot);
  }

  /**
   * The rule for an address, by bisection: the last row that does not begin behind it. Steps are tried from the largest power of
   * two on. What falls through leaves the row as it is: so the verifier sees each step first with all rows that there can be, and
   * need not follow each way that led there. (The row is added to the step: of a register and a constant that is added to it,
   * it would learn of the one what it learns of the other.)
   */
  #findRule(pc: VirtualRegister): VirtualRegister {
    const builder = this.#builder;
    const { rows, rules, mostRows } = this.#about.layout;
    const [row, step] = [builder.register(), builder.register()];
    builder.move(row, this.#load(state.first));
    builder.jumpIf("ge", row, constant(rows.count), this.#done);
    const count = this.#load(state.count);
    builder.jumpIf("eq", count, constant(0), this.#done);
    const end = builder.binary("add", row, count);
    const place = builder.binary("sub", pc, this.#load(state.distance));
    const table = this.#mapValue(rows.offset);
    const rowAt = (index: IrValue): Address =>
      behind(builder.advance(table, builder.binary("lsh", index, constant(3))));
    const [next, take, smaller] = [
      builder.newLabel("step"),
      builder.newLabel("take"),
      builder.newLabel("smaller"),
    ];
    builder.move(step, constant(2 ** Math.floor(Math.log2(mostRows))));
    builder.label(next);
    const tried = builder.binary("add", step, row);
    builder.jumpIf("ge", tried, end, smaller);
    builder.jumpIf("ge", tried, constant(rows.count), smaller);
    const start = builder.load(moved(rowAt(tried), rowEntry.start), 4, false);
    builder.jumpIf("le", start, place, take);
    builder.label(smaller);
    builder.emit({ ...halved, to: step, left: step });
    builder.jumpIf("ne", step, constant(0), next);
    builder.aside(() => {
      builder.label(take);
      builder.move(row, tried);
      builder.jump(smaller);
    });
    const found = rowAt(row);
    builder.jumpIf("gt", builder.load(moved(found, rowEntry.start), 4, false), place, this.#done);
    const rule = builder.load(moved(found, rowEntry.rule), 4, false);
    builder.jumpIf("ge", rule, constant(rules.count), this.#done);
    return builder.advance(
      this.#mapValue(rules.offset),
      builder.binary("lsh", rule, constant(Math.log2(ruleEntry.sizeBytes))),
    );
  }

  #mapValue(offset: number): VirtualRegister {
    const to = this.#builder.register();
    this.#builder.emit({ kind: "mapValue", to, map: unwindMapName, offset });
    return to;
  }

  #change(register: VirtualRegister, operation: "add" | "sub", right: IrValue): void {
    this.#builder.emit({
      ...{ kind: "binary", operation, width: 64, to: register, left: register, right },
    });
  }

  #field(rule: VirtualRegister, offset: number): VirtualRegister {
    return this.#builder.load(behind(rule, offset), 4, true);
  }

  /** Makes the state that of the caller. */
  #apply(rule: VirtualRegister, frame: UnwoundFrame): void {
    const builder = this.#builder;
    const cfa = this.#canonicalFrame(rule, frame);
    const returns = builder.register();
    const [inRegister, known, unchanged] = ["register", "returns", "unchanged"].map((purpose) =>
      builder.newLabel(purpose),
    ) as [string, string, string];
    const saved = this.#field(rule, ruleEntry.returnAddress);
    builder.jumpIf("eq", saved, constant(0), inRegister);
    this.#read(builder.binary("add", cfa, saved), returns);
    builder.jump(known);
    builder.label(inRegister);
    builder.move(returns, this.#load(state.returnAddress));
    builder.label(known);
    const { addressBits } = this.#about.registers;
    if (addressBits < 64) {
      const mask = constant((1n << BigInt(addressBits)) - 1n);
      builder.move(returns, builder.binary("and", returns, mask));
    }
    builder.jumpIf("eq", returns, constant(0), this.#done);
    const savedFrame = this.#field(rule, ruleEntry.framePointer);
    builder.jumpIf("eq", savedFrame, constant(0), unchanged);
    const framePointer = builder.register();
    this.#read(builder.binary("add", cfa, savedFrame), framePointer);
    this.#store(state.framePointer, framePointer);
    builder.label(unchanged);
    this.#store(state.pc, builder.binary("sub", returns, constant(1)));
    this.#store(state.stackPointer, cfa);
    // Only the innermost function can have it there still.
    this.#store(state.returnAddress, constant(0));
  }

  #canonicalFrame(rule: VirtualRegister, frame: UnwoundFrame): VirtualRegister {
    const builder = this.#builder;
    const { signal, hasLinkageTable } = this.#about.registers;
    const [moves, ready] = [builder.newLabel("moves"), builder.newLabel("cfa")];
    const kind = this.#field(rule, ruleEntry.kind);
    const offset = this.#field(rule, ruleEntry.offset);
    const cfa = builder.register();
    const stackPointer = this.#load(state.stackPointer);
    builder.move(cfa, stackPointer);
    builder.jumpIf("eq", kind, constant(ruleKinds.stack), moves);
    builder.move(cfa, this.#load(state.framePointer));
    builder.jumpIf("eq", kind, constant(ruleKinds.frame), moves);
    const [behindFrame, plt] = [builder.newLabel("behind_frame"), builder.newLabel("plt")];
    builder.jumpIf("eq", kind, constant(ruleKinds.behindFrame), behindFrame);
    if (hasLinkageTable) builder.jumpIf("eq", kind, constant(ruleKinds.plt), plt);
    if (signal === undefined) builder.jump(this.#done);
    else this.#leaveSignal(stackPointer, signal, frame);
    builder.label(behindFrame);
    this.#read(builder.binary("add", cfa, offset), cfa);
    builder.jump(ready);
    if (hasLinkageTable) {
      builder.label(plt);
      builder.move(cfa, builder.binary("add", stackPointer, constant(8)));
      const within = builder.binary("and", frame.pc, constant(15));
      builder.jumpIf("lt", within, constant(11), ready);
      this.#change(cfa, "add", constant(8));
      builder.jump(ready);
    }
    builder.label(moves);
    this.#change(cfa, "add", offset);
    builder.label(ready);
    return cfa;
  }

  /** Registers as they were when the signal came. No call led there, nor here: both addresses are of the next instruction. */
  #leaveSignal(
    stackPointer: VirtualRegister,
    signal: NonNullable<UnwindRegisters["signal"]>,
    { pc, place }: UnwoundFrame,
  ): void {
    const builder = this.#builder;
    builder.store(behind(place), 8, builder.binary("add", pc, constant(1)));
    for (const [offset, place] of [
      [signal.pc, state.pc],
      [signal.framePointer, state.framePointer],
      [signal.stackPointer, state.stackPointer],
    ] as const) {
      const value = builder.register();
      this.#read(builder.binary("add", stackPointer, constant(offset)), value);
      this.#store(place, value);
    }
    builder.exit(0n);
  }

  /** A u64 of the user's memory; without it the stack ends. */
  #read(address: IrValue, to: VirtualRegister): void {
    const builder = this.#builder;
    const copy: Address = { kind: "slot", slot: builder.allocateSlot(8, "word"), offset: 0 };
    const result = builder.call(helpers.probe_read_user, pointerTo(copy), constant(8), address);
    builder.jumpIf("ne", result, constant(0), this.#done);
    builder.emit({ kind: "load", to, address: copy, size: 8, isSigned: false });
    builder.releaseSlot(copy.slot);
  }
}

/** Writes the function that the kernel gives a mapping (struct vm_area_struct): it notes where it is, and its file's rows. */
function writeMapping(name: string, { target }: Lowering, { layout, members }: Common) {
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
