import * as opcode from "./opcode.js";

/** Of one slot: struct bpf_insn (include/uapi/linux/bpf.h) is u8 code, two registers in a byte, s16 off, s32 imm. */
export const slotSizeBytes = 8;

/** BPF_LD | BPF_IMM | BPF_DW: the one instruction of two slots. */
const wideLoad = opcode.BPF_LD | opcode.BPF_IMM | opcode.BPF_DW;

/** Instructions as they stand in an object's file or go into a kernel, slot by slot. Slots are given by index. */
export class MachineCode {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #isLittle: boolean;

  constructor(bytes: Uint8Array, byteOrder: "little" | "big") {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#isLittle = byteOrder === "little";
  }

  get slotCount(): number {
    return this.bytes.length / slotSizeBytes;
  }

  opcode(slot: number): number {
    return this.#view.getUint8(slot * slotSizeBytes);
  }

  /** The destination is the half that the byte order fills first. */
  destination(slot: number): number {
    const registers = this.#view.getUint8(slot * slotSizeBytes + 1);
    return this.#isLittle ? registers & 0xf : registers >> 4;
  }

  source(slot: number): number {
    const registers = this.#view.getUint8(slot * slotSizeBytes + 1);
    return this.#isLittle ? registers >> 4 : registers & 0xf;
  }

  offset(slot: number): number {
    return this.#view.getInt16(slot * slotSizeBytes + 2, this.#isLittle);
  }

  immediate(slot: number): number {
    return this.#view.getInt32(slot * slotSizeBytes + 4, this.#isLittle);
  }

  setOpcode(slot: number, code: number): void {
    this.#view.setUint8(slot * slotSizeBytes, code);
  }

  setRegisters(
    slot: number,
    { destination, source }: { destination: number; source: number },
  ): void {
    const registers = this.#isLittle ? destination | (source << 4) : (destination << 4) | source;
    this.#view.setUint8(slot * slotSizeBytes + 1, registers);
  }

  setSource(slot: number, source: number): void {
    this.setRegisters(slot, { destination: this.destination(slot), source });
  }

  setOffset(slot: number, offset: number): void {
    this.#view.setInt16(slot * slotSizeBytes + 2, offset, this.#isLittle);
  }

  /** Its low 32 bits. */
  setImmediate(slot: number, immediate: number): void {
    this.#view.setInt32(slot * slotSizeBytes + 4, immediate, this.#isLittle);
  }

  /** Whether the slot begins a load of 64 bits, whose second slot is there, too. */
  isWideLoad(slot: number): boolean {
    return slot + 1 < this.slotCount && this.opcode(slot) === wideLoad;
  }

  isCall(slot: number): boolean {
    return this.opcode(slot) === (opcode.BPF_JMP | opcode.BPF_CALL);
  }

  /** What a load of 64 bits loads. */
  wideImmediate(slot: number): bigint {
    const low = BigInt(this.immediate(slot) >>> 0);
    return (BigInt(this.immediate(slot + 1) >>> 0) << 32n) | low;
  }

  setWideImmediate(slot: number, value: bigint): void {
    this.setImmediate(slot, Number(BigInt.asIntN(32, value)));
    this.setImmediate(slot + 1, Number(BigInt.asIntN(32, value >> 32n)));
  }

  /** Puts a call of a helper that no kernel has in the slot's place: the verifier refuses it where it can be reached. */
  poison(slot: number, mark: number): void {
    this.setOpcode(slot, opcode.BPF_JMP | opcode.BPF_CALL);
    this.setRegisters(slot, { destination: 0, source: 0 });
    this.setOffset(slot, 0);
    this.setImmediate(slot, mark);
  }
}
