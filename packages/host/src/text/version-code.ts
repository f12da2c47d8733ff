/** KERNEL_VERSION(a, b, c) of "6.1.55-rc3" (include/generated/uapi/linux/version.h); the last part has 8 bits. */
export function versionCode(release: string): number {
  const [, major, minor, patch = "0"] = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(release) ?? [];
  return Number(major ?? 0) * 65_536 + Number(minor ?? 0) * 256 + Math.min(255, Number(patch));
}
