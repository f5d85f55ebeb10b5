// @ts-check
// The live page: asks for figures and tracks, listens to events, and keeps trying when the server is away.
// A browser opens six connections to a server at most; this page keeps two open (picture, events), and none while it
// is hidden.

import * as editor from "./editor.js";
import * as login from "./login.js";
import * as views from "./views.js";

/** @typedef {import("./views.js").Camera} Camera */
/** @typedef {import("./views.js").CloudEvent} CloudEvent */

const kCamerasEvery_ms = 1000;
const kTracksEvery_ms = 400;
const kRequestTimeout_ms = 5000;
const kPictureRetry_ms = 2000;
const kMaxEventsShown = 200;

const kNotLoggedIn = { title: "Not logged in", detail: "This page goes on once you are." };
const kServerGone = { title: "The server is not reachable", detail: "This page goes on by itself when it is back." };

const state = {
  /** @type {Camera[]} */ cameras: [],
  selected: decodeURIComponent(location.hash.slice(1)),
  leaving: "",  // a camera that is being removed
  online: false,
  cursor: "",
  /** @type {Set<string>} */ eventIds: new Set(),
  /** @type {EventSource | null} */ feed: null,
};

class NotLoggedIn extends Error {}

/** @param {string} name */
function cameraUrl(name) {
  return `/api/v1/cameras/${encodeURIComponent(name)}`;
}

/**
 * @param {string} url
 * @returns {Promise<any>}
 */
async function getJson(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(kRequestTimeout_ms), cache: "no-store" });
  if (response.status === 401) throw new NotLoggedIn();
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.json();
}

/**
 * Runs `task`, then again `interval_ms` after its end, unless the page is hidden.
 * @param {() => Promise<void>} task
 * @param {number} interval_ms
 */
async function repeat(task, interval_ms) {
  for (;;) {
    if (!document.hidden) await task();
    await new Promise((resolve) => setTimeout(resolve, interval_ms));
  }
}

async function refreshCameras() {
  try {
    const answer = await getJson("/api/v1/cameras");
    state.cameras = answer.cameras.filter((/** @type {Camera} */ camera) => camera.name !== state.leaving);
  } catch (error) {
    const knows = !(error instanceof NotLoggedIn);
    setOnline(false, knows ? "server not reachable; trying again" : "not logged in", knows ? kServerGone : kNotLoggedIn);
    if (!knows) login.showLogIn(true);
    return;
  }
  login.showLogIn(false);
  setOnline(true);
  editor.showCount(state.cameras.length);
  const selected = state.cameras.find((camera) => camera.name === state.selected) ?? state.cameras[0];
  if (!selected) {
    state.selected = "";
    views.showCameras([], "", selectCamera);
    views.showTracks([]);
    closePicture();
    views.showNotice({ title: "No camera yet", detail: "The server is starting, or there is none: add one above." });
    return;
  }
  views.showCameras(state.cameras, selected.name, selectCamera);
  views.showFigures(selected);
  if (picture().hidden || selected.name !== state.selected) selectCamera(selected.name);
  views.showNotice(views.pictureNotice(selected));
}

async function refreshTracks() {
  if (!state.online || !state.selected) return;
  const asked = state.selected;
  try {
    const answer = await getJson(`${cameraUrl(asked)}/tracks`);
    if (asked === state.selected) views.showTracks(answer.tracks);
  } catch {
    // refreshCameras() notices when the server is gone.
  }
}

/**
 * @param {boolean} online
 * @param {string} [words] what it is otherwise
 * @param {{title: string, detail: string}} [notice]
 */
function setOnline(online, words = "server not reachable; trying again", notice = kServerGone) {
  const line = views.element("connection");
  line.dataset.state = online ? "connected" : "offline";
  views.setText(line, online ? "connected" : words);
  if (!online) views.showNotice(notice);
  if (online === state.online) return;
  state.online = online;
  if (online) {
    openFeed();
  } else {
    closeFeed();
    closePicture();
    views.showTracks([]);
    forgetStates();
  }
}

