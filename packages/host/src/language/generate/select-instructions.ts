import { assertNever, InternalError } from "../../asm/internal-error.js";
import { type HelperArgument, type IrCallback, type IrOperation, type IrProgram } from "../ir.js";
import { type MachineOperation, type MachineRegister } from "./machine.js";
import { selectBinary } from "./select-binary.js";
import { selectJump } from "./select-jump.js";
import { immediate, move, register, Selection, virtual } from "./selection.js";

export interface SelectionOptions {
  /** Jumps may compare 32 bits (BPF_JMP32). */
  readonly hasJump32: boolean;
}

/** Writes a program's operations, or a callback's, as the machine's, on virtual registers. */
export function selectInstructions(
  program: IrProgram | IrCallback,
  options: SelectionOptions,
): readonly MachineOperation[] {
  const selection = new Selection(virtualRegisterCount(program));
  for (const operation of program.operations) select(selection, operation, options);
  return [...entry(program, selection.context), ...selection.output];
}

/** A program's context is its parameter; a callback finds it where the program has kept it. */
function entry(
  program: IrProgram | IrCallback,
  context: MachineRegister | undefined,
): readonly MachineOperation[] {
  const parameterCount = "parameterCount" in program ? program.parameterCount : 1;
  const start: MachineOperation = { kind: "entry", parameterCount };
  if (context === undefined) return [start];
  if (!("contextOffset" in program)) return [start, move(context, register(1))];
  const { contextOffset: offset } = program;
  const base = register(parameterCount);
  return [start, { kind: "load", size: 8, destination: context, base, offset }];
}

type IrOperationOf<Kind extends IrOperation["kind"]> = Extract<IrOperation, { kind: Kind }>;

function select(selection: Selection, operation: IrOperation, options: SelectionOptions): void {
  switch (operation.kind) {
    case "move":
      selection.moveValue(virtual(operation.to), operation.from);
      break;
    case "binary":
      selectBinary(selection, operation);
      break;
    case "negate":
      selection.moveValue(virtual(operation.to), operation.from);
      selection.emit({ kind: "negate", width: 64, destination: virtual(operation.to) });
      break;
    case "extend":
      extendValue(selection, operation);
      break;
    case "load":
      load(selection, operation);
      break;
    case "store":
      store(selection, operation);
      break;
    case "zero":
      zero(selection, operation);
      break;
    case "atomicAdd": {
      const { size, address, value } = operation;
      const { base, offset } = selection.place(address);
      selection.emit({ kind: "atomicAdd", size, base, offset, source: virtual(value) });
      break;
    }
    case "exchange":
      exchange(selection, operation);
      break;
    case "addressOf":
      selection.addressTo(virtual(operation.to), operation.address);
      break;
    case "mapValue": {
      const { map, offset: valueOffset } = operation;
      const destination = virtual(operation.to);
      selection.emit({ kind: "loadMap", destination, map, valueOffset });
      break;
    }
    case "mapPointer": {
      const { map } = operation;
      const destination = virtual(operation.to);
      selection.emit({ kind: "loadMap", destination, map, valueOffset: undefined });
      break;
    }
    case "parameter":
      selection.emit(move(virtual(operation.to), register(operation.index + 1)));
      break;
    case "call":
      call(selection, operation);
      break;
    case "jumpIf":
      selectJump(selection, operation, options);
      break;
    case "exit":
      selection.moveValue(0, operation.value);
      selection.emit({ kind: "exit" });
      break;
    case "label":
    case "jump":
      selection.emit(operation);
      break;
    default:
      assertNever(operation);
  }
}

function extendValue(
  selection: Selection,
  { to, from, size, isSigned }: IrOperationOf<"extend">,
): void {
  if (from.kind === "constant") {
    const bits = size * 8;
    const value = isSigned ? BigInt.asIntN(bits, from.value) : BigInt.asUintN(bits, from.value);
    selection.moveValue(virtual(to), { kind: "constant", value });
  } else if (size === 4 && !isSigned) {
    selection.alu("mov", virtual(to), register(virtual(from)), 32);
  } else {
    selection.moveValue(virtual(to), from);
    if (size !== 8) selection.extendInPlace(virtual(to), size, isSigned);
  }
}

function load(selection: Selection, { to, address, size, isSigned }: IrOperationOf<"load">): void {
  const { base, offset } = selection.place(address);
  selection.emit({ kind: "load", size, destination: virtual(to), base, offset });
  if (isSigned && size !== 8) selection.extendInPlace(virtual(to), size, true);
}

function store(selection: Selection, { address, size, value }: IrOperationOf<"store">): void {
  const source =
    value.kind === "constant"
      ? selection.operand({ kind: "constant", value: BigInt.asIntN(size * 8, value.value) }, 64)
      : register(virtual(value));
  const { base, offset } = selection.place(address);
  selection.emit({ kind: "store", size, base, offset, source });
}

/** Slots, map values and ring records begin at multiples of 8: so the offset says how wide a store may be. */
function zero(selection: Selection, { address, sizeBytes }: IrOperationOf<"zero">): void {
  const { base, offset } = selection.place(address);
  let done = 0;
  while (done < sizeBytes) {
    const place = offset + done;
    const size = ([8, 4, 2, 1] as const).find(
      (width) => place % width === 0 && width <= sizeBytes - done,
    );
    if (size === undefined) throw new InternalError(`no store for ${place}`);
    selection.emit({ kind: "store", size, base, offset: place, source: immediate(0) });
    done += size;
  }
}

function exchange(
  selection: Selection,
  { to, size, address, value }: IrOperationOf<"exchange">,
): void {
  const { base, offset } = selection.place(address);
  // Into a register of its own: the base may be the result's.
  const changed = selection.fresh();
  selection.moveValue(changed, value);
  selection.emit({ kind: "atomicExchange", size, base, offset, register: changed });
  selection.emit(move(virtual(to), register(changed)));
}

function call(selection: Selection, { helper, to, args }: IrOperationOf<"call">): void {
  if (args.length > 5) throw new InternalError(`helper ${helper} with ${args.length} arguments`);
  args.forEach((argument, index) => {
    passArgument(selection, index + 1, argument);
  });
  selection.emit({ kind: "call", helper, argumentCount: args.length });
  if (to !== undefined) selection.emit(move(virtual(to), register(0)));
}

function passArgument(
  selection: Selection,
  destination: MachineRegister,
  argument: HelperArgument,
): void {
  switch (argument.kind) {
    case "virtual":
    case "constant":
      selection.moveValue(destination, argument);
      break;
    case "address":
      selection.addressTo(destination, argument.address);
      break;
    case "map":
      selection.emit({
        ...{ kind: "loadMap", destination, map: argument.map },
        valueOffset: undefined,
      });
      break;
    case "function":
      selection.emit({ kind: "loadFunction", destination, target: argument.name });
      break;
    default:
      assertNever(argument);
  }
}

function virtualRegisterCount(program: IrProgram | IrCallback): number {
  let count = 0;
  const see = (value: { readonly kind: string; readonly id?: number } | undefined): void => {
    if (value?.id !== undefined) count = Math.max(count, value.id + 1);
  };
  // Every register that is read was written somewhere, so the writes tell the number.
  for (const operation of program.operations) if ("to" in operation) see(operation.to);
  return count;
}
