/** What `sonde-agent` ends with. */
export const exitCodes = {
  fine: 0,
  wrongCommandLine: 1,
  cannotListen: 2,
  unsupported: 3,
  /** Another agent serves the socket of --relay. */
  held: 4,
} as const;
