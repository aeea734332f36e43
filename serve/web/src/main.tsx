import { createRoot } from "react-dom/client";
import { App } from "./app";
import { LanguageProvider } from "./text/language";
import "./styles.css";

const root = document.getElementById("root");
if (root !== null) {
  // No StrictMode: it runs effects twice while developing, and here an effect may be a recorded read.
  createRoot(root).render(
    <LanguageProvider>
      <App />
    </LanguageProvider>,
  );
}
