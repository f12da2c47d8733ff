import { slotSizeBytes } from "../asm/machine-code.js";
import { type ObjectFile, type ObjectFunction } from "./object-file.js";

/** The object's functions by where they are. */
export class FunctionTable {
  /** By section, in the order of their starts. */
  readonly #bySection = new Map<number, ObjectFunction[]>();
  /** Of several sections with one name the first, which is what information about the name is about. */
  readonly #sectionIndexes = new Map<string, number>();

  constructor({ functions }: ObjectFile) {
    for (const one of functions) {
      const others = this.#bySection.get(one.sectionIndex);
      if (others === undefined) this.#bySection.set(one.sectionIndex, [one]);
      else others.push(one);
      const first = this.#sectionIndexes.get(one.section) ?? one.sectionIndex;
      this.#sectionIndexes.set(one.section, Math.min(first, one.sectionIndex));
    }
    for (const list of this.#bySection.values()) list.sort((one, other) => one.start - other.start);
  }

  /** The function that begins at a slot of a section. */
  startingAt(sectionIndex: number, slot: number): ObjectFunction | undefined {
    const found = this.#lastFrom(sectionIndex, slot);
    return found?.start === slot ? found : undefined;
  }

  /** The function that has the instruction at a byte of the section of this name. */
  containing(section: string, offset: number): ObjectFunction | undefined {
    const sectionIndex = this.#sectionIndexes.get(section);
    const slot = offset / slotSizeBytes;
    if (sectionIndex === undefined) return undefined;
    const found = this.#lastFrom(sectionIndex, slot);
    if (found === undefined || slot >= found.start + found.code.length / slotSizeBytes) {
      return undefined;
    }
    return found;
  }

  /** Whether information about the name of the function's section is about its section. */
  isNamed({ section, sectionIndex }: ObjectFunction): boolean {
    return this.#sectionIndexes.get(section) === sectionIndex;
  }

  /** The first of the last functions that begin at the slot or before it. */
  #lastFrom(sectionIndex: number, slot: number): ObjectFunction | undefined {
    const list = this.#bySection.get(sectionIndex) ?? [];
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((list[middle]?.start ?? 0) <= slot) low = middle + 1;
      else high = middle;
    }
    const start = list[low - 1]?.start;
    while (low > 1 && list[low - 2]?.start === start) low--;
    return list[low - 1];
  }
}
