/** Runs before the first paint, as a classic script, so that a chosen theme or language doesn't flash into place. */
try {
  const theme = localStorage.getItem("bilheteria:theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset["theme"] = theme;
  const language = localStorage.getItem("bilheteria:language");
  if (language === "pt-BR" || language === "en") document.documentElement.lang = language;
} catch {
  // Nothing can be remembered in this browser.
}
