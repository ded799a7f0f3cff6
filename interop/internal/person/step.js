(given) => {
  const at = { url: location.href };
  if (document.readyState !== "complete" || location.href === "about:blank" || window.acted) return { state: "wait" };
  if (location.protocol === "chrome-error:") return { ...at, state: "stopped", page: "unreachable", text: document.body.innerText };
  if (location.origin !== given.base) return { ...at, state: location.href.startsWith(given.until) ? "away" : "wait" };
  const page = document.body.dataset.page ?? "";
  if (page === "formpost") return { state: "wait" };
  const asked = [...document.querySelectorAll(".permissions code")].map((c) => c.textContent);
  const fill = (name, value) => {
    const field = document.querySelector(`[name=${name}]`);
    if (field.getAttribute("aria-invalid")) return false; // what was typed before was refused
    field.value = value;
    return true;
  };
  const press = (button) => {
    window.acted = true;
    button.click();
    return { ...at, state: "done", page, asked };
  };
  const next = document.getElementById("idSIButton9");
  const back = document.getElementById("idBtn_Back");
  switch (page) {
    case "username":
      if (fill("loginfmt", given.address)) return press(next);
      break;
    case "password":
      if (fill("passwd", given.password)) return press(next);
      break;
    case "consent":
      return press(given.decline ? back : next);
    case "stay":
      return press(given.stay ? next : back);
    case "signedout":
      // The page goes on by itself where the application said where to.
      if (!document.querySelector("meta[http-equiv=refresh]")) break;
      window.acted = true;
      return { ...at, state: "done", page, asked };
    case "signout":
      if (next) return press(next);
    // falls through: which of several accounts
    case "pick": {
      const tile = [...document.querySelectorAll("[data-test-id]")].find((t) => t.dataset.testId === given.address);
      return press(tile ?? document.getElementById("otherTile"));
    }
  }
  return { ...at, state: "stopped", page, text: document.body.innerText };
}
