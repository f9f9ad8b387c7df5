// The dialog before every change: what will happen, in words, and yes or no. Escape is no.

const part = (id) => document.getElementById(`confirm-${id}`);

/** Asks; resolves to null for no, to `{force}` for yes. Of a change that is final, Enter alone is no.
 *
 * `force` is the text of a box that also does what is left out otherwise; without it there is no box.
 */
export function confirmed({ question, effect, yes = "Yes", force = "", isYesPossible = true, isFinal = false }) {
  const dialog = document.getElementById("confirm");
  part("question").textContent = question;
  part("effect").textContent = effect;
  part("yes").textContent = yes;
  part("force").checked = false;
  part("force-text").textContent = force;
  part("force-label").hidden = force === "";
  const allow = () => (part("yes").disabled = !isYesPossible && !part("force").checked);
  part("force").onchange = allow;
  allow();
  dialog.returnValue = "";
  dialog.showModal();
  if (isFinal) part("no").focus();
  return new Promise((resolve) => {
    const decide = () => resolve(dialog.returnValue === "yes" ? { force: part("force").checked } : null);
    dialog.addEventListener("close", decide, { once: true });
  });
}
