/** Sets of flags that have names of their own, the largest first (include/linux/gfp_types.h). */
const sets: readonly (readonly [number, string])[] = [
  [0x21c_24ca, "GFP_TRANSHUGE"],
  [0x21c_20ca, "GFP_TRANSHUGE_LIGHT"],
  [0x210_0cca, "GFP_HIGHUSER_MOVABLE"],
  [0x10_0cc2, "GFP_HIGHUSER"],
  [0x10_0cc0, "GFP_USER"],
  [0x40_0cc0, "GFP_KERNEL_ACCOUNT"],
  [0xcc0, "GFP_KERNEL"],
  [0xc40, "GFP_NOFS"],
  [0x820, "GFP_ATOMIC"],
  [0xc00, "GFP_NOIO"],
  [0x1, "GFP_DMA"],
  [0x4, "GFP_DMA32"],
];

/** By bit, as they are since Linux 5.x. */
const flags: readonly string[] = (
  "DMA HIGHMEM DMA32 MOVABLE RECLAIMABLE HIGH IO FS ZERO - DIRECT_RECLAIM KSWAPD_RECLAIM WRITE NOWARN RETRY_MAYFAIL " +
  "NOFAIL NORETRY MEMALLOC COMP NOMEMALLOC HARDWALL THISNODE ACCOUNT ZEROTAGS SKIP_ZERO SKIP_KASAN NO_OBJ_EXT"
).split(" ");

/** The names of flags that memory is allocated with, as the kernel's %pGg writes them: "GFP_KERNEL|__GFP_ZERO". */
export function formatAllocationFlags(value: bigint): string {
  let rest = BigInt.asUintN(64, value);
  if (rest === 0n) return "0";
  const names: string[] = [];
  const take = (bits: bigint, name: string): void => {
    if ((rest & bits) !== bits) return;
    names.push(name);
    rest &= ~bits;
  };
  for (const [bits, name] of sets) take(BigInt(bits), name);
  flags.forEach((name, bit) => {
    if (name !== "-") take(1n << BigInt(bit), `__GFP_${name}`);
  });
  if (rest !== 0n) names.push(`0x${rest.toString(16)}`);
  return names.join("|");
}
