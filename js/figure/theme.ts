/**
 * Light or dark, and the greys that go with it.
 *
 * "auto" asks, in this order: JupyterLab, VS Code, the colour behind the figure, and what the page
 * declares with `color-scheme`. The greys themselves are CSS variables (tokenviz.css), so that a
 * host's own variables can shine through; the canvas reads them from the root's computed style.
 */

import { luminance } from "../color/contrast.ts";
import type { Theme } from "./drawing.ts";

export type ThemeChoice = "auto" | "light" | "dark";

/** Attributes by which hosts announce a change of theme. */
const HOST_ATTRIBUTES = ["class", "style", "theme", "data-theme", "data-jp-theme-light"];

export function isDark(element: Element, choice: ThemeChoice): boolean {
  if (choice !== "auto") return choice === "dark";
  const { body } = element.ownerDocument;
  const jupyter = body.dataset.jpThemeLight;
  if (jupyter !== undefined) return jupyter === "false";
  if (/\bvscode-(dark|high-contrast)\b/.test(body.className)) return true;
  if (/\bvscode-light\b/.test(body.className)) return false;
  return backdropIsDark(element) ?? declaredDark(element);
}

/** Is the nearest opaque background behind the element dark? null when there is none. */
function backdropIsDark(element: Element): boolean | null {
  let ancestor = element.parentElement;
  while (ancestor !== null) {
    const [r = 0, g = 0, b = 0, alpha = 1] = (
      getComputedStyle(ancestor).backgroundColor.match(/[\d.]+/g) ?? []
    ).map(Number);
    if (alpha > 0.5) return luminance([r, g, b]) < 0.18;
    ancestor = ancestor.parentElement;
  }
  return null;
}

/** What `light-dark()` would choose here. */
function declaredDark(element: Element): boolean {
  // The parent's: the figure declares a scheme of its own, which follows from this very answer.
  const { colorScheme } = getComputedStyle(element.parentElement ?? element);
  if (!colorScheme.includes("dark")) return false;
  return !colorScheme.includes("light") || matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Sets the root's theme attributes and reads the greys. */
export function applyTheme(root: HTMLElement, choice: ThemeChoice): Theme {
  const dark = isDark(root, choice);
  root.dataset.tokenvizTheme = dark ? "dark" : "light";
  root.toggleAttribute("data-tokenviz-auto", choice === "auto");
  const style = getComputedStyle(root);
  const color = (name: string) => style.getPropertyValue(`--tokenviz-${name}`).trim();
  return {
    dark,
    background: color("background"),
    foreground: color("foreground"),
    muted: color("muted"),
    hairline: color("hairline"),
    accent: color("accent"),
  };
}

/** Calls back when the host or the system may have changed its theme. */
export function watchTheme(element: Element, callback: () => void, signal: AbortSignal): void {
  const observer = new MutationObserver(callback);
  const { body, documentElement } = element.ownerDocument;
  for (const host of [documentElement, body]) {
    observer.observe(host, { attributes: true, attributeFilter: HOST_ATTRIBUTES });
  }
  signal.addEventListener("abort", () => observer.disconnect());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", callback, { signal });
}
