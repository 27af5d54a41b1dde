import { mount } from "svelte";
import App from "./App.svelte";
import { app } from "./lib/app.svelte";
import "./style.css";

const target = document.getElementById("app");
void app.load_language().then(() => {
  if (target) mount(App, { target });
});
