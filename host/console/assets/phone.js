// What a phone on a page does beyond htmx. It also works without.
"use strict";
