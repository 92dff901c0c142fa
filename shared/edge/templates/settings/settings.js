// What the pages can do more where scripts run. Without this file everything works as well: values are selected by
// hand, the page is loaded again by hand, a link's code is pasted.
"use strict";

// Copy buttons.
for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const before = button.innerHTML;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select it by hand";
    }
    button.setAttribute("aria-live", "polite");
    setTimeout(() => { button.innerHTML = before; }, 1600);
  });
}

// On a narrow screen the navigation scrolls: the part that is open stands in sight.
document.querySelector("nav a[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// The live state: the part of the page that names its address is asked for again while somebody looks.
for (const live of document.querySelectorAll("[data-live]")) {
  const seconds = Number(live.dataset.seconds) || 10;
  const again = async () => {
    if (!document.hidden && !live.contains(document.activeElement)) {
      try {
        const answer = await fetch(live.dataset.live, { credentials: "same-origin" });
        if (answer.ok && !answer.redirected) {
          const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
          live.replaceChildren(...parsed.body.childNodes);
        }
      } catch { /* The next time, perhaps. */ }
    }
    setTimeout(again, seconds * 1000);
  };
  setTimeout(again, seconds * 1000);
}

// A link's secret stands behind "#", which no browser sends: it is put into the form, and out of the address.
const enter = document.querySelector("form[data-enter]");
if (enter && location.hash.length > 1) {
  enter.elements.link.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  enter.submit();
}
