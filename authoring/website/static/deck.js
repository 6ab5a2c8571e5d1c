// What the slides do beside reveal.js: a clock for the silent minute, contents that fit, notes under the slide, keys that a slider does not take.
"use strict";
(() => {
  const WIDE = 1160;
  let ticking = 0;

  function toggle(clock) {
    if (!clock) return;
    if (ticking) { stop(); return; }
    const button = clock.querySelector("[role=timer]"), whole = Number(clock.dataset.seconds);
    let left = clock.dataset.left ? Number(clock.dataset.left) : whole;
    if (left <= 0) left = whole;
    const end = Date.now() + 1000 * left;
    const tick = () => {
      left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      clock.dataset.left = left;
      button.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      if (left === 0) { stop(); clock.classList.add("over"); }
    };
    clock.classList.remove("over");
    clock.classList.add("runs");
    ticking = setInterval(tick, 200);
    tick();
  }

  function stop() {
    clearInterval(ticking);
    ticking = 0;
    document.querySelectorAll(".clock.runs").forEach(clock => clock.classList.remove("runs"));
  }

  function fit(slide) { // what is too tall or too wide for its slide is made smaller, as a whole
    slide.querySelectorAll(".fit").forEach(box => {
      box.style.zoom = 1;
      const clock = slide.querySelector(".clock"), floor = clock ? 720 - 92 : 690;
      const top = box.getBoundingClientRect().top - slide.getBoundingClientRect().top;
      const scale = slide.getBoundingClientRect().height / 720 || 1;
      const room = floor - top / scale;
      box.style.zoom = Math.min(1.35, room / box.offsetHeight, WIDE / box.offsetWidth);
    });
  }

  const present = () => document.querySelector(".reveal .slides section.present");
  const bind = { 84: () => toggle(present().querySelector(".clock")), 78: () => document.body.classList.toggle("show-notes") };

  document.addEventListener("keydown", event => { // a presenter's remote sends Page Down, which a slider would take for itself
    if (!/^(PageDown|PageUp|Escape)$/.test(event.key) || !event.target.matches("input, select")) return;
    event.preventDefault();
    event.stopPropagation();
    event.target.blur();
    if (event.key !== "Escape") event.key === "PageDown" ? Reveal.next() : Reveal.prev();
  }, true);
  document.addEventListener("pointerup", event => { if (event.target.matches("input[type=range]")) event.target.blur(); });
  document.addEventListener("click", event => {
    const button = event.target.closest(".clock button");
    if (button) { toggle(button.closest(".clock")); button.blur(); }
  });

  Reveal.initialize({ width: 1280, height: 720, margin: 0, minScale: 0.2, center: false, hash: true, transition: "none", backgroundTransition: "none",
    slideNumber: "c/t", keyboard: bind, plugins: [RevealNotes] });
  Reveal.on("ready", () => fit(present()));
  Reveal.on("slidechanged", () => { stop(); fit(present()); });
  window.addEventListener("load", () => { const ready = window.MathJax?.startup?.promise; (ready ?? Promise.resolve()).then(() => fit(present())); });
  new MutationObserver(() => fit(present())).observe(document.querySelector(".slides"), { subtree: true, childList: true });
})();
