(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("furu-theme");
  } catch (_) {
    // storage is forbidden: the system's choice counts
  }
  var dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.classList.toggle("dark", dark);
})();
