// @ts-check
// Adds and removes cameras. The server checks, writes its file and says what is wrong; this page only asks.

import { element, setText } from "./views.js";

const kRequestTimeout_ms = 20000;
const kSureWithin_ms = 5000;

/**
 * @param {string} method
 * @param {string} url
 * @param {object} [body]
 * @returns {Promise<string>} what went wrong; empty: nothing
 */
async function send(method, url, body) {
  try {
    const response = await fetch(url, {
      method,
      body: body && JSON.stringify(body),
      headers: body && { "Content-Type": "application/json" },
      signal: AbortSignal.timeout(kRequestTimeout_ms),
    });
    if (response.ok) return "";
    return (await response.json()).detail ?? `the server answered ${response.status}`;
  } catch {
    return "the server does not answer";
  }
}

/** @param {string} id */
function input(id) {
  return /** @type {HTMLInputElement} */ (element(id));
}

/**
 * @param {string} text
 * @param {"good" | "bad" | ""} verdict
 */
function tell(text, verdict) {
  const line = element("add-result");
  line.dataset.verdict = verdict;
  setText(line, text);
}

/** @param {(name: string) => void} added */
async function addCamera(added) {
  const button = /** @type {HTMLButtonElement} */ (element("add-button"));
  const name = input("add-name").value.trim();
  button.disabled = true;
  tell("adding…", "");
  const wrong = await send("POST", "/api/v1/cameras", { name, url: input("add-url").value.trim() });
  button.disabled = false;
  tell(wrong || `${name} was added; its picture comes once it is connected`, wrong ? "bad" : "good");
  if (wrong) return;
  /** @type {HTMLFormElement} */ (element("add-form")).reset();
  added(name);
}

/**
 * Asks again on the button itself: no dialogue that hides the page.
 * @param {() => string} selected
 * @param {(name: string) => void} leave the page asks for nothing of this camera any more; empty: of none
 */
function watchRemoval(selected, leave) {
  const button = element("remove");
  let asked = "";
  const forget = () => {
    asked = "";
    setText(button, "Remove");
  };
  button.addEventListener("click", async () => {
    const name = selected();
    if (asked !== name) {
      asked = name;
      setText(button, `Really remove ${name}?`);
      setTimeout(forget, kSureWithin_ms);
      return;
    }
    forget();
    leave(name);
    const wrong = await send("DELETE", `/api/v1/cameras/${encodeURIComponent(name)}`);
    leave("");
    tell(wrong || `${name} was removed`, wrong ? "bad" : "good");
    /** @type {HTMLDetailsElement} */ (element("add")).open = true;
  });
}

/**
 * @param {{selected: () => string, added: (name: string) => void, leave: (name: string) => void}} page
 */
export function startEditor(page) {
  element("add-form").addEventListener("submit", (event) => {
    event.preventDefault();
    void addCamera(page.added);
  });
  watchRemoval(page.selected, page.leave);
}

/** A site without cameras begins here. @param {number} count */
export function showCount(count) {
  element("remove").hidden = count === 0;
  const add = /** @type {HTMLDetailsElement} */ (element("add"));
  if (count === 0 && !add.dataset.shown) add.open = true;
  add.dataset.shown = "yes";
}
