import { readAbbreviations, type Abbreviation } from "./abbreviations.js";
import { readValue, type AttributeValue, type ValueContext } from "./attribute-value.js";
import { ByteCursor } from "./byte-cursor.js";
import { attributes } from "./constants.js";
import { DwarfError } from "./dwarf-error.js";

/** The sections that debug information is read from; what a file lacks is empty. */
export interface DebugSections {
  readonly byteOrder: "little" | "big";
  readonly info: Uint8Array;
  readonly abbrev: Uint8Array;
  readonly str: Uint8Array;
  readonly lineStr: Uint8Array;
  readonly strOffsets: Uint8Array;
  readonly addr: Uint8Array;
  readonly line: Uint8Array;
}

/** Reads them by their names in an ELF file; undefined, and nothing else is read, when there is no debug information. */
export async function readDebugSections(
  byteOrder: "little" | "big",
  read: (name: string) => Promise<Uint8Array>,
): Promise<DebugSections | undefined> {
  const info = await read(".debug_info");
  if (info.length === 0) return undefined;
  return {
    byteOrder,
    info,
    abbrev: await read(".debug_abbrev"),
    str: await read(".debug_str"),
    lineStr: await read(".debug_line_str"),
    strOffsets: await read(".debug_str_offsets"),
    addr: await read(".debug_addr"),
    line: await read(".debug_line"),
  };
}

/** An entry of .debug_info. */
export interface DebugEntry {
  readonly offset: number;
  readonly tag: number;
  readonly hasChildren: boolean;
  /** How deep it stands; the unit itself is 0. */
  readonly depth: number;
  readonly values: ReadonlyMap<number, AttributeValue>;
}

/** A compilation unit. */
export interface DebugUnit {
  readonly entriesAt: number;
  readonly end: number;
  readonly addressSizeBytes: number;
  readonly abbreviations: ReadonlyMap<number, Abbreviation>;
  readonly context: ValueContext;
}

/** Reads entries of .debug_info one by one. Throws DwarfError. */
export class DebugEntries {
  readonly units: readonly DebugUnit[];
  readonly #sections: DebugSections;

  constructor(sections: DebugSections) {
    this.#sections = sections;
    this.units = this.#readUnits();
  }

  /** The entry at an offset of the section, with its unit. */
  at(offset: number): { readonly entry: DebugEntry; readonly unit: DebugUnit } {
    const unit = this.units.find(({ entriesAt, end }) => offset >= entriesAt && offset < end);
    if (unit === undefined) throw new DwarfError(`.debug_info has no unit at byte ${offset}`);
    for (const entry of this.walk(unit, offset)) return { entry, unit };
    throw new DwarfError(`.debug_info has no entry at byte ${offset}`);
  }

  /** The entries right below one. */
  *children(unit: DebugUnit, parent: DebugEntry): Generator<DebugEntry> {
    if (!parent.hasChildren) return;
    let isFirst = true;
    for (const entry of this.walk(unit, parent.offset)) {
      if (isFirst) isFirst = false;
      else if (entry.depth === 0) return;
      else if (entry.depth === 1) yield entry;
    }
  }

  /** All entries of a unit from an offset on, which is at depth 0, in order. */
  *walk(unit: DebugUnit, from = unit.entriesAt): Generator<DebugEntry> {
    const cursor = this.#cursor(".debug_info", this.#sections.info, from);
    let depth = 0;
    while (cursor.offset < unit.end) {
      const { offset } = cursor;
      const code = cursor.count();
      if (code === 0) {
        depth -= 1;
        if (depth <= 0) return;
        continue;
      }
      const abbreviation = unit.abbreviations.get(code);
      if (abbreviation === undefined) {
        throw new DwarfError(`.debug_info, byte ${offset}: there is no abbreviation ${code}`);
      }
      const values = new Map<number, AttributeValue>();
      for (const { attribute, form, implicit } of abbreviation.attributes) {
        values.set(attribute, readValue(cursor, form, implicit, unit.context));
      }
      const { tag, hasChildren } = abbreviation;
      yield { offset, tag, hasChildren, depth, values };
      if (hasChildren) depth += 1;
      else if (depth === 0) return;
    }
  }

