// Writes the line to run in a notebook. Nothing is sent from this page.
const field = id => document.getElementById(id);
const quoted = text => `"${text.replace(/["\\]/g, "")}"`;

function write() {
  const address = location.href.split("#")[0].replace(/\/$/, "");
  const code = field("code").value.trim() || "the four words", name = field("name").value.trim() || "your nickname";
  field("line").textContent = `import lessonlib\nlessonlib.join(${quoted(address)}, ${quoted(code)}, ${quoted(name)})`;
  field("copied").textContent = "";
}

field("code").value = decodeURIComponent(location.hash.slice(1));
for (const id of ["code", "name"]) field(id).addEventListener("input", write);
field("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(field("line").textContent);
    field("copied").textContent = "copied";
  } catch {  // not allowed on a page without encryption: mark it, so that the keyboard copies it
    getSelection().selectAllChildren(field("line"));
    field("copied").textContent = "marked: press Ctrl-C";
  }
});
write();
