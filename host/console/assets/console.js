// What htmx does not do. Everything here also works without it, by plain forms.
"use strict";

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
