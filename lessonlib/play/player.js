// Plays recorded experiments in a page.
"use strict";