  #readUnits(): readonly DebugUnit[] {
    const units: DebugUnit[] = [];
    const cursor = this.#cursor(".debug_info", this.#sections.info, 0);
    const tables = new Map<number, ReadonlyMap<number, Abbreviation>>();
    while (!cursor.isAtEnd) {
      const unitOffset = cursor.offset;
      const { sizeBytes, offsetSizeBytes } = readInitialLength(cursor);
      const end = cursor.offset + sizeBytes;
      const version = cursor.u16();
      if (version < 2 || version > 5) {
        throw new DwarfError(`.debug_info, byte ${unitOffset}: DWARF of version ${version}`);
      }
      const unitType = version >= 5 ? cursor.u8() : 1;
      const early = version >= 5 ? cursor.u8() : undefined;
      const abbreviationsAt = cursor.size(offsetSizeBytes);
      const addressSizeBytes = early ?? cursor.u8();
      // DW_UT_skeleton, DW_UT_split_compile; DW_UT_type, DW_UT_split_type.
      if (unitType === 4 || unitType === 5) cursor.skip(8);
      if (unitType === 2 || unitType === 6) cursor.skip(8 + offsetSizeBytes);
      let abbreviations = tables.get(abbreviationsAt);
      if (abbreviations === undefined) {
        abbreviations = readAbbreviations(
          this.#cursor(".debug_abbrev", this.#sections.abbrev, abbreviationsAt),
        );
        tables.set(abbreviationsAt, abbreviations);
      }
      const entriesAt = cursor.offset;
      const format = { unitOffset, offsetSizeBytes, addressSizeBytes, version };
      units.push({
        ...{ entriesAt, end, addressSizeBytes, abbreviations },
        context: this.#contextOf(format, abbreviations, entriesAt),
      });
      cursor.offset = end;
    }
    return units;
  }

  /** The bases of a unit's tables stand in its first entry, perhaps behind values that need them: these are "" or 0 then. */
  #contextOf(
    format: Pick<ValueContext, "unitOffset" | "offsetSizeBytes" | "addressSizeBytes" | "version">,
    abbreviations: ReadonlyMap<number, Abbreviation>,
    entriesAt: number,
  ): ValueContext {
    const { offsetSizeBytes, addressSizeBytes } = format;
    const bases = { strings: 0, addresses: 0 };
    const { byteOrder, str, lineStr, strOffsets, addr } = this.#sections;
    const context: ValueContext = {
      ...format,
      textAt: (section, offset) =>
        this.#cursor(`.debug_${section}`, section === "str" ? str : lineStr, offset).text(),
      indexedText: (index) => {
        if (bases.strings === 0) return "";
        const at = bases.strings + index * offsetSizeBytes;
        const entry = new ByteCursor(".debug_str_offsets", strOffsets, byteOrder, at);
        return context.textAt("str", entry.size(offsetSizeBytes));
      },
      indexedAddress: (index) => {
        if (bases.addresses === 0) return 0n;
        const at = bases.addresses + index * addressSizeBytes;
        return new ByteCursor(".debug_addr", addr, byteOrder, at).unsigned(addressSizeBytes);
      },
    };
    const cursor = this.#cursor(".debug_info", this.#sections.info, entriesAt);
    for (const { attribute, form, implicit } of abbreviations.get(cursor.count())?.attributes ??
      []) {
      const value = readValue(cursor, form, implicit, context);
      if (value.kind !== "number") continue;
      if (attribute === attributes.stringOffsetsBase) bases.strings = Number(value.value);
      if (attribute === attributes.addressBase) bases.addresses = Number(value.value);
    }
    return context;
  }

  #cursor(name: string, bytes: Uint8Array, offset: number): ByteCursor {
    return new ByteCursor(name, bytes, this.#sections.byteOrder, offset);
  }
}

/** The length of what follows, and how large offsets in it are. */
export function readInitialLength(cursor: ByteCursor): {
  readonly sizeBytes: number;
  readonly offsetSizeBytes: 4 | 8;
} {
  const first = cursor.u32();
  return first === 0xffff_ffff
    ? { sizeBytes: cursor.size(8), offsetSizeBytes: 8 }
    : { sizeBytes: first, offsetSizeBytes: 4 };
}
