/** Receipts as torn-off stubs: one per purchase, its codes in groups of four. */
import type { StoredReceipt } from "./purchase-store.ts";
import { numberFormat, timeOfDay } from "./formats.ts";
import { WORDS, type Language } from "./words.ts";

export interface ReceiptView {
  readonly receipt: StoredReceipt;
  /** It is of a journal that is no more: the sale was begun anew. */
  readonly outdated: boolean;
}

const COPIED_MS = 2_500;

export class ReceiptList {
  readonly #root: HTMLElement;
  #shown = "";

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  /** Builds anew only what changed: a stub that is there stays, with whatever has the focus in it. */
  show(views: readonly ReceiptView[], language: Language): void {
    const wanted = JSON.stringify([language, views.map(({ receipt, outdated }) => [receipt.key, outdated])]);
    if (wanted === this.#shown) return;
    const isFirst = this.#shown === "";
    this.#shown = wanted;
    const known = new Map(Array.from(this.#root.children, (item) => [item.id, item]));
    const items = views.map(({ receipt, outdated }): Element => {
      const name = `receipt-${receipt.key}`;
      const old = known.get(name);
      if (old instanceof HTMLElement && old.dataset["version"] === `${language}${outdated}`) return old;
      const stub = buildStub(receipt, outdated, language);
      stub.dataset["version"] = `${language}${outdated}`;
      if (!isFirst && old === undefined) stub.classList.add("torn");
      return stub;
    });
    for (const stub of known.values()) if (!items.includes(stub)) stub.remove();
    this.#arrange(items);
  }

  /** A stub in its place isn't touched: even `replaceChildren` with the same ones would take the focus from them. */
  #arrange(items: readonly Element[]): void {
    items.forEach((stub, i) => {
      const there = this.#root.children[i] ?? null;
      if (there !== stub) this.#root.insertBefore(stub, there);
    });
  }
}

/** `K7QM4TXR9WPD` is read aloud and typed as `K7QM 4TXR 9WPD`. */
export function groupCode(code: string): string {
  return code.replace(/(.{4})(?=.)/g, "$1 ");
}

function buildStub(receipt: StoredReceipt, outdated: boolean, language: Language): HTMLElement {
  const words = WORDS[language];
  const stub = element("li", outdated ? "receipt outdated" : "receipt");
  stub.id = `receipt-${receipt.key}`;
  const head = element("div", "receipt-head");
  const when = element("p", "receipt-when");
  when.append(
    words.ticketCount(receipt.codes.length),
    " · ",
    outdated ? words.outdated : timeOfDay(language, receipt.at, true),
  );
  const order = element("h3", "receipt-order");
  order.textContent = words.order(numberFormat(language)(receipt.order));
  head.append(order, when);
  const codes = element("ul", "codes");
  for (const code of receipt.codes) {
    const item = element("li", "code");
    item.textContent = groupCode(code);
    codes.append(item);
  }
  stub.append(head, codes, buildCopyButton(receipt.codes, codes, language));
  return stub;
}

function buildCopyButton(codes: readonly string[], list: HTMLElement, language: Language): HTMLElement {
  const words = WORDS[language];
  const button = element("button", "copy");
  const label = words.copy(codes.length);
  button.setAttribute("type", "button");
  button.textContent = label;
  button.addEventListener("click", () => {
    void copy(codes.join("\n"), list).then((done) => {
      button.textContent = done ? words.copied : words.notCopied;
      setTimeout(() => {
        button.textContent = label;
      }, COPIED_MS);
    });
  });
  return button;
}

/** The clipboard is only for secure contexts, and in a classroom the page comes over plain http. */
async function copy(text: string, list: HTMLElement): Promise<boolean> {
  if (isSecureContext) {
    const done = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    if (done) return true;
  }
  const selection = getSelection();
  selection?.selectAllChildren(list);
  return document.execCommand("copy");
}

function element(tag: string, className: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}
