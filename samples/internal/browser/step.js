(given) => {
  if (document.readyState !== "complete" || location.href === "about:blank" || window.acted) return { state: "wait" };
  if (location.protocol === "chrome-error:" && given.nobody) return { state: "away" };
  if (location.protocol === "chrome-error:") return { state: "stopped", page: "unreachable", text: document.body.innerText };
  if (location.origin !== given.platform) return { state: "away" };
  const page = document.body.dataset.page ?? "";
  if (page === "formpost") return { state: "wait" };
  const press = (button) => {
    window.acted = true;
    button.click();
    return { state: "done", page };
  };
  const type = (name, value) => {
    const field = document.querySelector(`[name=${name}]`);
    if (field.getAttribute("aria-invalid")) return stopped(); // what was typed before was refused
    field.value = value;
    return press(document.getElementById("idSIButton9"));
  };
  const stopped = () => ({ state: "stopped", page, text: document.body.innerText });
  const next = document.getElementById("idSIButton9");
  const back = document.getElementById("idBtn_Back");
  switch (page) {
    case "username": return type("loginfmt", given.username);
    case "password": return type("passwd", given.password);
    case "consent": return press(given.decline ? back : next);
    case "refused": return back ? press(back) : stopped();
    case "stay": return press(back);
    case "pick": {
      const tile = [...document.querySelectorAll("[data-test-id]")].find((t) => t.dataset.testId === given.username);
      return press(tile ?? document.getElementById("otherTile"));
    }
  }
  return stopped();
}
