/** This program's version, as in package.json (held to it by a test). */
export const hostVersion = "0.1.0";
