import { type ByteCursor } from "./byte-cursor.js";
import { forms } from "./constants.js";

/** What entries with one code have in common: .debug_abbrev. */
export interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly attributes: readonly AttributeForm[];
}

export interface AttributeForm {
  readonly attribute: number;
  readonly form: number;
  /** The value itself, of DW_FORM_implicit_const. */
  readonly implicit: bigint;
}

/** A unit's table of abbreviations, by their codes. */
export function readAbbreviations(cursor: ByteCursor): ReadonlyMap<number, Abbreviation> {
  const table = new Map<number, Abbreviation>();
  for (let code = cursor.count(); code !== 0; code = cursor.count()) {
    const tag = cursor.count();
    const hasChildren = cursor.u8() !== 0;
    const attributes: AttributeForm[] = [];
    for (;;) {
      const attribute = cursor.count();
      const form = cursor.count();
      const implicit = form === forms.implicitConst ? cursor.signedLeb() : 0n;
      if (attribute === 0 && form === 0) break;
      attributes.push({ attribute, form, implicit });
    }
    table.set(code, { tag, hasChildren, attributes });
  }
  return table;
}
