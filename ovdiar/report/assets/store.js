// Browser storage for this page; the browser may deny access.

export function loadItem(key) {
  try {
    return JSON.parse(localStorage.getItem(`ovdiar:${key}`));
  } catch {
    return null;
  }
}

// Returns whether the value was stored.
export function storeItem(key, value) {
  try {
    if (value === null) localStorage.removeItem(`ovdiar:${key}`);
    else localStorage.setItem(`ovdiar:${key}`, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}
