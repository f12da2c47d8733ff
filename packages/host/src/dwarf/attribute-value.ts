import { type ByteCursor } from "./byte-cursor.js";
import { forms } from "./constants.js";
import { DwarfError } from "./dwarf-error.js";

/** A number (also flags and addresses), a text, the offset of another entry in .debug_info, or an expression. */
export type AttributeValue =
  | { readonly kind: "number"; readonly value: bigint }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "entry"; readonly offset: number }
  | { readonly kind: "block"; readonly bytes: Uint8Array }
  /** In another file, or in a table that is not looked at. */
  | { readonly kind: "elsewhere" };

/** What of a unit its values are read by. */
export interface ValueContext {
  /** Of the unit's header in .debug_info. */
  readonly unitOffset: number;
  readonly offsetSizeBytes: 4 | 8;
  readonly addressSizeBytes: number;
  readonly version: number;
  /** A string of .debug_str or .debug_line_str by its offset. */
  readonly textAt: (section: "str" | "line_str", offset: number) => string;
  /** A string or an address of the unit's tables by its index. */
  readonly indexedText: (index: number) => string;
  readonly indexedAddress: (index: number) => bigint;
}

const number = (value: bigint | number): AttributeValue => ({
  kind: "number",
  value: BigInt(value),
});

/** Reads the value of an attribute by its form. */
export function readValue(
  cursor: ByteCursor,
  form: number,
  implicit: bigint,
  context: ValueContext,
): AttributeValue {
  const text = (value: string): AttributeValue => ({ kind: "text", value });
  const entry = (offset: number): AttributeValue => ({
    kind: "entry",
    offset: context.unitOffset + offset,
  });
  const block = (sizeBytes: number): AttributeValue => ({
    kind: "block",
    bytes: cursor.bytes(sizeBytes),
  });
  const elsewhere = (sizeBytes: number): AttributeValue => {
    cursor.skip(sizeBytes);
    return { kind: "elsewhere" };
  };
  switch (form) {
    case forms.address:
      return number(cursor.unsigned(context.addressSizeBytes));
    case forms.data1:
    case forms.flag:
      return number(cursor.u8());
    case forms.data2:
      return number(cursor.u16());
    case forms.data4:
      return number(cursor.u32());
    case forms.data8:
      return number(cursor.u64());
    case forms.data16:
      return block(16);
    case forms.sdata:
      return number(cursor.signedLeb());
    case forms.udata:
      return number(cursor.unsignedLeb());
    case forms.implicitConst:
      return number(implicit);
    case forms.flagPresent:
      return number(1);
    case forms.sectionOffset:
      return number(cursor.size(context.offsetSizeBytes));
    case forms.loclistx:
    case forms.rnglistx:
      cursor.unsignedLeb();
      return { kind: "elsewhere" };
    case forms.string:
      return text(cursor.text());
    case forms.strp:
      return text(context.textAt("str", cursor.size(context.offsetSizeBytes)));
    case forms.lineStrp:
      return text(context.textAt("line_str", cursor.size(context.offsetSizeBytes)));
    case forms.strx:
      return text(context.indexedText(cursor.count()));
    case forms.strx1:
      return text(context.indexedText(cursor.u8()));
    case forms.strx2:
      return text(context.indexedText(cursor.u16()));
    case forms.strx3:
      return text(context.indexedText(cursor.u24()));
    case forms.strx4:
      return text(context.indexedText(cursor.u32()));
    case forms.addrx:
      return number(context.indexedAddress(cursor.count()));
    case forms.addrx1:
      return number(context.indexedAddress(cursor.u8()));
    case forms.addrx2:
      return number(context.indexedAddress(cursor.u16()));
    case forms.addrx3:
      return number(context.indexedAddress(cursor.u24()));
    case forms.addrx4:
      return number(context.indexedAddress(cursor.u32()));
    case forms.ref1:
      return entry(cursor.u8());
    case forms.ref2:
      return entry(cursor.u16());
    case forms.ref4:
      return entry(cursor.u32());
    case forms.ref8:
      return entry(cursor.size(8));
    case forms.refUdata:
      return entry(cursor.count());
    case forms.refAddress: {
      // Version 2 had addresses there.
      const isAddress = context.version < 3 && context.addressSizeBytes === 8;
      return { kind: "entry", offset: cursor.size(isAddress ? 8 : context.offsetSizeBytes) };
    }
    case forms.block1:
      return block(cursor.u8());
    case forms.block2:
      return block(cursor.u16());
    case forms.block4:
      return block(cursor.u32());
    case forms.block:
    case forms.expression:
      return block(cursor.count());
    case forms.refSup4:
      return elsewhere(4);
    case forms.refSig8:
    case forms.refSup8:
      return elsewhere(8);
    case forms.strpSup:
    case forms.gnuRefAlt:
    case forms.gnuStrpAlt:
      return elsewhere(context.offsetSizeBytes);
    case forms.indirect:
      return readValue(cursor, cursor.count(), 0n, context);
    default:
      throw new DwarfError(
        `.debug_info, byte ${cursor.offset}: the form 0x${form.toString(16)} is not known`,
      );
  }
}
