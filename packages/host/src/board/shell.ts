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
  /** Runs a script with bytes as its standard input. Throws ConnectError, and the signal's reason. */
  send(bytes: Uint8Array, script: string, options: SendOptions): Promise<ShellResult>;
}

export interface SendOptions {
  /** Hears how many bytes have gone so far. */
  readonly onSent: (sentBytes: number) => void;
  /** A folder on the board that may be made for them, and removed. */
  readonly spool: string;
  /** When it aborts nothing more is sent, and the script does not get to its end. */
  readonly signal?: AbortSignal | undefined;
}
