/** An option that a program takes: what it is without one, and what it is for. */
export interface ProgramOption {
  readonly value: bigint | string | boolean;
  readonly description: string | undefined;
}
