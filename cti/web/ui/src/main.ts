// The page's start: styles, colours, then the whole of it.
import "./styles/tokens.css";
import "./styles/base.css";
import "./theme.svelte";

import { mount } from "svelte";

import App from "./App.svelte";
import { desk } from "./live/desk.svelte";

const place = document.getElementById("app");
if (place === null) throw new Error("index.html has no #app");
mount(App, { target: place });
void desk.begin();
