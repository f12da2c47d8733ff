/** "0x7f3320b88829". */
export function formatAddress(address: bigint): string {
  return `0x${BigInt.asUintN(64, address).toString(16)}`;
}
