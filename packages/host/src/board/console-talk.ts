import { type ConnectError } from "../session/errors.js";
import { type Checksum } from "./checksum.js";
import { type ShellResult } from "./shell.js";

/** How one speaks with the shell of a console, line by line. */
export interface ConsoleTalk {
  /** For messages: "serial:/dev/ttyUSB0". */
  readonly name: string;
  /** What the board and we compare bytes with. Its shell function S prints it of what it reads. */
  readonly checksum: Checksum;
  /** What the longest line takes. */
  readonly lineMilliseconds: number;
  /** Sends a line that is run if it comes whole; else the board answers "bad". */
  write(line: string): void;
  /** Sends a line that answers by M and the id that it is given; again, until it is answered. Throws ConnectError. */
  ask(line: (id: number) => string, milliseconds?: number): Promise<string>;
  /** What M says next after the word, or "bad"; undefined when it says nothing, or nothing whole, in time. */
  answer(word: string, milliseconds: number): Promise<string | undefined>;
  /** Runs a script, once. Throws ConnectError. */
  run(script: string): Promise<ShellResult>;
  /** The error for a line that lets nothing through. */
  damaged(): ConnectError;
}
