/** What a script came to. */
export interface ShellResult {
  readonly code: number;
  readonly output: string;
  /** Standard error; "" where it cannot be told from the output. */
  readonly errors: string;
}

/** A shell on a board, that of busybox or more. */
export interface Shell extends AsyncDisposable {
  /** For messages: "ssh://root@board". */
  readonly name: string;
  /** Runs a script of sh. Throws ConnectError when the board is not reached. */
  run(script: string): Promise<ShellResult>;
  /**
   * Runs a script with bytes as its standard input. `onSent` hears how many have gone so far. `spool`: a folder on the board
   * that may be made for them, and removed. Throws ConnectError.
   */
  send(
    bytes: Uint8Array,
    script: string,
    onSent: (sentBytes: number) => void,
    spool: string,
  ): Promise<ShellResult>;
}
