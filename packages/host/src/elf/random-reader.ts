/**
 * Reads a file's bytes from `offset`, at most `length` of them; fewer at the end of the file, none beyond it. It may
 * stand for a file on the far side of a slow line: ask for little.
 */
export type RandomReader = (offset: number, length: number) => Promise<Uint8Array>;
