import { render } from "preact";
import { App } from "./app";
import { resumeSession } from "./auth/session";
import "./ui/styles/tokens.css";
import "./ui/styles/base.css";
import "./ui/styles/shell.css";
import "./ui/styles/sidebar.css";
import "./ui/styles/chat.css";
import "./ui/styles/panel.css";
import "./ui/styles/phone.css";
import "./ui/styles/touch.css";
import "./ui/styles/print.css";

const root = document.getElementById("app");
if (root !== null) render(<App />, root);
void resumeSession();
