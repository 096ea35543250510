// Starts the page. Each module listens on the document, so that content that arrives later needs no listeners.
import { enhance } from "./enhance.js";
import "./stream.js";
import "./panes.js";
import "./live.js";
import "./composer.js";
import "./floating.js";
import "./picker.js";
import "./table.js";
import "./actions.js";
import "./modal.js";
import "./copy.js";
import "./switcher.js";
import "./tour.js";

htmx.onLoad(enhance);
enhance(document.body);
document.documentElement.dataset.ready = "";
