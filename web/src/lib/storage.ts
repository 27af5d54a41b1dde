// Values that this browser keeps for the page. If the browser forbids storage, a value lasts until the page is closed.

export function stored_value(key: string): string | null {
  try {
    return localStorage.getItem(`gensetd.${key}`);
  } catch {
    return null;
  }
}

export function store_value(key: string, value: string): void {
  try {
    localStorage.setItem(`gensetd.${key}`, value);
  } catch {
    // storage is forbidden
  }
}
