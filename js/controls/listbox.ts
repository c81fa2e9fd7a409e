/** Where a key leads in a list of names; null when it leads nowhere. */
export function nextOption(names: readonly string[], active: number, key: string): number | null {
  const last = names.length - 1;
  switch (key) {
    case "ArrowDown":
      return Math.min(last, active + 1);
    case "ArrowUp":
      return Math.max(0, active - 1);
    case "Home":
      return 0;
    case "End":
      return last;
    default:
      return key.length === 1 ? startingWith(names, active, key) : null;
  }
}

/** The next name after the active one that starts with a letter, around the end. */
function startingWith(names: readonly string[], active: number, letter: string): number | null {
  for (let i = 1; i <= names.length; i++) {
    const at = (active + i) % names.length;
    if (names[at].toLowerCase().startsWith(letter.toLowerCase())) return at;
  }
  return null;
}
