import * as z from "zod/mini";

/** The shapes that messages are made of, each with its bound. */

const anyBytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, "expected bytes");

export const bytes = (limit: number): z.ZodMiniType<Uint8Array, Uint8Array> =>
  anyBytes.check(z.maxLength(limit));

export const exactBytes = (length: number): z.ZodMiniType<Uint8Array, Uint8Array> =>
  anyBytes.check(z.length(length));

export const text = (limit: number): z.ZodMiniString<string> =>
  z.string().check(z.maxLength(limit));

export const u16 = z.int().check(z.gte(0), z.lte(0xffff));

export const u32 = z.int().check(z.gte(0), z.lte(0xffff_ffff));

/** Always a bigint, on the wire too, in 64 bits. */
export const u64 = z.bigint().check(z.gte(0n), z.lte(0xffff_ffff_ffff_ffffn));
