// The copy button on preformatted text.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const text = button.parentElement.querySelector("pre").innerText; // innerText keeps <br> as a line break, which textContent drops
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    select(button.parentElement.querySelector("pre")); // without permission, select the text for Ctrl+C
    return;
  }
  button.textContent = "Copied";
  button.classList.add("done");
  setTimeout(() => { button.textContent = "Copy"; button.classList.remove("done"); }, 1600);
});

function select(node) {
  const range = document.createRange();
  range.selectNodeContents(node);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}
