// @ts-check
// Logs in with a token: the server answers with a cookie that scripts cannot read.

import { element, setText } from "./views.js";

const kRequestTimeout_ms = 10000;

/** @param {string} token @returns {Promise<string>} what went wrong; empty: nothing */
async function logIn(token) {
  try {
    const response = await fetch("/api/v1/session", {
      method: "POST",
      body: JSON.stringify({ token }),
      headers: { "Content-Type": "application/json" },
      signal: AbortSignal.timeout(kRequestTimeout_ms),
    });
    return response.ok ? "" : (await response.json()).detail;
  } catch {
    return "the server does not answer";
  }
}

/** @param {() => void} done called after each log-in */
export function startLogIn(done) {
  const token = /** @type {HTMLInputElement} */ (element("log-in-token"));
  element("log-in-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    setText(element("log-in-result"), "");
    const wrong = await logIn(token.value.trim());
    setText(element("log-in-result"), wrong);
    if (wrong) return;
    token.value = "";
    showLogIn(false);
    done();
  });
}

/** @param {boolean} needed */
export function showLogIn(needed) {
  const form = element("log-in");
  if (form.hidden !== needed) return;
  form.hidden = !needed;
  if (needed) element("log-in-token").focus();
}
