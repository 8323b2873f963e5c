// What htmx does not do. Everything here also works without it, by plain forms.
"use strict";
