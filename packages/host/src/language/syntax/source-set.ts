import { type Span } from "./span.js";

/** A file of a program's that another one names. */
export interface SourceFile {
  /** As messages name it; the same for the same file. */
  readonly path: string;
  readonly text: string;
}

/** Where the files are that programs import and include. */
export interface SourceFiles {
  /** What `import "name"` stands for in a file: itself, or all programs of a folder; `undefined` when there is none. */
  imported(name: string, from: string | undefined): readonly SourceFile[] | undefined;
  /** What `#include` names; `undefined` when there is none. */
  included(name: string, from: string | undefined): SourceFile | undefined;
}

/** The place of a file in the text of all. */
export interface SourceRegion {
  /** `undefined`: the program itself. */
  readonly path: string | undefined;
  readonly start: number;
  readonly end: number;
}

/** The texts of a program and of the files that it names, one behind the other: an offset tells the file, too. */
export class SourceSet {
  readonly #regions: SourceRegion[] = [];
  #text = "";

  constructor(program: string) {
    this.#add(undefined, program);
  }

  /** Of all files so far. */
  get text(): string {
    return this.#text;
  }

  /** Takes a file; `undefined` when it is there already. */
  add({ path, text }: SourceFile): SourceRegion | undefined {
    if (this.#regions.some((region) => region.path === path)) return undefined;
    return this.#add(path, text);
  }

  #add(path: string | undefined, text: string): SourceRegion {
    const start = this.#text.length;
    this.#text += `${text}\n`;
    const region = { path, start, end: start + text.length };
    this.#regions.push(region);
    return region;
  }

  /** The file that an offset is in. */
  regionAt(offset: number): SourceRegion | undefined {
    return this.#regions.findLast(({ start }) => start <= offset);
  }

  /** What a place is called in the file that it is in. */
  locate(
    span: Span,
  ): { readonly path: string; readonly text: string; readonly span: Span } | undefined {
    const region = this.regionAt(span.start);
    if (region?.path === undefined) return undefined;
    const { path, start, end } = region;
    const inFile = { start: span.start - start, end: Math.min(span.end, end) - start };
    return { path, text: this.#text.slice(start, end), span: inFile };
  }
}
