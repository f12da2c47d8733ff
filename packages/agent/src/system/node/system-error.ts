/** The code of an error that Node threw ("ENOENT"), else the error as text. Works for errors of other realms too. */
export function errorCode(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  if ("code" in error && typeof error.code === "string") return error.code;
  return "message" in error ? String(error.message) : "unknown error";
}
