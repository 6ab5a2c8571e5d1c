// What the course's pages do by themselves: words that explain themselves, and predictions that are set beside their answers.
"use strict";
(() => {
  const LATER = 180; // ms that an explanation stays when the pointer leaves, so that it can be reached and read
  let open = null, leaving = 0, byTouch = false;

  function hide() {
    clearTimeout(leaving);
    if (open) open.hidden = true;
    open = null;
  }

  function show(word) {
    const told = document.getElementById(word.getAttribute("aria-describedby"));
    clearTimeout(leaving);
    if (!told || told === open) return;
    hide();
    document.body.append(told);
    told.hidden = false;
    const at = word.getClientRects()[0], wide = document.documentElement.clientWidth;
    const left = Math.max(8, Math.min(at.left, wide - told.offsetWidth - 8));
    const below = at.bottom + told.offsetHeight + 10 < window.innerHeight || at.top < told.offsetHeight + 10;
    told.style.left = `${left + window.scrollX}px`;
    told.style.top = `${(below ? at.bottom + 6 : at.top - told.offsetHeight - 6) + window.scrollY}px`;
    open = told;
  }

  function words() {
    const word = event => event.target.closest?.("a.word");
    document.addEventListener("pointerdown", event => { byTouch = event.pointerType === "touch"; if (!event.target.closest(".told, a.word")) hide(); });
    document.addEventListener("mouseover", event => {
      if (word(event)) show(word(event));
      else if (open && event.target.closest?.(".told")) clearTimeout(leaving);
    });
    document.addEventListener("mouseout", event => { if (word(event) || event.target.closest?.(".told")) { clearTimeout(leaving); leaving = setTimeout(hide, LATER); } });
    document.addEventListener("focusin", event => { if (word(event)) show(word(event)); else hide(); });
    document.addEventListener("keydown", event => { if (event.key === "Escape") hide(); });
    document.addEventListener("click", event => { // a finger cannot hover: its first touch explains, the second one follows the link
      const touched = byTouch && word(event), told = touched && document.getElementById(touched.getAttribute("aria-describedby"));
      if (told && touched !== touched.ownerDocument.lessonTouched) { event.preventDefault(); show(touched); document.lessonTouched = touched; }
    });
  }

  function said(name) {
    const asked = document.querySelector(`[data-asks="${name}"]`);
    const chosen = asked?.querySelector("input:checked"), typed = asked?.querySelector("input[type=text]");
    if (chosen) return { text: `“${chosen.value}”`, is: right => right === `“${chosen.value}”` };
    const number = typed?.value.trim() ? Number(typed.value.trim().replace(",", ".")) : NaN;
    if (!Number.isFinite(number)) return null;
    return { text: String(Number(number.toPrecision(4))), is: (right, within) => Math.abs(number - right) <= within * (Math.abs(right) || 1) };
  }

  function replies() {
    document.querySelectorAll("[data-answers]").forEach(answer => {
      const plain = answer.innerHTML;
      const tell = () => {
        const reply = said(answer.dataset.answers), right = answer.dataset.right;
        if (!reply) { answer.innerHTML = plain; return; }
        const hit = reply.is(right, Number(answer.dataset.within));
        const bare = text => text.replace(/^-/, ""), other = bare(reply.text) === bare(right) ? " The size is right, and the sign is not." : "";
        answer.textContent = hit ? `You said ${reply.text}, and that is right.` : `You said ${reply.text}. ${answer.dataset.text}${other}`;
        answer.style.fontWeight = "bold";
      };
      answer.dataset.text = answer.textContent;
      answer.closest("details")?.addEventListener("toggle", tell);
      document.querySelector(`[data-asks="${answer.dataset.answers}"]`)?.addEventListener("change", tell);
    });
  }

  // The search reads the pages that it found to show a piece of each, which a browser does not allow to pages on a disk
  if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => { words(); replies(); });
  else { words(); replies(); }
})();
