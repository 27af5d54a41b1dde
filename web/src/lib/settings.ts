// What this browser remembers. Where storage is forbidden, nothing is, and the page works all the same.

export function remembered(key: string): string | null {
  try {
    return localStorage.getItem(`gensetd.${key}`);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`gensetd.${key}`, value);
  } catch {
    // as long as the page lives
  }
}
