/* Shows the OpenAPI document with Swagger UI. A plain script: the bundle that it needs is no module. */
const place = document.getElementById("api");
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");
const follow = () => root.classList.toggle("dark-mode", root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
follow();
system.addEventListener("change", follow);

const csrf = document.querySelector('meta[name="csrf-token"]').content;

window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.schema,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  // Its validator badge would ask a server elsewhere.
  validatorUrl: null,
  requestInterceptor: (/** @type {any} */ request) => {
    request.headers["X-CSRFToken"] = csrf;
    return request;
  },
});
