// What htmx does not do. Everything here also works without it, by plain forms.
"use strict";

// A file may be dropped anywhere on a page that takes one.

function dropForm() {
  return document.querySelector("form[data-drop]");
}

function hasFiles(event) {
  return event.dataTransfer && Array.from(event.dataTransfer.types).includes("Files");
}

document.addEventListener("dragover", (event) => {
  const form = dropForm();
  if (!form || !hasFiles(event)) return;
  event.preventDefault();
  form.classList.add("over");
});

document.addEventListener("dragleave", (event) => {
  // Out of the window, not from one element into another.
  if (!event.relatedTarget) dropForm()?.classList.remove("over");
});

document.addEventListener("drop", (event) => {
  const form = dropForm();
  if (!form || !hasFiles(event)) return;
  event.preventDefault();
  form.classList.remove("over");
  // While another is on its way, one that is dropped would be sent beside it.
  if (form.querySelector("button").disabled) return;
  form.querySelector("input[type=file]").files = event.dataTransfer.files;
  form.requestSubmit();
});

// An upload says how far it is.

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-upload]")) return;
  event.preventDefault();
  upload(event.target);
});

function upload(form) {
  const progress = form.querySelector("progress");
  const said = form.querySelector("[data-said]");
  const button = form.querySelector("button");
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  // Asks for the path of the next page, or for a notice.
  request.setRequestHeader("HX-Request", "true");
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    progress.value = Math.floor((100 * event.loaded) / event.total);
    said.textContent = event.loaded < event.total ? "Uploading…" : "The host compiles and checks it…";
  });
  request.addEventListener("loadend", () => {
    const next = request.getResponseHeader("HX-Redirect");
    if (next) {
      location.assign(next);
      return;
    }
    progress.hidden = true;
    button.disabled = false;
    said.textContent = "";
    sayProblem(request.responseText);
  });
  progress.value = 0;
  progress.hidden = false;
  button.disabled = true;
  request.send(new FormData(form));
}

// What came may be a proxy's page: only its text is taken.
function sayProblem(html) {
  const text = new DOMParser().parseFromString(html, "text/html").body.textContent.trim();
  const problem = document.createElement("pre");
  problem.className = "notice problem";
  problem.setAttribute("role", "alert");
  problem.textContent = text || "The host did not answer: nothing was done.";
  document.getElementById("notice").replaceChildren(problem);
  problem.scrollIntoView({ block: "nearest" });
}

// A page that was opened to do what its form does. Back, or loading it again, does not do it once more.
const opening = document.querySelector("[data-opens] form");
if (opening) {
  history.replaceState(history.state, "", location.pathname);
  opening.requestSubmit();
}

// What comes by server-sent events comes once, also after a connection that was lost, and a list
// grows no further than it says.
document.addEventListener("htmx:sseBeforeMessage", (event) => {
  const id = /^<\w+ id="([^"]+)"/.exec(event.detail.data);
  if (id && document.getElementById(id[1])) event.preventDefault();
});
document.addEventListener("htmx:sseMessage", (event) => {
  const list = event.target;
  const most = Number(list.dataset.most) || Infinity;
  while (list.children.length > most) list.lastElementChild.remove();
});
// Says so while nothing comes: the connection was lost, or the host has as many watchers as it takes.
const tellWatcher = (text) => {
  const place = document.getElementById("skipped");
  if (place) place.textContent = text;
};
document.addEventListener("htmx:sseError", () => {
  tellWatcher("What happens does not come now. The page tries again by itself; load it again to see what is new.");
});
document.addEventListener("htmx:sseOpen", () => tellWatcher(""));
