// Plays the experiments that lessonlib.play.recording has recorded: the picture follows the controls in the next frame, without a kernel.
//
// A recorded experiment is <div class="lessonlib-play"> with its still, the words of the still, and what must be known before the data are
// there, as JSON. Everything else is made here. The data are loaded and unpacked when somebody points at the controls or moves into them.
"use strict";
(() => {
  const REST_MS = 500; // without a change, before a screen reader is told
  const OVERLAID = 24; // a marker that is drawn at one place more often than this looks the same
  const waiting = new Map(); // name -> the promise of its data

  const make = (tag, props = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), props);
    node.append(...children);
    return node;
  };

  // From here to the end of `unpack` runs in a worker where there can be one, so it uses nothing from outside.
  async function unpack(text) {
    const letters = atob(text), bytes = new Uint8Array(letters.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
    const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const all = new Uint8Array(await new Response(plain).arrayBuffer());
    const length = new DataView(all.buffer).getUint32(0, true), words = new TextDecoder();
    const head = JSON.parse(words.decode(all.subarray(4, 4 + length)));
    let at = 4 + length, stream = 0;
    const next = () => all.subarray(at, (at += head.sizes[stream++]));
    const numbers = () => { // the sign in the lowest bit, 7 bits to a byte, the low ones first
      const packed = next();
      let count = 0;
      for (let i = 0; i < packed.length; i++) if (packed[i] < 128) count++;
      const out = new Int32Array(count);
      for (let i = 0, k = 0; k < count; k++) {
        let value = 0, shift = 0, byte;
        do { byte = packed[i++]; value |= (byte & 127) << shift; shift += 7; } while (byte > 127);
        out[k] = (value >>> 1) ^ -(value & 1);
      }
      return out;
    };
    const { controls } = head;

    const points = (track, states, row) => { // x, y; the parts of state s are of[s] to of[s + 1], part k is the points cut[k] to cut[k + 1]
      const heads = numbers(), dx = numbers(), dy = numbers();
      const x = new Int16Array(track.total), y = new Int16Array(track.total);
      const of = new Int32Array(states + 1), cut = new Int32Array(heads.length - states + 1), each = track.total / states;
      let h = 0, part = 0, lastX = 0, lastY = 0;
      for (let s = 0; s < states; s++) {
        const first = cut[part];
        for (let k = heads[h++]; k > 0; k--, part++) cut[part + 1] = cut[part] + heads[h++];
        const end = cut[part];
        of[s + 1] = part;
        if (track.between && s) {
          const before = each * (s % row || s < row ? 1 : row);
          for (let i = first; i < end; i++) { dx[i] += dx[i - before]; dy[i] += dy[i - before]; }
        }
        let px = track.between ? 0 : lastX, py = track.between ? 0 : lastY;
        for (let i = first; i < end; i++) { x[i] = px += dx[i]; y[i] = py += dy[i]; }
        if (end > first) { lastX = x[first]; lastY = y[first]; }
      }
      return { x, y, of, cut };
    };
    const rows = (states) => { // the numbers of state s are values[of[s]] to values[of[s + 1]]
      const flat = numbers(), of = new Int32Array(states + 1), values = new Int32Array(flat.length - states);
      for (let s = 0, i = 0; s < states; s++) {
        const count = flat[i++], first = of[s], back = s && first - of[s - 1] === count ? count : 0;
        for (let k = first; k < first + count; k++) values[k] = flat[i++] + (back ? values[k - back] : 0);
        of[s + 1] = first + count;
      }
      return { of, values };
    };
    for (const track of head.tracks) {
      const sizes = track.follows.map((c) => controls[c]), states = sizes.reduce((a, b) => a * b, 1);
      if (track.kind === "words" || track.kind === "picture") track.data = rows(states);
      else if (!track.shared) track.data = points(track, states, sizes.at(-1) ?? 1);
    }
    const runs = numbers(), met = numbers(), readout = words.decode(next()).split("\n");
    return { tracks: head.tracks, glyphs: head.glyphs, pictures: head.pictures, back: head.back, controls, runs, met, readout };
  }

  function apart(text) { // in a worker: a page that scrolls must not wait for this
    return new Promise((done, failed) => {
      const code = `${unpack}\nonmessage = (e) => unpack(e.data).then((data) => postMessage({ data }), (error) => postMessage({ error: String(error) }));`;
      const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
      const worker = new Worker(address);
      const end = () => { worker.terminate(); URL.revokeObjectURL(address); };
      worker.onmessage = ({ data: reply }) => { end(); if (reply.data) done(reply.data); else failed(new Error(reply.error)); };
      worker.onerror = (event) => { end(); failed(event); };
      worker.postMessage(text);
    });
  }

  async function picture(address) {
    const image = new Image();
    image.src = address;
    await image.decode();
    return image;
  }

  async function load({ name, src }) {
    if (!window.lessonlibRecorded?.[name]) {
      await new Promise((done, failed) => {
        document.head.append(make("script", { src, onload: done, onerror: () => failed(new Error(`${src} is not there`)) }));
      });
    }
    const text = window.lessonlibRecorded[name];
    delete window.lessonlibRecorded[name];
    if (!window.DecompressionStream) throw new Error("this browser is too old to unpack it");
    let data;
    try { data = await apart(text); } catch { data = await unpack(text); } // where a page may start no worker
    const runs = [];
    for (let i = 0; i < data.runs.length; ) { const count = data.runs[i++]; runs.push(data.runs.subarray(i, (i += count))); }
    const pictures = await Promise.all(data.pictures.map(async (each) => ({ ...each, image: await picture(each.png) })));
    data.tracks.forEach((track, k) => { if (track.shared) track.data = data.tracks[k - 1].data; });
    return { ...data, runs, pictures, written: [], glyphs: data.glyphs.map((outline) => new Path2D(outline)),
      back: await picture(`data:image/png;base64,${data.back}`) };
  }

  const within = (ctx, clip, draw) => {
    ctx.save();
    if (clip) { ctx.beginPath(); ctx.rect(...clip); ctx.clip(); }
    draw();
    ctx.restore();
  };

  const painters = {
    path(ctx, { data: { x, y, of, cut }, whole, stroke, fill, clip }, s) {
      if (of[s] === of[s + 1]) return;
      const shift = whole ? 0.375 : 0; // these points were rounded down, from half a pixel further
      within(ctx, clip, () => {
        ctx.beginPath();
        for (let k = of[s]; k < of[s + 1]; k++) {
          const first = cut[k], last = cut[k + 1] - 1;
          ctx.moveTo(x[first] / 4 - shift, y[first] / 4 - shift);
          for (let i = first + 1; i <= last; i++) ctx.lineTo(x[i] / 4 - shift, y[i] / 4 - shift);
          if (last - first > 1 && x[first] === x[last] && y[first] === y[last]) ctx.closePath();
        }
        if (fill) { ctx.fillStyle = fill; ctx.fill(); }
        if (stroke) {
          const [color, width, cap, join, dashes, offset] = stroke;
          Object.assign(ctx, { strokeStyle: color, lineWidth: width, lineCap: cap, lineJoin: join, lineDashOffset: offset });
          ctx.setLineDash(dashes);
          ctx.stroke();
        }
      });
    },
    marks(ctx, { data: { x, y, of, cut }, shared, picture: which, clip }, s, data) {
      const { image, x: dx, y: dy } = data.pictures[which];
      within(ctx, clip, () => {
        let lastX = NaN, lastY = NaN, again = 0;
        for (let i = cut[of[s]]; i < cut[of[s + 1]]; i++) {
          const px = shared ? x[i] >> 2 : x[i], py = shared ? y[i] >> 2 : y[i];
          again = px === lastX && py === lastY ? again + 1 : 0;
          if (again < OVERLAID) ctx.drawImage(image, px + dx, py + dy);
          lastX = px; lastY = py;
        }
      });
    },
    words(ctx, { data: { of, values }, color, angle, clip }, s, data) {
      within(ctx, clip, () => {
        ctx.fillStyle = color;
        for (let i = of[s]; i < of[s + 1]; i += 3) {
          ctx.setTransform(1, 0, 0, 1, values[i + 1] / 4, values[i + 2] / 4);
          if (angle) ctx.rotate((-angle * Math.PI) / 180);
          ctx.fill((data.written[values[i]] ??= written(data, values[i])));
        }
      });
    },
    picture(ctx, { data: { of, values } }, s, data) {
      for (let i = of[s]; i < of[s + 1]; i++) { const { image, x, y } = data.pictures[values[i]]; ctx.drawImage(image, x, y); }
    },
  };

  function written(data, run) { // a line of text as one outline
    const row = data.runs[run], scale = row[0] / 1e4, line = new Path2D();
    for (let i = 1, x = 0; i < row.length; i += 3) {
      x += row[i + 1];
      line.addPath(data.glyphs[row[i]], new DOMMatrix([scale, 0, 0, scale, (x * scale) / 10, (-row[i + 2] * scale) / 10]));
    }
    return line;
  }

  function paint(ctx, data, at) {
    ctx.drawImage(data.back, 0, 0);
    for (const track of data.tracks) {
      painters[track.kind](ctx, track, track.follows.reduce((s, c) => s * data.controls[c] + at[c], 0), data);
    }
  }

  const twice = (className, text, ...before) => { // what is seen follows at once; what is said follows when the controls rest
    const seen = make("span", { textContent: text }), said = make("span", { className: "lessonlib-said", textContent: text });
    seen.setAttribute("aria-hidden", "true");
    said.setAttribute("role", "status");
    said.setAttribute("aria-live", "polite");
    return { line: make("p", { className }, ...before, seen, said), seen, said };
  };

  let count = 0; // an experiment may stand twice on a page

  function start(box) {
    const about = JSON.parse(box.querySelector("script").textContent), { controls } = about, id = `lessonlib-${count++}`;
    const at = controls.map((control) => control.start);
    const goal = about.goal && twice("lessonlib-goal", "Not reached yet.", "\u2691 ", make("b", { textContent: "Goal:" }), ` ${about.goal} `);
    const readout = twice("lessonlib-readout", about.readout);
    const panel = make("div", { className: "lessonlib-controls" });
    const first = make("img", { className: "dark-light", src: about.first, alt: about.alt, width: about.shown, height: about.tall });
    const stage = make("div", { className: "lessonlib-stage" }, first);
    const canvas = make("canvas", { width: about.width, height: about.height });
    canvas.style.width = `${about.shown}px`;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", about.alt);
    let data = null, ctx = null, asked = 0, reached = "", held = false, timer = 0;

    const say = () => {
      clearTimeout(timer);
      if (held) return;
      timer = setTimeout(() => {
        for (const { seen, said } of [readout, ...(goal ? [goal] : [])]) if (said.textContent !== seen.textContent) said.textContent = seen.textContent;
      }, REST_MS);
    };
    const show = () => {
      asked = 0;
      paint(ctx, data, at);
      const state = controls.reduce((s, control, k) => s * control.stops.length + at[k], 0);
      readout.seen.textContent = data.readout[state];
      if (goal && !reached && data.met[state]) {
        reached = controls.map((control, k) => `${control.name} = ${control.stops[at[k]]}`).join(", ");
        goal.seen.textContent = `Goal reached with ${reached}.`;
        goal.line.classList.add("lessonlib-reached");
      }
      say();
    };
    const wake = async () => {
      if (!waiting.has(about.name)) waiting.set(about.name, load(about));
      data = await waiting.get(about.name);
      ctx = canvas.getContext("2d", { alpha: false });
      show();
      first.replaceWith(canvas);
    };
    let coming = null;
    const ready = () => (coming ??= wake().catch((error) => {
      readout.seen.textContent = readout.said.textContent = `This picture stands still: ${error.message ?? error}.`;
    }));
    const ask = () => { if (ctx) asked ||= requestAnimationFrame(show); else ready(); };

    const moves = controls.map((control, k) => (control.choice ? choice : slider)(panel, control, `${id}-${k}`, at[k], (stop) => { at[k] = stop; ask(); }));
    panel.addEventListener("pointerdown", () => { held = true; });
    for (const over of ["pointerup", "pointercancel"]) window.addEventListener(over, () => { if (held) { held = false; say(); } });
    for (const near of ["pointerover", "focusin", "pointerdown"]) panel.addEventListener(near, ready, { once: true });
    box.prepend(...(goal ? [goal.line] : []), panel, stage, readout.line);
    box.classList.add("lessonlib-on");
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", "Experiment");
    box.play = { ready, canvas, at, controls, get data() { return data; },
      set(stops) { stops.forEach((stop, k) => { at[k] = stop; moves[k](stop); }); show(); } };
  }

  function slider(panel, control, id, stop, moved) {
    const last = control.stops.length - 1;
    const range = make("input", { type: "range", id, min: 0, max: last, step: 1, value: stop }), value = make("output", {});
    value.htmlFor = id;
    const tell = () => { value.textContent = control.stops[range.valueAsNumber]; range.setAttribute("aria-valuetext", value.textContent); };
    range.addEventListener("input", () => { tell(); moved(range.valueAsNumber); });
    tell();
    panel.append(make("div", { className: "lessonlib-slider" }, make("label", { htmlFor: id, textContent: control.label }), range, value));
    return (to) => { range.value = to; tell(); };
  }

  function choice(panel, control, id, stop, moved) {
    const radios = control.stops.map((_, k) => make("input", { type: "radio", name: id, value: k, checked: k === stop }));
    const labels = radios.map((radio, k) => make("label", {}, radio, ` ${control.stops[k]}`));
    radios.forEach((radio, k) => radio.addEventListener("input", () => moved(k)));
    panel.append(make("fieldset", { className: "lessonlib-choice" }, make("legend", { textContent: control.label }), make("div", {}, ...labels)));
    return (to) => { radios[to].checked = true; };
  }

  window.lessonlibPlay = (root = document) => {
    for (const box of root.querySelectorAll(".lessonlib-play:not(.lessonlib-on)")) start(box);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => window.lessonlibPlay());
  else window.lessonlibPlay();
})();
