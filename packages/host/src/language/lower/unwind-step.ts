import { helpers } from "../../asm/helpers.js";
import { type Address, type IrCallback, type IrValue, type VirtualRegister } from "../ir.js";
import { type UnwindRegisters } from "../unwind-registers.js";
import { behind, constant, moved, pointerTo, ProgramBuilder } from "./program-builder.js";
import { rowEntry, ruleEntry, ruleKinds, unwindMapName, unwindPagesSpec } from "./unwind-map.js";
import { mappingWords, state, type UnwindAbout } from "./unwind-state.js";

const noEntry = -2;
const bitsOfPage = 12;

const halved = { kind: "binary", operation: "rsh", width: 64, right: constant(1) } as const;

interface StepAbout extends UnwindAbout {
  readonly limit: number;
  /** The function that is given a mapping. */
  readonly mapping: string;
  readonly registers: UnwindRegisters;
}

interface UnwoundFrame {
  readonly pc: VirtualRegister;
  /** Where its address is kept. */
  readonly place: VirtualRegister;
}

/** Writes the function that goes from a frame to its caller's. */
export class StepWriter {
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

  write(): Omit<IrCallback, "caller"> {
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
