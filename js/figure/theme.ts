/**
 * Light or dark, and the greys that go with it.
 *
 * "auto" asks, in this order: JupyterLab, the colour behind the figure, VS Code, and what the page
 * declares with `color-scheme`. VS Code comes after the backdrop because it gives widgets a white
 * one, also in its dark themes. A reader who forces colours is followed whatever was asked for.
 * The greys themselves are CSS variables (tokenviz.css), so that a host's own variables can shine
 * through; the canvas reads them from the root's computed style.
 */

import type { Theme } from "../canvas/theme.ts";
import { luminance } from "../color/contrast.ts";
import { h } from "../dom.ts";

export type ThemeChoice = "auto" | "light" | "dark";

/** Attributes by which hosts announce a change of theme. */
const HOST_ATTRIBUTES = [
  ...["class", "style", "theme", "data-theme"],
  ...["data-jp-theme-light", "data-jp-theme-name"],
];

/** Media that change the greys, besides the host's attributes. */
const MEDIA = ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"];
const FORCED = "(forced-colors: active)";

export function isDark(element: Element, choice: ThemeChoice): boolean {
  if (matchMedia(FORCED).matches) return isDarkColor(resolved(element, "Canvas"));
  if (choice !== "auto") return choice === "dark";
  const { body } = element.ownerDocument;
  const jupyter = body.dataset.jpThemeLight;
  if (jupyter !== undefined) return jupyter === "false";
  return backdropIsDark(element) ?? vscodeIsDark(body.classList) ?? declaredDark(element);
}

/** In VS Code's words; a light theme of high contrast carries the classes of a dark one, too. */
function vscodeIsDark(classes: DOMTokenList): boolean | null {
  if (classes.contains("vscode-light")) return false;
  if (classes.contains("vscode-high-contrast-light")) return false;
  if (classes.contains("vscode-dark") || classes.contains("vscode-high-contrast")) return true;
  return null;
}

/** Does the reader, or the host's theme, ask for more contrast than is usual? */
function wantsContrast({ ownerDocument: { body } }: Element): boolean {
  return (
    matchMedia("(prefers-contrast: more)").matches ||
    body.classList.contains("vscode-high-contrast") ||
    body.classList.contains("vscode-high-contrast-light") ||
    /high.?contrast/i.test(body.dataset.jpThemeName ?? "")
  );
}

/** Is the nearest opaque background behind the element dark? null when there is none. */
function backdropIsDark(element: Element): boolean | null {
  let ancestor = element.parentElement;
  while (ancestor !== null) {
    const color = getComputedStyle(ancestor).backgroundColor;
    const [, , , alpha = 1] = channels(color);
    if (alpha > 0.5) return isDarkColor(color);
    ancestor = ancestor.parentElement;
  }
  return null;
}

function isDarkColor(color: string): boolean {
  const [r = 0, g = 0, b = 0] = channels(color);
  return luminance([r, g, b]) < 0.18;
}

function channels(color: string): number[] {
  return (color.match(/[\d.]+/g) ?? []).map(Number);
}

/** A colour as the browser shows it on this element: one of the system is known to it alone. */
function resolved(element: Element, color: string): string {
  const probe = h("span", { class: "tokenviz-probe" });
  probe.style.color = color;
  element.append(probe);
  const seen = getComputedStyle(probe).color;
  probe.remove();
  return seen;
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
  root.toggleAttribute("data-tokenviz-contrast", wantsContrast(root));
  const style = getComputedStyle(root);
  const color = (name: string) => {
    const value = style.getPropertyValue(`--tokenviz-${name}`).trim();
    return value.startsWith("#") ? value : resolved(root, value);
  };
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
  for (const query of [...MEDIA, FORCED]) {
    matchMedia(query).addEventListener("change", callback, { signal });
  }
}
