import { mount } from "svelte";
import App from "./App.svelte";
import { preferences } from "./lib/preferences.svelte";
// The order counts: later files override earlier ones.
import "./style/theme.css";
import "./style/shell.css";
import "./style/fleet.css";
import "./style/device.css";
import "./style/registers.css";
import "./style/diagram.css";
import "./style/tables.css";
import "./style/forms.css";
import "./style/narrow.css";

const target = document.getElementById("app");
void preferences.load_language().then(() => {
  if (target) mount(App, { target });
});
