import * as z from "zod/mini";

/** The wire's name for one kernel object of one session; never a file descriptor. */
export const handle = z.int().check(z.gte(1), z.lte(0xffff_ffff)).brand<"Handle", "inout">();
export type Handle = z.infer<typeof handle>;

/**
 * Names a kernel object in a plan: by the handle an earlier reply gave, or by the zero-based index of an earlier
 * step of the same plan.
 */
export const reference = z.union([
  z.strictObject({ handle }),
  z.strictObject({ step: z.int().check(z.gte(0), z.lte(4095)) }),
]);
export type Reference = z.infer<typeof reference>;
