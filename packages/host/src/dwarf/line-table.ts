import { readValue, type ValueContext } from "./attribute-value.js";
import { ByteCursor } from "./byte-cursor.js";
import { type DebugSections, readInitialLength } from "./debug-entries.js";

/** Where the code of a line of a source file begins. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly address: bigint;
}

/** DW_LNCT_* of file tables, DW_LNS_* and DW_LNE_* of programs. */
const contents = { path: 1, directoryIndex: 2 } as const;

interface LineHeader {
  readonly files: readonly string[];
  readonly programEnd: number;
  readonly minimumInstructionBytes: number;
  readonly defaultIsStatement: boolean;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  readonly operandCounts: readonly number[];
}

/** A row of a line program: code from its address on is of this line, until the next row's. */
export interface LineRow extends SourceLine {
  readonly isStatement: boolean;
  /** No code of this sequence is at this address any more. */
  readonly endsSequence: boolean;
}

/** What line programs are read from. */
export type LineSections = Pick<DebugSections, "byteOrder" | "line" | "lineStr" | "str">;

/** The places of all lines that are statements, in the order of .debug_line; the file of each as its unit calls it. Throws DwarfError. */
export function* readLines(sections: LineSections): Generator<SourceLine> {
  for (const { isStatement, endsSequence, file, line, column, address } of readLineRows(sections)) {
    if (isStatement && !endsSequence) yield { file, line, column, address };
  }
}

/** All rows, in the order of .debug_line. Throws DwarfError. */
export function* readLineRows(sections: LineSections): Generator<LineRow> {
  const cursor = new ByteCursor(".debug_line", sections.line, sections.byteOrder);
  while (!cursor.isAtEnd) {
    const header = readHeader(cursor, sections);
    yield* runProgram(cursor, header);
    cursor.offset = header.programEnd;
  }
}

function readHeader(cursor: ByteCursor, sections: LineSections): LineHeader {
  const { sizeBytes, offsetSizeBytes } = readInitialLength(cursor);
  const programEnd = cursor.offset + sizeBytes;
  const version = cursor.u16();
  // Sizes of addresses and of selectors.
  if (version >= 5) cursor.skip(2);
  const headerSize = cursor.size(offsetSizeBytes);
  const programAt = cursor.offset + headerSize;
  const minimumInstructionBytes = cursor.u8();
  if (version >= 4) cursor.u8();
  const defaultIsStatement = cursor.u8() !== 0;
  const lineBase = cursor.i8();
  const lineRange = cursor.u8();
  if (lineRange === 0) throw cursor.error("a line program without a range of lines");
  const opcodeBase = cursor.u8();
  const operandCounts = Array.from({ length: opcodeBase - 1 }, () => cursor.u8());
  const files =
    version >= 5 ? readTables(cursor, sections, offsetSizeBytes) : readOlderTables(cursor);
  cursor.offset = programAt;
  return {
    ...{ files, programEnd, minimumInstructionBytes, defaultIsStatement },
    ...{ lineBase, lineRange, opcodeBase, operandCounts },
  };
}

/** Until version 4: lists that an empty name ends; files are counted from 1. */
function readOlderTables(cursor: ByteCursor): readonly string[] {
  const directories = [""];
  for (let name = cursor.text(); name !== ""; name = cursor.text()) directories.push(name);
  const files = [""];
  for (let name = cursor.text(); name !== ""; name = cursor.text()) {
    const directory = directories[cursor.count()] ?? "";
    cursor.count();
    cursor.count();
    files.push(inDirectory(directory, name));
  }
  return files;
}

function readTables(
  cursor: ByteCursor,
  sections: LineSections,
  offsetSizeBytes: 4 | 8,
): readonly string[] {
  const directories = readTable(cursor, sections, offsetSizeBytes).map(({ path }) => path);
  return readTable(cursor, sections, offsetSizeBytes).map(({ path, directory }) =>
    inDirectory(directories[directory] ?? "", path),
  );
}

function readTable(
  cursor: ByteCursor,
  sections: LineSections,
  offsetSizeBytes: 4 | 8,
): { readonly path: string; readonly directory: number }[] {
  const formats = Array.from({ length: cursor.u8() }, () => [cursor.count(), cursor.count()]);
  const context: ValueContext = {
    ...{ unitOffset: 0, offsetSizeBytes, addressSizeBytes: 8, version: 5 },
    textAt: (section, offset) => {
      const bytes = section === "str" ? sections.str : sections.lineStr;
      return new ByteCursor(`.debug_${section}`, bytes, sections.byteOrder, offset).text();
    },
    indexedText: () => "",
    indexedAddress: () => 0n,
  };
  const entries: { readonly path: string; readonly directory: number }[] = [];
  for (let left = cursor.count(); left > 0; left -= 1) {
    const start = cursor.offset;
    let path = "";
    let directory = 0;
    for (const [content, form] of formats) {
      const value = readValue(cursor, form ?? 0, 0n, context);
      if (content === contents.path && value.kind === "text") path = value.value;
      if (content === contents.directoryIndex && value.kind === "number") {
        directory = Number(value.value);
      }
    }
    // There could be any number of these.
    if (cursor.offset === start) throw cursor.error("a table of empty entries");
    entries.push({ path, directory });
  }
  return entries;
}

function inDirectory(directory: string, name: string): string {
  return name.startsWith("/") || directory === "" ? name : `${directory}/${name}`;
}

function* runProgram(cursor: ByteCursor, header: LineHeader): Generator<LineRow> {
  const { lineBase, lineRange, opcodeBase, minimumInstructionBytes } = header;
  const start = {
    ...{ address: 0n, file: 1, line: 1, column: 0 },
    isStatement: header.defaultIsStatement,
  };
  let row = { ...start };
  const advance = (count: bigint): void => {
    row.address += count * BigInt(minimumInstructionBytes);
  };
  const here = (endsSequence = false): LineRow => {
    const { line, column, address, isStatement } = row;
    const file = header.files[row.file] ?? "";
    return { file, line, column, address, isStatement, endsSequence };
  };
  while (cursor.offset < header.programEnd) {
    const opcode = cursor.u8();
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase;
      advance(BigInt(Math.floor(adjusted / lineRange)));
      row.line += lineBase + (adjusted % lineRange);
      yield here();
      continue;
    }
    switch (opcode) {
      case 0: {
        const sizeBytes = cursor.count();
        const end = cursor.offset + sizeBytes;
        const extended = cursor.u8();
        if (extended === 1) {
          yield here(true);
          row = { ...start };
        }
        if (extended === 2) row.address = cursor.unsigned(sizeBytes - 1);
        cursor.offset = end;
        break;
      }
      case 1:
        yield here();
        break;
      case 2:
        advance(cursor.unsignedLeb());
        break;
      case 3:
        row.line += Number(cursor.signedLeb());
        break;
      case 4:
        row.file = cursor.count();
        break;
      case 5:
        row.column = cursor.count();
        break;
      case 6:
        row.isStatement = !row.isStatement;
        break;
      case 8:
        advance(BigInt(Math.floor((255 - opcodeBase) / lineRange)));
        break;
      case 9:
        row.address += BigInt(cursor.u16());
        break;
      default:
        for (let left = header.operandCounts[opcode - 1] ?? 0; left > 0; left -= 1) {
          cursor.unsignedLeb();
        }
    }
  }
}
