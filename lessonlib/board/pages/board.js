// The page to project: counts, and nicknames only of raised hands.
import {byId, connect, el, focus, lessons, line, people, prediction, put} from "./room.js";

let now = null, leads = false;

function view(said, leading) {
  [now, leads] = [said, leading];
  byId("title").textContent = said.title;
  byId("people").textContent = people(said);
  put(byId("focus"), ...focus(said));
  put(byId("rows"), ...said.rows.filter(row => row.kind !== "prediction").map(row => line(row, said, leads)));
  put(byId("asked"), el("h2", "Predictions, replies"), ...said.rows.filter(row => row.kind === "prediction").map(row => prediction(row, said, leads)));
  byId("asked").classList.toggle("many", said.rows.filter(row => row.kind === "prediction").length > 8);
  put(byId("hands"), ...said.hands.length ? [el("h2", `${said.hands.length === 1 ? "A hand is" : `${said.hands.length} hands are`} up`),
    el("p", said.hands.slice(0, 8).join(", ") + (said.hands.length > 8 ? `, and ${said.hands.length - 8} more` : ""), {class: "names"})] : []);
  lessons(byId("lesson"), said);
  const row = said.rows.find(each => each.key === said.focus);
  byId("reveal").disabled = row?.kind !== "prediction";
  byId("reveal").firstChild.textContent = row?.shown ? "Hide " : "Reveal ";
  byId("follow").setAttribute("aria-pressed", said.follows.focus && said.follows.lesson);
}

function hello(said) {
  byId("invited").textContent = said.code ? `${said.address.replace(/^http:\/\/|\/$/g, "")}   ${said.code}` : "";
  const picture = said.qr ? [el("img", "", {src: said.qr, alt: "QR code of the address"})] : [];
  put(byId("join"), el("h2", "Join the room"), ...picture, el("p", said.address ?? "", {class: "address"}), el("p", said.code ?? "", {class: "code"}),
    el("p", "In a new cell of each notebook:"), el("pre", (said.line ?? "").replace("; ", "\n")));
}

const send = connect("board", {view, hello});
const move = by => {
  const keys = now.rows.map(row => row.key), at = keys.indexOf(now.focus);
  send({do: "focus", key: keys[Math.max(0, Math.min(keys.length - 1, at + by))]});
};
const does = {
  up: () => move(-1), down: () => move(1),
  follow: () => { send({do: "lesson", name: ""}); },
  reveal: () => {
    const row = now.rows.find(each => each.key === now.focus);
    if (row.kind === "prediction") send({do: "reveal", key: row.key, on: !row.shown});
  },
  minute: () => send({do: "clock", seconds: now.ends > now.now ? 0 : 60}),
  way: () => {
    byId("join").hidden = !byId("join").hidden;
    byId("way").setAttribute("aria-expanded", !byId("join").hidden);
  },
};
for (const id of Object.keys(does)) byId(id).addEventListener("click", () => now && does[id]());
byId("lesson").addEventListener("change", event => { send({do: "lesson", name: event.target.value}); event.target.blur(); });
document.querySelector("main").addEventListener("click", event => {
  const key = event.target.closest("[data-focus]")?.dataset.focus;
  if (key && leads) send({do: "focus", key});
});
document.addEventListener("keydown", event => {
  const key = {arrowup: "up", arrowdown: "down", a: "follow", r: "reveal", t: "minute", j: "way"}[event.key.toLowerCase()];
  if (!key || !now || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select")) return;
  if (key !== "way" && !leads) return;
  event.preventDefault();
  does[key]();
});
