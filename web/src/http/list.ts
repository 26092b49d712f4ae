import { api } from "./client";

/** Every item of a list, page by page; `key` is the field that has them. */
export async function all<T>(path: string, key: string): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null | undefined;
  do {
    const page: Record<string, unknown> = await api("GET", cursor ? `${path}${path.includes("?") ? "&" : "?"}cursor=${cursor}` : path);
    items.push(...(page[key] as T[]));
    cursor = page["next"] as string | null | undefined;
  } while (cursor);
  return items;
}
