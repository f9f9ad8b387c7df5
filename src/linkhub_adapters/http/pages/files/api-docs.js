// Draws the API's description with Swagger UI, in the browser's colour scheme, then shows the problem of the address.

const DARK = matchMedia("(prefers-color-scheme: dark)");
const problem = document.getElementById(location.hash.slice(1));

function followScheme() {
  document.documentElement.classList.toggle("dark-mode", DARK.matches);
}

DARK.addEventListener("change", followScheme);
followScheme();
window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#operations",
  deepLinking: problem === null, // else it would take the anchor for that of an operation
  validatorUrl: null,
  onComplete: () => problem?.scrollIntoView(),
});
