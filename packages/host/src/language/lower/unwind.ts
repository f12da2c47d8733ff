import { helpers } from "../../asm/helpers.js";
import { InternalError } from "../../asm/internal-error.js";
import { type Address, type IrValue } from "../ir.js";
import { unwindRegisters, type UnwindRegisters } from "../unwind-registers.js";
import { threadAndProcess } from "./builtin.js";
import { type Lowering } from "./lowering.js";
import { behind, constant, moved, pointerTo } from "./program-builder.js";
import { layOutUnwind } from "./unwind-map.js";
import { writeMapping } from "./unwind-mapping.js";
import { mappingWords, state, stateBytes } from "./unwind-state.js";
import { StepWriter } from "./unwind-step.js";

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
