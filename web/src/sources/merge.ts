import type { Source } from "../realtime/types";
import { plainName } from "../ui/plain-name";

/** The newer of what is known and what has come, in the order in which they were added. */
export function merge(known: readonly Source[], arrived: Source): Source[] {
  const come = named(arrived);
  const old = known.find((source) => source.id === come.id);
  if (old === undefined) return [...known, come].sort(byAge);
  if (isOlder(come, old)) return [...known];
  return known.map((source) => (source.id === come.id ? come : source));
}

/** A list as the server read it, without taking any source back to an earlier state. */
export function replace(known: readonly Source[], read: readonly Source[]): Source[] {
  const byId = new Map(known.map((source) => [source.id, source]));
  const newest = read.map(named).map((source) => {
    const old = byId.get(source.id);
    return old !== undefined && isOlder(source, old) ? old : source;
  });
  return newest.sort(byAge);
}

const named = (source: Source): Source => ({ ...source, name: plainName(source.name) });

/** Times are compared as times: as texts, 37.82 comes after 37.824. */
function byAge(a: Source, b: Source): number {
  return Date.parse(a.createdAt) - Date.parse(b.createdAt) || (a.id < b.id ? -1 : 1);
}

/** Whether `a` is an earlier state than `b` of the same source. */
function isOlder(a: Source, b: Source): boolean {
  if (a.latest.version !== b.latest.version) return a.latest.version < b.latest.version;
  return Date.parse(a.latest.updatedAt) < Date.parse(b.latest.updatedAt);
}
