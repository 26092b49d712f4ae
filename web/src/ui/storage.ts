/** Small things worth keeping between visits. Storage may be full or switched off: then nothing is kept. */
export function recall<T>(store: Storage, key: string, fallback: T): T {
  try {
    const text = store.getItem(`collabry.${key}`);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

export function remember(store: Storage, key: string, value: unknown): void {
  try {
    store.setItem(`collabry.${key}`, JSON.stringify(value));
  } catch {
    // See above.
  }
}
