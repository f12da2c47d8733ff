/** What we use of the entry without `new Function`, which has no types of its own. */
declare module "msgpackr/index-no-eval" {
  export class Packr {
    constructor(options: {
      readonly useRecords: false;
      readonly variableMapSize: true;
      readonly skipValues: readonly unknown[];
      readonly int64AsType: "bigint";
    });
    /** With RESET_BUFFER_MODE the result stands in a buffer that the next call writes over. */
    pack(value: unknown, mode?: number): Uint8Array;
    unpack(bytes: Uint8Array): unknown;
    /** The buffer to pack into: of the class that `pack` with REUSE_BUFFER_MODE gives. */
    useBuffer(buffer: Uint8Array): void;
  }
  export const REUSE_BUFFER_MODE: number;
  export const RESET_BUFFER_MODE: number;
}
