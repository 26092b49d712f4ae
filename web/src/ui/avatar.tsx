/** A person's initials on a colour that is always theirs. They are drawn by the style, as they are no part of a name that is read out. */
export function Avatar({ id, name, present }: { id: string; name: string; present?: boolean }) {
  const initials = name.split(/\s+/).slice(0, 2).map((word) => Array.from(word)[0] ?? "").join("").toUpperCase();
  return (
    <span class={present ? "avatar present" : "avatar"} style={{ "--hue": String(hue(id)) }} data-text={initials} aria-hidden="true" />
  );
}

function hue(id: string): number {
  // FNV-1a: ids that differ in one digit get colours that differ.
  let hash = 0x811c9dc5;
  for (const char of id) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash % 360;
}
