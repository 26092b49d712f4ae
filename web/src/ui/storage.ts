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

export function forget(store: Storage, key: string): void {
  try {
    store.removeItem(`collabry.${key}`);
  } catch {
    // See above.
  }
}

/** Everything whose key begins like this. */
export function forgetAll(store: Storage, beginning: string): void {
  try {
    for (const key of Object.keys(store)) if (key.startsWith(`collabry.${beginning}`)) store.removeItem(key);
  } catch {
    // See above.
  }
}
