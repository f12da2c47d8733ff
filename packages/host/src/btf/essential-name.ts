/**
 * A name without its flavour: "task_struct" of "task_struct___old". A flavour comes after the last three underscores that
 * stand alone; types of one essential name are candidates for each other.
 */
export function essentialName(name: string): string {
  return /^(.*[^_])___[^_]/s.exec(name)?.[1] ?? name;
}
