/**
 * The branches as a tree: where one is, what else was written, what was set aside.
 *
 * One stop of the Tab key; the arrows walk, Enter shows, F2 renames, `c` puts one beside the one on
 * show. Each row says its name, its first words, and how probable it is.
 */

import { icon, toolButton } from "../controls/toolbutton.ts";
import { h, svg } from "../dom.ts";
import type { Listing } from "./listing.ts";

export interface BranchTreeOptions {
  show: (branch: number) => void;
  beside: (branch: number) => void;
  rename: (branch: number, name: string) => void;
  signal: AbortSignal;
}

export class BranchTree {
  readonly element: HTMLElement;
  readonly #options: BranchTreeOptions;
  readonly #tree = h("ul", {
    ...{ class: "tokenviz-explorer-tree", role: "tree", "aria-label": "Branches" },
  });
  readonly #compare: HTMLButtonElement;
  #rows: readonly Listing[] = [];
  readonly #closed = new Set<number>();
  /** The branch that answers to the Tab key. */
  #active = 0;
  /** What each item was filled with. */
  readonly #filled = new WeakMap<HTMLElement, string>();
  /** The branch that is being renamed. */
  #editing: number | null = null;

  constructor(options: BranchTreeOptions) {
    this.#options = options;
    const { signal } = options;
    const rename = toolButton({
      ...{ control: "rename", label: "Rename", title: "Rename (F2)", signal },
      icon: icon(svg("path", { d: "M3 13l.7-3L10.5 3.2l2.3 2.3L6 12.3zM9.3 4.4l2.3 2.3" })),
      press: () => this.#edit(this.#active),
    });
    this.#compare = toolButton({
      ...{ control: "beside", label: "Put beside the one on show", signal },
      title: "Put beside the one on show (c)",
      icon: icon(svg("path", { d: "M2.5 3.5h4.5v9H2.5zM9 3.5h4.5v9H9z" })),
      press: () => this.#putBeside(),
    });
    this.#tree.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.#tree.addEventListener("click", (event) => this.#click(event), { signal });
    this.#tree.addEventListener("focusin", (event) => this.#focused(event), { signal });
    this.#tree.addEventListener("dblclick", (event) => this.#doubleClick(event), { signal });
    this.element = h(
      "section",
      { class: "tokenviz-explorer-branches", role: "group", "aria-label": "Branches" },
      h(
        "div",
        { class: "tokenviz-explorer-head" },
        h(
          "div",
          { class: "tokenviz-explorer-heading", role: "heading", "aria-level": 3 },
          "Branches",
        ),
        rename,
        this.#compare,
      ),
      this.#tree,
    );
  }

  /** The branch on show is where the Tab key leads when it became another. */
  update(rows: readonly Listing[]): void {
    const shown = (all: readonly Listing[]) => all.find(({ current }) => current)?.branch;
    if (shown(rows) !== shown(this.#rows)) this.#active = shown(rows) ?? 0;
    this.#rows = rows;
    if (this.#editing === null) this.#write();
  }

  /** What goes beside the branch on show: the active one or, of that itself, its nearest. */
  get #other(): number | null {
    const active = this.#rows.find(({ branch }) => branch === this.#active);
    if (active === undefined || !active.current) return active?.branch ?? null;
    const child = this.#rows.find(({ parent }) => parent === active.branch);
    return active.parent ?? child?.branch ?? null;
  }

  #putBeside(): void {
    // Once more takes it away again, whichever branch is active by then.
    const beside = this.#rows.find((row) => row.beside)?.branch ?? null;
    const active = this.#rows.find(({ branch }) => branch === this.#active);
    const other = active?.current ? (beside ?? this.#other) : this.#other;
    if (other !== null) this.#options.beside(other);
  }

  get #open(): Listing[] {
    const hidden = new Set<number>();
    return this.#rows.filter(({ branch, parent }) => {
      if (parent === null || !(hidden.has(parent) || this.#closed.has(parent))) return true;
      hidden.add(branch);
      return false;
    });
  }

  #write(): void {
    const focused =
      this.#tree.contains(document.activeElement) || this.#tree.matches(":focus-within");
    const open = this.#open;
    if (!open.some(({ branch }) => branch === this.#active)) this.#active = open[0]?.branch ?? 0;
    const items = this.#tree.children;
    while (items.length > open.length) items[items.length - 1].remove();
    open.forEach((row, i) => {
      if (i === items.length) this.#tree.append(emptyItem());
      this.#fill(items[i] as HTMLElement, row);
    });
    this.#compare.disabled = this.#other === null;
    if (focused) this.#item(this.#active)?.focus({ preventScroll: true });
  }

  /** What did not change is left as it is. */
  #fill(item: HTMLElement, row: Listing): void {
    const { branch, level, children, current, beside, aside, writing } = row;
    const filling = JSON.stringify([row, this.#closed.has(branch), branch === this.#active]);
    if (this.#filled.get(item) === filling) return;
    this.#filled.set(item, filling);
    item.dataset.tokenvizBranch = String(branch);
    item.ariaLevel = String(level);
    item.ariaExpanded = children ? String(!this.#closed.has(branch)) : null;
    item.ariaSelected = String(current);
    item.ariaCurrent = current ? "true" : null;
    item.tabIndex = branch === this.#active ? 0 : -1;
    item.style.setProperty("--tokenviz-level", String(Math.min(level, 8)));
    item.toggleAttribute("data-tokenviz-aside", aside);
    item.toggleAttribute("data-tokenviz-beside", beside);
    item.toggleAttribute("data-tokenviz-leaf", !children);
    const marks = [
      writing && "writing…",
      aside && "set aside",
      beside && "beside",
      row.partial && !writing && "stopped",
    ];
    const texts = [row.name, row.words, row.numbers, marks.filter(Boolean).join(" · ")];
    const spans = [...item.querySelectorAll<HTMLElement>("[data-tokenviz-part]")];
    spans.forEach((span, i) => {
      if (span.textContent !== texts[i]) span.textContent = texts[i];
    });
    item.title = `${row.name}: ${row.words}\n${row.numbers}`;
  }

  #item(branch: number): HTMLElement | null {
    return this.#tree.querySelector(`[data-tokenviz-branch="${branch}"]`);
  }

  #branchOf(event: Event): number | null {
    const item = (event.target as Element).closest<HTMLElement>("[data-tokenviz-branch]");
    return item === null ? null : Number(item.dataset.tokenvizBranch);
  }

  #click(event: MouseEvent): void {
    const branch = this.#branchOf(event);
    if (branch === null || this.#editing !== null) return;
    this.#active = branch;
    const onTwisty = (event.target as Element).closest(".tokenviz-explorer-twisty") !== null;
    if (onTwisty) this.#toggle(branch, this.#closed.has(branch));
    else this.#options.show(branch);
    this.#write();
    this.#item(branch)?.focus({ preventScroll: true });
  }

  #doubleClick(event: MouseEvent): void {
    const branch = this.#branchOf(event);
    const onName = (event.target as Element).closest(".tokenviz-explorer-name") !== null;
    if (branch !== null && onName && this.#editing === null) this.#edit(branch);
  }

  #focused(event: Event): void {
    const branch = this.#branchOf(event);
    if (branch === null || branch === this.#active) return;
    this.#active = branch;
    if (this.#editing === null) this.#write();
  }

  #toggle(branch: number, open: boolean): void {
    if (open) this.#closed.delete(branch);
    else this.#closed.add(branch);
  }

  #key(event: KeyboardEvent): void {
    if (event.target instanceof HTMLInputElement) return;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const open = this.#open;
    const at = open.findIndex(({ branch }) => branch === this.#active);
    const row = open[at];
    if (row === undefined) return;
    const isOpen = row.children && !this.#closed.has(row.branch);
    let to = row.branch;
    switch (event.key) {
      case "ArrowDown":
        to = open[Math.min(open.length - 1, at + 1)].branch;
        break;
      case "ArrowUp":
        to = open[Math.max(0, at - 1)].branch;
        break;
      case "Home":
        to = open[0].branch;
        break;
      case "End":
        to = open[open.length - 1].branch;
        break;
      case "ArrowRight":
        if (isOpen) to = open[at + 1].branch;
        else this.#toggle(row.branch, true);
        break;
      case "ArrowLeft":
        if (isOpen) this.#toggle(row.branch, false);
        else to = row.parent ?? row.branch;
        break;
      case "Enter":
      case " ":
        this.#options.show(row.branch);
        break;
      case "F2":
        this.#edit(row.branch);
        break;
      case "c":
        this.#putBeside();
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
    this.#active = to;
    if (this.#editing !== null) return;
    this.#write();
    this.#item(to)?.focus();
  }

  /** A name becomes a field; Enter and leaving it keep what was written, Escape does not. */
  #edit(branch: number): void {
    const item = this.#item(branch);
    const name = item?.querySelector<HTMLElement>(".tokenviz-explorer-name");
    const row = this.#rows.find((one) => one.branch === branch);
    if (item === null || !name || row === undefined || this.#editing !== null) return;
    this.#editing = branch;
    const input = h("input", {
      ...{ type: "text", class: "tokenviz-text tokenviz-explorer-rename", maxlength: 80 },
      ...{ "aria-label": `Name of ${row.name}`, "data-tokenviz-control": "rename-text" },
    });
    input.value = row.name;
    name.replaceWith(input);
    input.focus();
    input.select();
    const end = (keep: boolean, focus: boolean) => {
      if (this.#editing === null) return;
      this.#editing = null;
      input.replaceWith(name);
      const written = input.value.trim();
      if (keep && written !== "" && written !== row.name) this.#options.rename(branch, written);
      this.#write();
      if (focus) this.#item(branch)?.focus();
    };
    const { signal } = this.#options;
    input.addEventListener("blur", () => end(true, false), { signal });
    input.addEventListener(
      "keydown",
      (event) => {
        event.stopPropagation();
        if (event.key !== "Enter" && event.key !== "Escape") return;
        event.preventDefault();
        end(event.key === "Enter", true);
      },
      { signal },
    );
  }
}

function emptyItem(): HTMLElement {
  const part = (name: string) =>
    h("span", { class: `tokenviz-explorer-${name}`, "data-tokenviz-part": "" });
  return h(
    "li",
    { role: "treeitem" },
    h("span", { class: "tokenviz-explorer-twisty", "aria-hidden": "true" }),
    h(
      "span",
      { class: "tokenviz-explorer-about" },
      part("name"),
      part("words"),
      part("numbers"),
      part("marks"),
    ),
  );
}
