// What both pages share: the connection, elements, and how a row is told. Text from the room only ever becomes the text of an element.
export const byId = id => document.getElementById(id);

export function el(name, text = "", attributes = {}, ...inside) {
  const made = document.createElement(name);
  if (text !== "") made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
}

// Puts new elements in place of the old; whatever had the keyboard keeps it.
export function put(where, ...inside) {
  const held = where.contains(document.activeElement) ? document.activeElement.dataset.id : null;
  where.replaceChildren(...inside);
  if (held) [...where.querySelectorAll("[data-id]")].find(each => each.dataset.id === held)?.focus();
}

const many = (count, one, more) => `${count} ${count === 1 ? one : more}`;
export const people = view => `${many(view.people, "person", "people")} in the room${view.quiet ? `, ${view.quiet} not heard of` : ""}`;
const called = name => name || "another answer";

const named = row => row.kind === "goal" ? {passed: "reached it", none: "not yet"} : {passed: "passed", tried: "tried", none: "not begun"};

export function bar(row, people, words = false) {
  const parts = [["passed", row.passed], ["tried", row.tried], ["none", row.none]];
  const said = row.kind === "goal" ? `${row.passed} of ${people} have reached it` : `${row.passed} have passed, ${row.tried} have tried, ${row.none} have not begun`;
  const made = el("div", "", {class: "bar", role: "img", "aria-label": said});
  for (const [kind, count] of parts) {
    if (!count) continue;
    const room = words && count >= people / 8;
    const part = el("span", room ? `${count} ${named(row)[kind]}` : String(count), {class: kind});
    part.style.flexGrow = count;
    made.append(part);
  }
  return made;
}

export function bars(row) {
  const most = Math.max(1, ...row.bars.map(([, count]) => count)), made = el("dl", "", {class: "bars"});
  for (const [label, count] of row.bars) {
    const length = el("span", "", {class: "length"});
    length.style.width = `${80 * count / most}%`;
    made.append(el("dt", label), el("dd", "", {}, length, String(count)));
  }
  return made;
}

// The row in hand, large: what one says from the front.
export function focus(view) {
  const row = view.rows.find(each => each.key === view.focus);
  if (!row) return [];
  if (row.kind === "prediction") {
    return [el("h2", row.title), el("p", `${row.replies} of ${view.people} have replied`, {class: "told"}), ...row.shown ? [bars(row)] : []];
  }
  const facts = row.verdicts.slice(0, 3).map(([name, known, now, ever]) =>
    el("li", "", {class: known ? "named" : "plain"}, el("b", `${now} of ${view.people}`), `: ${called(name)}`, ...ever > now ? [el("small", ` (${ever} so far)`)] : []));
  if (row.kind === "check" && row.none) facts.push(el("li", "", {class: "none"}, el("b", String(row.none)), ` ${row.none === 1 ? "has" : "have"} not begun`));
  const reached = row.kind === "goal" ? "reached it" : "passed";
  facts.push(row.half ? el("li", "", {class: "half"}, el("b", row.passed === view.people ? `All have ${reached}` : `Half have ${reached}`),
    `: go on (${row.passed} of ${view.people})`) : el("li", "", {class: "passed"}, el("b", `${row.passed} of ${view.people}`), ` have ${reached}`));
  return [el("h2", row.kind === "goal" ? `Goal: ${row.title}` : `Exercise${/^\d/.test(row.title) ? "" : "."} ${row.title}`), bar(row, view.people, true), el("ul", "", {class: "facts"}, ...facts)];
}

export function line(row, view, leads) {
  const [first] = row.verdicts, what = first ? `${first[2]}: ${called(first[0])}` : "";
  const choose = el("button", row.kind === "goal" ? `\u2691 ${row.title}` : row.title, {"data-id": row.key, "data-focus": row.key, title: row.title});
  if (!leads) choose.disabled = true;
  return el("div", "", {class: `row${row.key === view.focus ? " in-hand" : ""}`}, choose, bar(row, view.people),
    el("span", row.half ? `\u2713 half have ${row.kind === "goal" ? "reached it" : "passed"}` : what, {class: row.half ? "half" : "what"}));
}

export function prediction(row, view, leads) {
  const choose = el("button", row.title, {"data-id": row.key, "data-focus": row.key, title: row.title});
  if (!leads) choose.disabled = true;
  return el("div", "", {class: `prediction${row.key === view.focus ? " in-hand" : ""}`}, choose, el("span", `${row.replies}`, {class: "replies"}),
    ...row.shown && row.key !== view.focus ? [bars(row)] : []);
}

export function lessons(select, view) {
  const wanted = [["", `follow the room (${view.title})`], ...view.lessons], have = [...select.options].map(o => [o.value, o.textContent]);
  if (JSON.stringify(have) !== JSON.stringify(wanted)) select.replaceChildren(...wanted.map(([value, text]) => el("option", text, {value})));
  if (document.activeElement !== select) select.value = view.follows.lesson ? "" : view.lesson;
}

// The clock of this machine, and the countdown by the board's: the two may differ.
let ends = 0, ahead = 0;
export function time(view) {
  ends = view.ends;
  ahead = Date.now() / 1000 - view.now;
}
function tick() {
  byId("clock").textContent = new Date().toLocaleTimeString([], {hour: "2-digit", minute: "2-digit"});
  const left = Math.ceil(ends - (Date.now() / 1000 - ahead));
  byId("countdown").hidden = !ends || left < -20;
  byId("countdown").textContent = left > 0 ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : "time is up";
}
setInterval(tick, 250);

// Connects, asks for a code where there is none, and again after whatever cuts it.
export function connect(page, shown) {
  const stored = `lessonlib-board-${page}`;
  let code = decodeURIComponent(location.hash.slice(1)) || sessionStorage.getItem(stored) || "", socket = null, pause = 500, role = "";
  history.replaceState(null, "", location.pathname);  // a code is not to be projected
  function ask(why) {
    document.querySelector("main").hidden = true;
    byId("ask").hidden = false;
    byId("refused").textContent = why;
    byId("code").focus();
  }
  function open() {
    const address = new URL("ws", location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(address);
    socket.onopen = () => socket.send(JSON.stringify({code, page}));
    socket.onmessage = event => {
      const said = JSON.parse(event.data);
      if (said.refused) {
        sessionStorage.removeItem(stored);
        code = "";
        ask(said.refused);
      } else if (said.hello) {
        pause = 500;
        role = said.hello.role;
        code = role === "project" ? said.hello.session : code;
        sessionStorage.setItem(stored, code);
        byId("ask").hidden = true;
        document.querySelector("main").hidden = false;
        document.body.classList.toggle("leading", role !== "room");
        shown.hello(said.hello);
      } else {
        document.body.classList.remove("cut");
        time(said);
        shown.view(said, role !== "room");
      }
    };
    socket.onclose = () => {
      document.body.classList.add("cut");
      if (code) setTimeout(open, pause);
      pause = Math.min(5000, 1.5 * pause);
    };
  }
  byId("ask").addEventListener("submit", event => {
    event.preventDefault();
    code = byId("code").value.trim();
    byId("code").value = "";
    open();
  });
  if (code) open(); else ask("");
  return message => socket?.readyState === 1 && socket.send(JSON.stringify(message));
}
