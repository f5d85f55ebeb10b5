// @ts-check
// From data to elements. Everything is set as text, never as markup: names come from configuration and cameras.

/**
 * @typedef {{name: string, state: string, reason: string, width: number | null, height: number | null, fps: number,
 *   frames: number, drops: number, events: number, tracks: number, staleness_s: number | null, frame_ms: number}} Camera
 * @typedef {{id: number, state: string, label: string, color: string, score: number, age_s: number,
 *   speed_px_s: number}} Track
 * @typedef {{name: string, value: number | null, threshold: number | null, passed: boolean}} Gate
 * @typedef {{id: string, time: string, data: Record<string, any>}} CloudEvent
 */

const kNumbers = new Intl.NumberFormat("en");

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element ${id}`);
  return found;
}

/**
 * @param {string} tag
 * @param {{className?: string, text?: string}} [options]
 * @param {(Node | string)[]} children
 */
function make(tag, options = {}, ...children) {
  const made = document.createElement(tag);
  if (options.className) made.className = options.className;
  if (options.text !== undefined) made.textContent = options.text;
  made.append(...children);
  return made;
}

/**
 * Touches the document only when the text differs, so that screen readers hear changes and nothing else.
 * @param {HTMLElement} target
 * @param {string} text
 */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** @param {string} state */
function stateWords(state) {
  return state.replaceAll("_", " ");
}

/**
 * One button per camera; kept in place while the set of cameras is the same, so that focus survives.
 * @param {Camera[]} cameras
 * @param {string} selected
 * @param {(name: string) => void} select
 */
export function showCameras(cameras, selected, select) {
  const bar = element("cameras");
  bar.hidden = cameras.length < 2;
  const shown = [...bar.children].map((child) => /** @type {HTMLElement} */ (child).dataset.name);
  if (shown.length !== cameras.length || cameras.some((camera, index) => camera.name !== shown[index])) {
    bar.replaceChildren(...cameras.map((camera) => cameraButton(camera.name, select)));
  }
  cameras.forEach((camera, index) => {
    const button = /** @type {HTMLElement} */ (bar.children[index]);
    button.dataset.state = camera.state;
    button.setAttribute("aria-pressed", String(camera.name === selected));
    const note = camera.state === "live" ? `${camera.fps.toFixed(0)} fps` : stateWords(camera.state);
    setText(/** @type {HTMLElement} */ (button.lastElementChild), note);
    button.title = camera.reason;
  });
}

/**
 * @param {string} name
 * @param {(name: string) => void} select
 */
function cameraButton(name, select) {
  const button = make("button", {}, make("span", { text: name }), make("small"));
  button.dataset.name = name;
  button.setAttribute("type", "button");
  button.addEventListener("click", () => select(name));
  return button;
}

/** @param {Camera} camera */
export function showState(camera) {
  const state = element("camera-state");
  state.dataset.state = camera.state;
  setText(state, stateWords(camera.state));
}

/** @param {Camera} camera */
export function showFigures(camera) {
  setText(element("camera-title"), camera.name);
  showState(camera);
  setText(element("figure-fps"), `${camera.fps.toFixed(1)} fps`);
  setText(element("figure-latency"), camera.frame_ms > 0 ? `${camera.frame_ms.toFixed(1)} ms` : "–");
  setText(element("figure-frames"), kNumbers.format(camera.frames));
  setText(element("figure-drops"), kNumbers.format(camera.drops));
  setText(element("figure-events"), kNumbers.format(camera.events));
  setText(element("figure-size"), camera.width ? `${camera.width} × ${camera.height}` : "–");
}

/**
 * What to say over the picture; empty while all is well.
 * @param {Camera} camera
 * @returns {{title: string, detail: string} | null}
 */
export function pictureNotice(camera) {
  const detail = camera.reason;
  const stale = camera.staleness_s === null || camera.staleness_s > 3;
  switch (camera.state) {
    case "failed": return { title: "This camera has failed", detail };
    case "recovering": return { title: "This camera is down; trying again", detail };
    case "stalled": return { title: "No picture can be decoded", detail };
    case "paused": return { title: "This camera is paused", detail };
    case "ended": return { title: "The video has ended", detail };
    case "connecting": return { title: detail ? "Cannot connect yet; trying again" : "Connecting to the camera…", detail };
    default: break;
  }
  if (!stale) return null;
  const since = camera.staleness_s === null ? "No picture yet" : `No new picture for ${camera.staleness_s.toFixed(0)} s`;
  return { title: since, detail };
}

/** @param {{title: string, detail: string} | null} notice */
export function showNotice(notice) {
  const target = element("notice");
  const text = notice ? `${notice.title}\n${notice.detail}` : "";
  element("screen").toggleAttribute("data-stale", notice !== null);
  if (target.dataset.text === text) return;
  target.dataset.text = text;
  target.replaceChildren(...(notice ? [make("strong", { text: notice.title }), notice.detail] : []));
}

/** @param {Track[]} tracks */
export function showTracks(tracks) {
  setText(element("tracks-count"), String(tracks.length));
  element("tracks-empty").hidden = tracks.length > 0;
  element("tracks").replaceChildren(...tracks.map(trackRow));
}

/** @param {Track} track */
function trackRow(track) {
  const swatch = make("span", { className: "swatch" });
  swatch.style.backgroundColor = track.state === "lost" ? "transparent" : track.color;
  const lost = track.state === "lost";
  const row = make("tr", {},
    make("td", {}, swatch, `#${track.id}`),
    make("td", { text: track.label }),
    make("td", { className: "number", text: lost ? "lost" : `${Math.round(track.score * 100)} %` }),
    make("td", { className: "number", text: duration(track.age_s) }),
    make("td", { className: "number", text: `${Math.round(track.speed_px_s)} px/s` }));
  row.dataset.state = track.state;
  return row;
}