/** What is not asked is not known: nothing may go on claiming to run. */
function forgetStates() {
  state.cameras = state.cameras.map((camera) => ({ ...camera, state: "unknown" }));
  views.showCameras(state.cameras, state.selected, selectCamera);
  for (const camera of state.cameras) {
    if (camera.name === state.selected) views.showState(camera);
  }
}

/** @param {string} name */
function selectCamera(name) {
  state.selected = name;
  if (decodeURIComponent(location.hash.slice(1)) !== name && state.cameras.length > 1) {
    history.replaceState(null, "", `#${encodeURIComponent(name)}`);
  }
  views.showTracks([]);
  openPicture();
  const camera = state.cameras.find((candidate) => candidate.name === name);
  if (!camera) return;
  views.showCameras(state.cameras, name, selectCamera);
  views.showFigures(camera);
  views.showNotice(views.pictureNotice(camera));
}

function picture() {
  return /** @type {HTMLImageElement} */ (views.element("picture"));
}

function openPicture() {
  closePicture();
  if (document.hidden || !state.online || !state.selected) return;
  picture().alt = `Live picture of camera ${state.selected} with its tracks`;
  // The changing query makes the browser open a new stream even when the old one broke off.
  picture().src = `${cameraUrl(state.selected)}/live.mjpeg?t=${Date.now()}`;
  picture().hidden = false;
}

/** Takes a new element, since the old one would go on showing the last picture of the camera before. */
function closePicture() {
  const old = picture();
  const fresh = /** @type {HTMLImageElement} */ (old.cloneNode());
  old.removeAttribute("src");
  fresh.removeAttribute("src");
  fresh.hidden = true;
  // The server answers 404 or went away: try again as long as the camera is listed.
  fresh.addEventListener("error", () => setTimeout(() => {
    if (fresh.isConnected && state.online) openPicture();
  }, kPictureRetry_ms));
  old.replaceWith(fresh);
}

async function openFeed() {
  closeFeed();
  try {
    const resume = state.cursor ? `&after=${encodeURIComponent(state.cursor)}` : "";
    const recent = await getJson(`/api/v1/events?limit=50${resume}`);
    state.cursor = recent.cursor;
    for (const event of recent.events.reverse()) addEvent(event, "known");
  } catch {
    return;  // the next success of refreshCameras() comes back here
  }
  if (!state.online || document.hidden) return;
  const feed = new EventSource(`/api/v1/events/stream?after=${encodeURIComponent(state.cursor)}`);
  state.feed = feed;
  feed.onmessage = (message) => {
    state.cursor = message.lastEventId;
    addEvent(JSON.parse(message.data), "fresh");
  };
  feed.addEventListener("gap", (message) => addItem(views.gapItem(JSON.parse(message.data).missed)));
  feed.onerror = () => {
    if (feed.readyState === EventSource.CLOSED) setOnline(false);
  };
}

function closeFeed() {
  state.feed?.close();
  state.feed = null;
}

/**
 * @param {CloudEvent} event
 * @param {"fresh" | "known"} novelty fresh ones light up
 */
function addEvent(event, novelty) {
  // A restarted server counts again from 1, hence the time.
  const key = `${event.id} ${event.time}`;
  if (state.eventIds.has(key)) return;
  state.eventIds.add(key);
  const item = views.eventItem(event, state.cameras.length > 1);
  item.dataset.key = key;
  item.classList.add(novelty);
  addItem(item);
}

/** @param {HTMLElement} item */
function addItem(item) {
  const list = views.element("events");
  views.element("events-empty").hidden = true;
  list.prepend(item);
  while (list.children.length > kMaxEventsShown) {
    const last = /** @type {HTMLElement} */ (list.lastElementChild);
    if (last.dataset.key) state.eventIds.delete(last.dataset.key);
    last.remove();
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    closePicture();
    closeFeed();
  } else if (state.online) {
    openPicture();
    openFeed();
  }
});

editor.startEditor({
  selected: () => state.selected,
  added: (name) => {
    state.selected = name;
    void refreshCameras();
  },
  leave: (name) => {
    state.leaving = name;
    if (!name) return;
    state.selected = "";
    closePicture();
  },
});

login.startLogIn(() => void refreshCameras());
repeat(refreshCameras, kCamerasEvery_ms);
repeat(refreshTracks, kTracksEvery_ms);
