// The page for the instructor alone: who stands where. It is not to be projected.
import {byId, connect, el, focus, lessons, people, put, bars} from "./room.js";

let now = null;
const minutes = seconds => seconds < 60 ? "just now" : `${Math.floor(seconds / 60)} min`;
const told = who => who.done ? (who.kind === "goal" ? "reached" : "passed") : who.verdict || (who.tries ? "another answer" : "");

function view(said) {
  now = said;
  byId("people").textContent = people(said);
  put(byId("focus"), ...focus(said));
  const stuck = said.who.filter(who => who.stuck).sort((a, b) => a.since - b.since);
  put(byId("stuck"), ...stuck.length ? stuck.map(who => el("p", "", {class: "stuck"}, el("b", who.name), ` ${minutes(said.now - who.since)} \u00b7 ${told(who)}`,
    el("small", ` \u00b7 ${who.at}, ${who.tries} ${who.tries === 1 ? "try" : "tries"}`))) : [el("p", "nobody")]);
  put(byId("who"), ...[...said.who].sort((a, b) => a.name.localeCompare(b.name)).map(who => el("tr", "", {class: who.quiet ? "quiet" : ""},
    el("td", who.name + (who.quiet ? " (not heard of)" : "")), el("td", who.at ?? "has not begun"), el("td", told(who), {class: "verdict"}),
    el("td", who.tries && !who.done ? minutes(said.now - who.since) : ""), el("td", String(who.passed)),
    el("td", "", {}, el("button", "\u00d7", {"data-id": `remove${who.number}`, "data-remove": who.number, title: `Send out ${who.name}`, "aria-label": `Send out ${who.name}`})))));
  const up = said.who.filter(who => who.hand !== null).sort((a, b) => a.hand - b.hand);
  put(byId("hands"), ...up.length ? up.map(who => el("p", "", {}, el("b", who.name), ` ${minutes(said.now - who.hand)} `,
    el("button", "Lower", {"data-id": `lower${who.number}`, "data-lower": who.number, "aria-label": `Lower the hand of ${who.name}`}))) : [el("p", "none is up")]);
  put(byId("asked"), ...said.rows.filter(row => row.kind === "prediction").map(row => el("div", "", {class: "prediction"},
    el("button", row.shown ? "Hide" : "Reveal", {"data-id": `reveal${row.key}`, "data-reveal": row.key, "aria-pressed": row.shown}),
    el("span", row.title), el("span", String(row.replies), {class: "replies"}), ...row.shown && row.key !== said.focus ? [bars(row)] : [])));
  lessons(byId("lesson"), said);
  byId("lock").setAttribute("aria-pressed", said.locked);
  byId("lock").textContent = said.locked ? "Nobody new is let in: open the room" : "Let nobody new in";
  byId("wrong").textContent = said.wrong ? `${said.wrong} wrong ${said.wrong === 1 ? "code was" : "codes were"} refused.` : "";
}

const send = connect("instructor", {view, hello: () => {}});
document.querySelector("main").addEventListener("click", event => {
  const data = event.target.closest("button")?.dataset ?? {};
  if (data.lower) send({do: "lower", number: Number(data.lower)});
  if (data.remove && confirm(event.target.getAttribute("aria-label") + "?")) send({do: "remove", number: Number(data.remove)});
  if (data.reveal) {
    const row = now.rows.find(each => each.key === data.reveal);
    send({do: "focus", key: row.key});
    send({do: "reveal", key: row.key, on: !row.shown});
  }
});
for (const [id, seconds] of [["minute", 60], ["five", 300], ["stop", 0]]) byId(id).addEventListener("click", () => send({do: "clock", seconds}));
byId("lock").addEventListener("click", () => send({do: "lock", on: !now.locked}));
byId("lesson").addEventListener("change", event => send({do: "lesson", name: event.target.value}));
