/**
 * Runs before the first paint, as a classic script, so that a chosen theme or language doesn't flash into place.
 * Wrapped, because a classic script's names are everybody's.
 */
{
  const remembered = (name: string): string | null => {
    try {
      return localStorage.getItem(`bilheteria:${name}`);
    } catch {
      return null;
    }
  };
  const theme = remembered("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset["theme"] = theme;
  const language = remembered("language");
  if (language === "pt-BR" || language === "en") document.documentElement.lang = language;
}