/** @param {number} seconds */
function duration(seconds) {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/**
 * @param {CloudEvent} event
 * @returns {string}
 */
export function eventText(event) {
  const data = event.data;
  const who = `${data.label} #${data.track_id}`;
  switch (data.event) {
    case "track_began": return `${who} appeared`;
    case "track_ended": return `${who} disappeared`;
    case "line_crossed": return `${who} crossed ${data.rule} ${data.direction}`;
    case "zone_entered": return `${who} entered ${data.rule}`;
    case "zone_left": return `${who} left ${data.rule}`;
    case "zone_dwell": return `${who} stays in ${data.rule}`;
    case "occupancy_began": return `${many(data)} in ${data.rule}`;
    case "occupancy_ended": return `no longer many in ${data.rule}`;
    case "wrong_way": return `${who} goes the wrong way at ${data.rule}`;
    case "speeding": return `${who} is too fast in ${data.rule}`;
    case "tailgating": return `${who} crossed ${data.rule} close to another`;
    case "object_left": return `${who} was left in ${data.rule}`;
    case "object_removed": return `${who} was removed from ${data.rule}`;
    case "behaviour_began": return `${who}: ${data.rule}`;
    case "behaviour_ended": return `${who}: ${data.rule} ended`;
    default: return `${data.event}: ${who}`;
  }
}

/** @param {CloudEvent["data"]} data */
function many(data) {
  return `${(data.members ?? []).length} at once`;
}

/**
 * @param {CloudEvent} event
 * @param {boolean} withCamera several cameras share the feed
 */
export function eventItem(event, withCamera) {
  const time = make("time", { text: clock(event.time) });
  time.setAttribute("datetime", event.time);
  const line = make("div", { className: "line" }, time, make("span", { className: "what", text: eventText(event) }));
  if (withCamera) line.append(make("span", { className: "camera", text: event.data.camera }));
  const item = make("li", {}, line);
  const gates = /** @type {Gate[]} */ (event.data.gates ?? []);
  if (gates.length > 0) {
    item.append(make("details", {}, make("summary", { text: "Why" }), make("ul", {}, ...gates.map(gateItem))));
  }
  return item;
}

/** @param {Gate} gate */
function gateItem(gate) {
  const verdict = gate.passed ? "passed" : "not passed";
  return make("li", { text: `${gate.name}: ${number(gate.value)}, threshold ${number(gate.threshold)}, ${verdict}` });
}

/** @param {number} missed */
export function gapItem(missed) {
  return make("li", { className: "gap", text: `${kNumbers.format(missed)} events are not shown: this page fell behind` });
}

/** @param {number | null} value null is how JSON carries what is not finite */
function number(value) {
  if (value === null) return "unlimited";
  return Number(value.toPrecision(3)).toString();
}

/** @param {string} iso */
function clock(iso) {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : time.toLocaleTimeString("en-GB");
}
