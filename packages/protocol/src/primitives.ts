import * as z from "zod/mini";

/** The shapes that messages are made of, each with its bound. */

export const bytes = (limit: number): z.ZodMiniType<Uint8Array, Uint8Array> =>
  z
    .custom<Uint8Array>((value) => value instanceof Uint8Array, "expected bytes")
    .check(z.refine((value) => value.length <= limit, `expected at most ${limit} bytes`));

export const text = (limit: number): z.ZodMiniString<string> =>
  z.string().check(z.maxLength(limit));

export const u32 = z.int().check(z.gte(0), z.lte(0xffff_ffff));

/** Always a bigint, on the wire too: msgpackr keeps the type. */
export const u64 = z.bigint().check(z.gte(0n), z.lte(0xffff_ffff_ffff_ffffn));
