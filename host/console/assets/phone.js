// What a phone on a page does beyond htmx: it keeps what is typed while an answer is on its way, and
// counts characters. It works without, too.
"use strict";
(() => {
  const controls = () => document.querySelectorAll("#phone [id][name^='field.']");
  const state = (control) => (control.matches("[type=checkbox], [type=radio]") ? control.checked : control.value);
  const screen = () => document.querySelector("#phone-form [name=screen]")?.value;
  let sent = new Map();
  let typed = [];
  let from;

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.id !== "phone-form") return;
    sent = new Map([...controls()].map((control) => [control.id, state(control)]));
    from = screen();
  });

  // What is typed and not sent yet is not lost to a new version: the page offers it, and waits.
  const isTyped = (control) =>
    control.matches("[type=checkbox], [type=radio]") ? control.checked !== control.defaultChecked
    : control.matches("select") ? control.selectedIndex !== Math.max(0, [...control.options].findIndex((option) => option.defaultSelected))
    : control.value !== control.defaultValue;
  document.addEventListener("htmx:beforeRequest", (event) => {
    const pressed = event.detail.requestConfig.triggeringEvent?.type === "submit";
    if (event.detail.elt.matches("form.news") && !pressed && [...controls()].some(isTyped)) event.preventDefault();
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "phone") return;
    const changed = [...controls()].filter((control) => sent.has(control.id) && sent.get(control.id) !== state(control));
    typed = changed.map((control) => [control.id, state(control)]);
  });

  document.addEventListener("htmx:afterSwap", () => {
    if (typed.length === 0 || screen() !== from) return;
    let last;
    for (const [id, value] of typed) {
      const control = document.getElementById(id);
      if (!control || control.disabled) continue;
      if (typeof value === "boolean") control.checked = value;
      else control.value = value;
      if (control !== document.activeElement) last = control;
    }
    typed = [];
    // What was left meanwhile was not sent yet.
    last?.dispatchEvent(new Event("change", { bubbles: true }));
  });

  document.addEventListener("input", (event) => {
    const number = document.getElementById(`${event.target.id}-count`)?.querySelector(".phone-number");
    if (number) number.textContent = [...event.target.value].length;
  });
})();
