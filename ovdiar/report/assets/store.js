// What the browser keeps for this page, where it lets us: it may refuse.

export function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(`ovdiar:${key}`));
  } catch {
    return null;
  }
}

// Tells whether it was kept.
export function keep(key, value) {
  try {
    if (value === null) localStorage.removeItem(`ovdiar:${key}`);
    else localStorage.setItem(`ovdiar:${key}`, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}
