/** Says that nothing but the text of the page counts. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Content-Type': 'text/html; charset=utf-8',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/** The page for a person whose browser came with a request that cannot be answered to its client. */
export function errorPage(error: string, description: string | undefined): string {
  return `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>This request cannot be answered</title></head>
<body>
<h1>This request cannot be answered</h1>
<p>${escaped(description ?? 'something went wrong')}</p>
<p>Error: <code>${escaped(error)}</code></p>
<p>Go back to the application and try again. If it fails again, tell its maker what this page says.</p>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
