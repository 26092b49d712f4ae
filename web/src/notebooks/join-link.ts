/** In the fragment, which browsers send to nobody: the code stays out of the logs on its way. */
export function joinLink(code: string): string {
  return `${location.origin}/join#${code}`;
}
